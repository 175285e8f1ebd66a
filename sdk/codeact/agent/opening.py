"""How an agent's conversations begin: what the model reads first, in which format it acts, and where it rehearses."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from codeact.agent.conversation import Conversation
from codeact.agent.formats import find_format
from codeact.agent.gate import Gate
from codeact.agent.protocol import Brief
from codeact.agent.rehearsing import Rehearses
from codeact.agent.settings import AgentSettings
from codeact.agent.skills import WithSkills, skill_stubs
from codeact.agent.templates import say, system_prompt
from codeact.errors import CodeActError
from codeact.models.protocol import Model
from codeact.tools import Toolbox


class Opening:
    """Begins conversations of one model with the same settings.

    Attributes:
        stubs: how the prompt shows the tools, `full` or `short`: as the settings say, else as the model prefers.

    Raises:
        CodeActError: the model prefers neither.
    """

    def __init__(self, model: Model, settings: AgentSettings) -> None:
        self._model = model
        self._settings = settings
        self.stubs: str = settings.stubs or str(getattr(model, "stubs", "full"))
        if self.stubs not in ("full", "short"):
            raise CodeActError(f"stubs is 'full' or 'short', not {self.stubs!r}")

    def episode(self, brief: Brief, gate: Gate) -> Conversation:
        """A conversation about the task of an episode."""
        stage = self.stage(brief.environment)
        conversation = self.conversation(brief.stubs, brief.tools, gate, stage=stage)
        message = "task" if self.stubs == "full" else "task_short"
        if not brief.observation.strip():
            message += "_alone"
        how = find_format(self._settings.action_format).how
        conversation.ask(say(message, instruction=brief.instruction, observation=brief.observation, how=how))
        return conversation

    def stage(self, environment: Any) -> Rehearses | None:
        """Where programs are rehearsed, if they are.

        Raises:
            CodeActError: they are to be, and cannot there.
        """
        if isinstance(environment, Rehearses):
            return environment if self._settings.rehearse or self._settings.best_of > 1 else None
        if self._settings.best_of > 1:
            what = "no environment" if environment is None else f"{type(environment).__name__}"
            raise CodeActError(f"best_of needs an environment that can try programs and undo them; here is {what}")
        return None

    def conversation(
        self,
        stubs: str,
        tools: Toolbox | None,
        gate: Gate,
        *,
        chat: bool = False,
        libraries: Collection[str] = (),
        stage: Rehearses | None = None,
    ) -> Conversation:
        """A conversation in which nothing was said yet.

        Args:
            stubs: the tools, as Python stubs.
            tools: the tools themselves, where there are any.
            gate: that it passes.
            chat: whether plain words are an answer.
            libraries: what programs may import in a workspace.
            stage: where programs are rehearsed.

        Raises:
            CodeActError: a skill has the name of a tool, or the template of a prompt is wrong.
        """
        settings, skills = self._settings, self._settings.known_skills
        if self.stubs == "short" and tools is not None:
            stubs = tools.short_stubs()
        system = system_prompt(
            settings.action_format,
            "\n\n".join(filter(None, (stubs.strip(), skill_stubs(skills)))),
            chat=chat,
            short=self.stubs == "short",
            own=settings.template,
            libraries=libraries,
            examples=settings.shown_examples(self.stubs),
        )
        names = [skill.name for skill in skills]
        if tools is not None and (taken := [name for name in names if name in tools]):
            raise CodeActError(f"{taken[0]!r} is the name of a skill and of a tool")
        action_format = find_format(settings.action_format, tools, names)
        if skills:
            action_format = WithSkills(action_format, skills)
        return Conversation(self._model, action_format, settings, system, chat=chat, stage=stage, gate=gate)
