"""The options of `codeact chat`, and what they ask for."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.cli.approving import policy_of
from codeact.cli.asking import Asking
from codeact.cli.failures import UsageError
from codeact.cli.sandbox_options import SandboxOptions, changed_limits

if TYPE_CHECKING:
    import gymnasium

    from codeact.agent import AgentSettings, CodeActAgent
    from codeact.agent.chat import ChatSession
    from codeact.tools import Toolbox

UNDO = 20
"""How many messages can be undone."""


@dataclass(frozen=True)
class ChatOptions:
    """What was asked for on the command line.

    Attributes:
        model: as `codeact.load_model` takes it.
        env: a Gymnasium id; None for a sandbox.
        seed: of the environment's reset.
        adapters: as `NAME KEY=VALUE ...`.
        settings: how the agent acts.
        check_skills: whether the tests of its skills are run first.
        journal: the file that keeps the conversation as it goes on.
        environment: further arguments of the environment.
        sandbox: the options of a session, and the tools and approvals of an environment, too.
        out: the folder for pictures and what is saved.
    """

    model: str
    env: str | None
    seed: int
    adapters: tuple[str, ...]
    settings: AgentSettings
    check_skills: bool
    journal: Path | None
    environment: dict[str, Any]
    sandbox: SandboxOptions
    out: Path


class OpenChat:
    """A model, its tools or its environment, and the session. Close it at the end.

    Raises:
        CodeActError: an option is wrong, or something cannot be loaded, reached or opened.
    """

    def __init__(self, options: ChatOptions, asking: Asking) -> None:
        from codeact.agent import CodeActAgent
        from codeact.cli.skill_checks import check_skills
        from codeact.models import load_model

        self._opened = ExitStack()
        with ExitStack() as opened:
            box = self._toolbox(options, asking, opened)
            self.env: gymnasium.Env[Any, Any] | None = None
            if options.env is not None:
                self.env = _environment(options, box)
                opened.callback(self.env.close)
            if options.check_skills:
                check_skills(options.settings, env=self.env, seed=options.seed, tools=box)
            self.agent: CodeActAgent = CodeActAgent(
                load_model(options.model),
                options.settings,
                approve=asking.watching(policy_of(options.sandbox.approve, asking)),
                journal=options.journal,
                **_of_sandbox(options.sandbox),
            )
            opened.callback(self.agent.close)
            self.session: ChatSession = (
                self.agent.open_chat(box, undo=UNDO)
                if self.env is None
                else self.agent.open_chat(env=self.env, seed=options.seed, undo=UNDO)
            )
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close everything that was opened, the last first."""
        self._opened.close()

    @staticmethod
    def _toolbox(options: ChatOptions, asking: Asking, opened: ExitStack) -> Toolbox | None:
        from codeact.cli.toolboxes import load_adapter, load_toolbox
        from codeact.tools import Toolbox

        boxes = []
        if options.sandbox.tools is not None:
            boxes.append(load_toolbox(options.sandbox.tools, asking.of_tools))
            opened.callback(boxes[-1].close)
        for adapter in options.adapters:
            boxes.append(load_adapter(adapter, asking.of_tools))
            opened.callback(boxes[-1].close)
        return Toolbox(boxes) if len(boxes) > 1 else boxes[0] if boxes else None


def _environment(options: ChatOptions, box: Toolbox | None) -> gymnasium.Env[Any, Any]:
    from codeact.cli.running import make_environment
    from codeact.evaluation.selection import find_tasks

    given = options.sandbox
    for name, value in (
        ("--workspace", given.workspace),
        ("--imports", given.imports),
        ("--limit", given.limits),
        ("--without", given.without),
        ("--readable", given.readable),
    ):
        if value:
            raise UsageError(f"{name} is for a sandbox of its own, and --env brings one; leave one of them out")
    found = find_tasks([str(options.env)])
    if len(found) != 1:
        raise UsageError(f"--env {options.env} matches {len(found)} environments; name one")
    return make_environment(found[0], video=False, open_ended=True, extra_tools=box, **options.environment)


def _of_sandbox(options: SandboxOptions) -> dict[str, Any]:
    limits = None
    if options.limits:
        limits = changed_limits(options.default_limits(), options.limits)
    options.require_wall()
    return {
        "limits": limits,
        "without": options.without,
        "workspace": options.workspace,
        "readable": options.readable,
        "imports": options.imports,
    }
