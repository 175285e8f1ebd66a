"""Where a program's output goes: `print`, `sys.stdout` and `sys.stderr` all end here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeact.sandbox.language.guards import Guards


class Stream:
    """`sys.stdout`: what is written there is printed, or goes where the program sends it for a while."""

    __slots__ = ("_redirections", "_write")

    encoding = "utf-8"

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._redirections: list[Callable[[str], Any]] = []

    def write(self, text: str) -> int:
        if type(text) is not str:
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        (self._redirections[-1] if self._redirections else self._write)(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back for long."""

    def isatty(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<stdout>"

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("streams cannot be copied")

    def redirected(self, guards: Guards) -> Callable[[Any], Any]:
        """`contextlib.redirect_stdout`, for one session."""

        class redirect_stdout:
            __slots__ = ("_target", "_write")

            def __init__(self, target: Any) -> None:
                self._target = target
                self._write = guards.getattr(target, "write")

            def __enter__(self) -> Any:
                stream._redirections.append(self._write)
                return self._target

            def __exit__(self, *_: object) -> None:
                if self._write in stream._redirections:
                    stream._redirections.remove(self._write)

        stream = self
        return redirect_stdout

    def begin(self) -> None:
        """Forget redirections that an ended program left."""
        self._redirections.clear()


class StandardStream:
    """What stands for the standard streams where there is no filter."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        self._write(str(text))
        return len(text)

    def flush(self) -> None:
        """Nothing is held back for long."""

    def isatty(self) -> bool:
        return False
