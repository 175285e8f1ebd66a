"""What one run of a program gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codeact.events import Call

if TYPE_CHECKING:
    from codeact.sandbox.workspaces.artifacts import Artifact


@dataclass(frozen=True)
class ExecutionError:
    """Why a program did not run to its end.

    Attributes:
        type: the exception's name, such as `ZeroDivisionError`; `TimeLimit`, `OutputLimit`, `CallLimit`, `DiskLimit`,
            `MemoryError`, `Interrupted`, `WorkerLost` for what the sandbox ends itself.
        message: the exception's message.
        line: the line of the program, counted from 1, where that is known.
        text: all of it as a model should read it: its own lines with a caret, the type, the message and any hint.
    """

    type: str
    message: str
    line: int | None
    text: str


@dataclass(frozen=True)
class Execution:
    """What one run of a program gave.

    Attributes:
        code: the program.
        ok: whether it ran to its end, or ended itself through a tool such as `finish`.
        value: the last expression's value, as in a notebook, where it may cross; else None.
        shown: the last expression's repr, shortened; empty where it is None.
        stdout: what it printed, without control characters.
        error: why it did not run to its end, or None.
        calls: the tool calls, in order.
        seconds: wall time of the run; code_seconds and tool_seconds are its parts. Equal executions may differ in them.
        ended: whether a tool ended the program, and `answer` is what that tool gave.
        restarted: whether the session's variables were lost in this run.
        truncated_output: whether output was cut at the limit.
        artifacts: the files that it created or changed in its workspace, by path.
        removed: the paths of the files that are gone from there.
        left_out: what else it left there and is not reported, in words.
    """

    code: str
    ok: bool
    value: Any = None
    shown: str = ""
    stdout: str = ""
    error: ExecutionError | None = None
    calls: tuple[Call, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    code_seconds: float = field(default=0.0, compare=False)
    tool_seconds: float = field(default=0.0, compare=False)
    ended: bool = False
    answer: Any = None
    restarted: bool = False
    truncated_output: bool = False
    artifacts: tuple[Artifact, ...] = ()
    removed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def observation(self) -> str:
        """What the model reads: the output, then the last expression's value as a notebook shows it, or the error.

        In a workspace the last line names the files that the run created, changed and removed.
        """
        parts = [self.stdout.rstrip("\n")] if self.stdout.strip() else []
        if self.truncated_output:
            parts.append("[output was cut here]")
        if self.error is not None:
            parts.append(self.error.text)
        elif self.shown:
            parts.append(self.shown)
        if self.artifacts or self.removed or self.left_out:
            from codeact.sandbox.workspaces.artifacts import describe

            parts.append(describe(self.artifacts, self.removed, self.left_out))
        return "\n".join(parts)
