"""What one run of a program may use. Every limit is finite by default."""

from __future__ import annotations

from dataclasses import dataclass, fields

from codeact.errors import SandboxError

_MOST = 10**12  # of any of them: in bytes, milliseconds and their like it still fits the kernel's 64 bits


@dataclass(frozen=True)
class Limits:
    """Limits of one run, and of the worker that it runs in.

    Attributes:
        wall_s: seconds of the program's own time; the time inside tools is not counted here.
        cpu_s: seconds of processor time of the program.
        tool_s: seconds inside tools in one run.
        memory_mb: mebibytes of address space that the program may take beyond what the bare worker has.
        output_chars: characters that it may print in one run.
        calls: tool calls in one run.
        recursion: depth of Python calls.
        record_mb: mebibytes that `Execution.calls` may hold of one run; of later calls, large values are left out.
        value_bytes: bytes of one value that crosses, encoded.
        code_chars: characters of one program.
        file_mb: mebibytes of one file that a program writes; in a workspace only.
        workspace_mb: mebibytes that programs may add to what the workspace held when the session was opened.
    """

    wall_s: float = 10.0
    cpu_s: float = 10.0
    memory_mb: int = 512
    output_chars: int = 20_000
    calls: int = 1_000
    tool_s: float = 120.0
    record_mb: int = 64
    recursion: int = 1_000
    value_bytes: int = 16 * 1024 * 1024
    code_chars: int = 200_000
    file_mb: int = 256
    workspace_mb: int = 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= _MOST:
                raise SandboxError(
                    f"limit {field.name} must be a number above 0, and at most {_MOST:.0e}, not {value!r}"
                )
            if field.type == "int" and not isinstance(value, int):
                raise SandboxError(f"limit {field.name} must be a whole number, not {value!r}")
        if self.recursion < 100 or self.recursion > 20_000:
            raise SandboxError(f"limit recursion must be from 100 to 20,000, not {self.recursion}")
        if self.value_bytes > 1024**3:
            raise SandboxError("limit value_bytes must be at most 1 GiB")
