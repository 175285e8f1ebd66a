"""Writing and reading a trace: one JSON object a line, each written whole as it happens.

A line reaches the operating system before the next event is told, so an episode whose process is killed leaves every
line that it told, and at most one torn line at the end.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

from codeact.episode import schema
from codeact.errors import TraceError

if TYPE_CHECKING:
    import gymnasium

    from codeact.events import Event

WITHHELD = frozenset({"without"})
"""Keywords of environments that are neither written to a trace nor taken from one: layers of the sandbox's wall."""

_READER = msgspec.json.Decoder(schema.AnyLine)
_VERSION = msgspec.json.Decoder(dict[str, Any])


class TraceWriter:
    """An `EventSink` that writes a trace file.

    Args:
        path: the file to write. It is made, and must not exist.
        head: the first line, as `head_of` gives it.

    Raises:
        TraceError: when the file cannot be made or written, for instance because the disk is full. What was written
            before is whole: the torn part of a line is cut off again.
    """

    def __init__(self, path: Path | str, head: schema.Trace) -> None:
        self.path = Path(path)
        self.lines = 0
        self._began = time.perf_counter()
        self._lock = threading.Lock()
        self._size = 0
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise TraceError(f"the trace {self.path} cannot be made: {error.strerror}") from error
        try:
            self._write(head)
        except BaseException:
            self.close()
            raise

    def __call__(self, event: Event) -> None:
        line = schema.line_of(event, round(time.perf_counter() - self._began, 6))
        with self._lock:
            self._write(line)

    def _write(self, line: schema.Line) -> None:
        if self._file < 0:
            raise TraceError(f"the trace {self.path} is closed")
        data = memoryview(schema.encode(line))
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise TraceError(
                f"the trace {self.path} cannot be written any further: {error.strerror}. "
                f"Its first {self.lines} lines are whole and stay readable."
            ) from error
        self._size += len(data)
        self.lines += 1

    def close(self) -> None:
        """Write no more. Closing twice is allowed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def head_of(
    env: gymnasium.Env[Any, Any], *, seed: int, agent: str, options: Mapping[str, Any] | None = None
) -> schema.Trace:
    """The first line of a trace: what is needed to make the environment again, and the versions that it ran with."""
    import platform

    return schema.Trace(
        version=schema.VERSION,
        environment=_made_of(env),
        seed=seed,
        agent=agent,
        options=schema.value_of(dict(options)) if options else None,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        python=platform.python_version(),
        platform=platform.platform(),
        packages=installed_packages(),
    )


@functools.cache
def installed_packages() -> dict[str, str]:
    """Name to version of codeact and of everything that it and its extras may use, as far as installed."""
    from importlib import metadata

    from codeact.requirements import requirements

    found = {}
    for name in sorted({"codeact"}.union(*requirements().values())):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _made_of(env: gymnasium.Env[Any, Any]) -> schema.MadeOf:
    import gymnasium

    from codeact.tools import Toolbox

    spec = env.spec
    if spec is None:
        return schema.MadeOf(id=None)
    registered = gymnasium.registry.get(spec.id)
    own = registered.kwargs if registered else {}
    kwargs: dict[str, Any] = {}
    lost: list[str] = []
    tools: dict[str, str] = {}
    for name, value in spec.kwargs.items():
        if name == "render_mode":
            continue
        if isinstance(value, Toolbox):
            tools[name] = value.stubs(whole=True)
            continue
        try:
            if name in own and bool(own[name] == value):
                continue
            if name in WITHHELD:
                raise TypeError(name)
            plain = msgspec.to_builtins(value)
            if name != "limits" and msgspec.json.decode(msgspec.json.encode(value)) != value:
                raise TypeError(name)
        except (TypeError, ValueError):
            lost.append(name)
        else:
            kwargs[name] = plain
    return schema.MadeOf(id=spec.id, kwargs=kwargs, lost=lost, tools=tools)


@dataclass(frozen=True)
class TraceFile:
    """A trace as it was read.

    Attributes:
        path: the file.
        head: its first line.
        lines: all further lines, in order.
        torn: the last line was not whole and was left out: the process that wrote it was killed, or the disk was full.
    """

    path: Path
    head: schema.Trace
    lines: tuple[schema.Line, ...]
    torn: bool

    @property
    def started(self) -> schema.EpisodeStarted | None:
        """How the episode began; None when the trace breaks off before the reset."""
        return next((line for line in self.lines if isinstance(line, schema.EpisodeStarted)), None)

    @property
    def ended(self) -> schema.EpisodeEnded | None:
        """How the episode ended; None when the trace breaks off before."""
        return next((line for line in reversed(self.lines) if isinstance(line, schema.EpisodeEnded)), None)


def read_trace(path: Path | str) -> TraceFile:
    """Read a trace file, or the one in a run's directory.

    Raises:
        TraceError: there is no such file, it is not a trace of a version that this reader knows, or a line other than
            the last is not what docs/trace.md says.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "trace.jsonl"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TraceError(f"no trace can be read at {path}: {error.strerror}") from error
    whole, _, rest = data.rpartition(b"\n")
    torn = bool(rest)
    if not whole:
        raise TraceError(f"{path} holds no whole line of a trace")
    first, *others = whole.split(b"\n")
    return TraceFile(path, _head(path, first), tuple(_line(path, i, raw) for i, raw in enumerate(others, 2)), torn)


def _head(path: Path, raw: bytes) -> schema.Trace:
    try:
        version = _VERSION.decode(raw).get("version")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        version = None
    if version is None:
        raise TraceError(f'{path} is not a trace: its first line should be an object with "event": "Trace"')
    if version != schema.VERSION:
        raise TraceError(f"{path} is a trace of version {version!r}, and this codeact reads version {schema.VERSION}")
    head = _line(path, 1, raw)
    if not isinstance(head, schema.Trace):
        raise TraceError(f'{path} is not a trace: its first line should be an object with "event": "Trace"')
    return head


def _line(path: Path, number: int, raw: bytes) -> schema.Line:
    try:
        line: schema.Line = _READER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TraceError(f"line {number} of {path} is not a line of a trace: {error}") from error
    return line
