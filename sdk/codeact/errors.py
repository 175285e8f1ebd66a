"""Every error that codeact raises on purpose. Each message says what was wrong, where, and what would be right."""

from __future__ import annotations


class CodeActError(Exception):
    """Base of all errors raised by codeact, its environments and its adapters."""


class ToolError(CodeActError):
    """A tool is declared wrongly, or a call of a tool failed."""


class ArgumentError(ToolError, TypeError):
    """An argument of a tool call is missing, unknown or of the wrong type or range. The message names the argument."""


class UnsupportedValue(ToolError, TypeError):
    """A value of a type that may not cross between the sandbox and the host."""


class Refused(ToolError, PermissionError):
    """A tool call was refused, by an approval policy or by a controller's own limits. The message is the reason."""


class SandboxError(CodeActError):
    """The sandbox itself cannot do its work: a missing wall layer, a closed session, a failed start."""


class PoolFull(SandboxError):
    """All sessions of a pool are in use, and as many as may wait for one do."""


class PoolTimeout(SandboxError, TimeoutError):
    """No session of a pool came free in time."""


class ModelError(CodeActError):
    """A language model cannot be loaded, or did not answer."""


class TaskError(CodeActError):
    """A task or scene description is wrong, or an environment was used in the wrong order."""


class TraceError(CodeActError):
    """A trace file cannot be read or does not fit this version."""


class ProgramEnd(BaseException):
    """Raised by a tool to end the calling program at once and successfully, as `finish(answer)` does.

    It derives from BaseException so that a tool's own `except Exception` lets it pass.
    """

    def __init__(self, answer: object = None) -> None:
        super().__init__(answer)
        self.answer = answer
