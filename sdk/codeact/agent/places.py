"""Where the programs of a chat run: a sandbox with tools, or an environment whose action is a program."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from codeact.agent.pictures import pictures_in
from codeact.errors import CodeActError, TaskError
from codeact.events import EventSink, Executed, Stepped
from codeact.tools import Approve, Toolbox, finish_tool

if TYPE_CHECKING:
    from codeact.sandbox import Execution, Sandbox
    from codeact.values import Image


class Kept(Protocol):
    """How a place stood at one moment."""

    def close(self) -> None: ...


class Place(Protocol):
    """Runs programs one after the other; variables last.

    Attributes:
        approve: the policy that is asked about each call.
        stays: what stays as it is where `keep` gives None, in words.
        pictures: those that came with the latest observation, beside what its program gave.
    """

    approve: Approve | None
    stays: str
    pictures: tuple[Image, ...]

    @property
    def toolbox(self) -> Toolbox: ...

    @property
    def libraries(self) -> tuple[str, ...]:
        """What programs may import in a workspace."""
        ...

    @property
    def sandbox(self) -> Sandbox | None:
        """The session, to look at its variables; None where it cannot be looked at."""
        ...

    def undoes(self, tool: str) -> bool:
        """Whether `return_to` undoes what this tool has done."""
        ...

    def observe(self) -> str:
        """What there is to see before anything was done; empty for nothing."""
        ...

    def run(self, code: str, on_event: EventSink) -> tuple[Execution, str]:
        """Run a program. Returns what it gave, and what the model reads."""
        ...

    def interrupt(self) -> bool:
        """From another thread: stop what moves, end the program. Returns whether there was one."""
        ...

    def keep(self) -> Kept | None:
        """How it stands now, for `return_to`; None where nothing can be undone."""
        ...

    def return_to(self, kept: Kept) -> None:
        """Go back. What was kept is used up by that."""
        ...

    def fork(self) -> Place:
        """Another place that stands as this one does, and goes its own way.

        Raises:
            CodeActError: it cannot be had twice.
        """
        ...

    def reset(self) -> None:
        """Begin anew."""
        ...

    def close(self) -> None: ...


class SandboxPlace:
    """A sandbox of its own.

    Args:
        tools: what programs may call; `finish` is added.
        options: of the sandbox: `limits`, `without`, `imports`, `workspace`, `readable`.
    """

    stays = "the variables, and the files of the workspace"
    pictures: tuple[Image, ...] = ()

    def __init__(self, tools: Toolbox, **options: Any) -> None:
        from codeact.sandbox import Sandbox

        box = tools if "finish" in tools.tools else tools.with_tools(finish_tool())
        self._branches = options.get("workspace") is None
        self.sandbox: Sandbox = Sandbox(box, **options)

    @property
    def toolbox(self) -> Toolbox:
        return self.sandbox.toolbox

    @property
    def libraries(self) -> tuple[str, ...]:
        return self.sandbox.libraries

    @property
    def approve(self) -> Approve | None:
        return self.sandbox.approve

    @approve.setter
    def approve(self, approve: Approve | None) -> None:
        self.sandbox.approve = approve

    def undoes(self, tool: str) -> bool:
        return False

    def observe(self) -> str:
        return ""

    def run(self, code: str, on_event: EventSink) -> tuple[Execution, str]:
        execution = self.sandbox.run(code, on_event=on_event)
        on_event(Executed(execution))
        return execution, execution.observation()

    def interrupt(self) -> bool:
        return self.sandbox.interrupt()

    def keep(self) -> Sandbox | None:
        return self.sandbox.branch() if self._branches else None

    def return_to(self, kept: Kept) -> None:
        from codeact.sandbox import Sandbox

        assert isinstance(kept, Sandbox)
        kept.approve = self.sandbox.approve
        self.sandbox.close()
        self.sandbox = kept

    def fork(self) -> SandboxPlace:
        if not self._branches:
            raise CodeActError("a chat with a workspace cannot be forked: its files are there once")
        other = copy.copy(self)
        other.sandbox = self.sandbox.branch()
        other.sandbox.approve = self.sandbox.approve
        return other

    def reset(self) -> None:
        self.sandbox.reset()

    def close(self) -> None:
        self.sandbox.close()


@runtime_checkable
class GoesBack(Protocol):
    """An environment that can go back to where it stood, world and variables together."""

    def checkpoint(self) -> Kept: ...

    def return_to(self, checkpoint: Any) -> None: ...


class EnvironmentPlace:
    """An environment whose action is a program, such as a robot task. Its owner closes it.

    Make it open-ended (`gymnasium.make(id, open_ended=True)`) where it can be: else an episode that is over has to be
    begun anew.

    Args:
        env: made by `gymnasium.make`, and reset here.
        seed: of the resets.
    """

    libraries: tuple[str, ...] = ()
    stays = "the world and the variables, for this environment cannot go back"
    pictures: tuple[Image, ...] = ()

    def __init__(self, env: Any, seed: int = 0) -> None:
        world = getattr(env, "unwrapped", None)
        if world is None or not all(hasattr(type(world), face) for face in ("instruction", "tools")):
            raise TaskError(f"a chat takes an environment of programs, such as CodeAct/Stack2-v0, not {env!r:.60}")
        self._env, self._world, self._seed = env, world, seed
        self._before = getattr(world, "approve", None), getattr(world, "on_event", None)
        self._violations: list[str] = []
        self._turns, self._over, self._first = 0, False, ""
        self.reset()

    @property
    def toolbox(self) -> Toolbox:
        box: Toolbox = self._world.tools
        return box

    @property
    def sandbox(self) -> Sandbox | None:
        return getattr(self._world, "sandbox", None)

    @property
    def instruction(self) -> str:
        """What the environment's task asks for."""
        return str(self._world.instruction)

    @property
    def approve(self) -> Approve | None:
        policy: Approve | None = self._world.approve
        return policy

    @approve.setter
    def approve(self, approve: Approve | None) -> None:
        self._world.approve = approve

    def undoes(self, tool: str) -> bool:
        return tool not in getattr(self._world, "outside_tools", ())

    def observe(self) -> str:
        return self._first

    def run(self, code: str, on_event: EventSink) -> tuple[Execution, str]:
        if self._over:
            raise CodeActError("the episode is over, and nothing more can be done in it; begin anew")
        executed: list[Execution] = []

        def hear(event: Any) -> None:
            if isinstance(event, Executed):
                executed.append(event.execution)
            on_event(event)

        self._world.on_event = hear
        try:
            observation, reward, terminated, truncated, info = self._env.step(code)
        finally:
            self._world.on_event = None
        self._over = bool(terminated or truncated)
        self._turns += 1
        execution: Execution = info["execution"]
        if not executed:
            on_event(Executed(execution))
        self.pictures = pictures_in(list(info.get("images", ())))
        new = [text for text in info.get("violations", ()) if text not in self._violations]
        self._violations += new
        simulated = info.get("simulated_seconds")
        on_event(
            Stepped(
                turn=self._turns,
                observation=observation,
                reward=float(reward),
                terminated=bool(terminated),
                truncated=bool(truncated),
                score=float(info.get("score", 0.0)),
                success=bool(info.get("success", False)),
                violations=tuple(new),
                state_hash=info.get("state_hash"),
                simulated_seconds=None if simulated is None else float(simulated),
            )
        )
        return execution, str(observation)

    def interrupt(self) -> bool:
        stop: Callable[[], object] | None = getattr(self._world, "interrupt", None)
        if stop is None:
            return True
        stop()
        return True

    def keep(self) -> Kept | None:
        if not isinstance(self._world, GoesBack):
            return None
        return _KeptEpisode(self._world.checkpoint(), self._first, self._turns, list(self._violations), self._over)

    def return_to(self, kept: Kept) -> None:
        assert isinstance(kept, _KeptEpisode)
        self._world.return_to(kept.checkpoint)
        self._first, self._turns, self._violations, self._over = kept.first, kept.turns, kept.violations, kept.over

    def fork(self) -> EnvironmentPlace:
        raise CodeActError("a chat in an environment cannot be forked: the world is there once")

    def reset(self) -> None:
        observation, _ = self._env.reset(seed=self._seed)
        self._first = str(observation)
        self._turns, self._over, self._violations = 0, False, []

    def close(self) -> None:
        self._world.approve, self._world.on_event = self._before


class _KeptEpisode:
    def __init__(self, checkpoint: Kept, first: str, turns: int, violations: list[str], over: bool) -> None:
        self.checkpoint, self.first, self.turns, self.violations, self.over = checkpoint, first, turns, violations, over

    def close(self) -> None:
        self.checkpoint.close()
