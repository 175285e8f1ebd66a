"""`--check-skills`: the tests of skills, before a model may call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codeact.agent.rehearsing import Rehearses
from codeact.agent.skills import check_skill
from codeact.tools import refuse_effects

if TYPE_CHECKING:
    from codeact.agent import AgentSettings
    from codeact.tools import Toolbox


def check_skills(settings: AgentSettings, *, env: Any = None, seed: int = 0, tools: Toolbox | None = None) -> None:
    """Run the tests of each skill: rehearsed in an environment that can, else in a sandbox whose tools only read.

    Args:
        settings: that name the skills.
        env: where they will be called; None: in a sandbox.
        seed: of its reset.
        tools: of the sandbox.

    Raises:
        SkillError: a skill has no tests, or one fails.
    """
    stage = None
    if env is not None and isinstance(env.unwrapped, Rehearses):
        env.reset(seed=seed)
        stage = env.unwrapped
    for skill in settings.known_skills:
        check_skill(skill, tools, approve=refuse_effects("write", "physical"), stage=stage)
