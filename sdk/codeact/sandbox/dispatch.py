"""One tool call in the host: the table of declared tools, validation, approval, the tool, the answer.

The worker only ever names a tool; it is looked up in a table, never by an attribute. Arguments are decoded, then
validated by the tool itself, then shown to the approval policy, then passed on.
"""

from __future__ import annotations

import builtins
import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from codeact import values
from codeact.errors import ArgumentError, ProgramEnd, Refused, UnsupportedValue
from codeact.events import Call
from codeact.frozen import made
from codeact.sandbox import wire
from codeact.sandbox.arena import HostMemory
from codeact.sandbox.wire import AS_THEY_ARE
from codeact.tools.under_way import UnderWay

if TYPE_CHECKING:
    from codeact.tools import Approve, Tool, Toolbox

_log = logging.getLogger("codeact.tools")
_BUILTIN_ERRORS = {
    name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)
}
_PLAIN_ARGUMENTS = (str, int, float, bool, type(None))
_SENT_AS_THEY_ARE = frozenset([float, bool, type(None)])
_HOLD_OTHERS = frozenset([list, dict])
_SMALL = 2**63
LARGE_BYTES = 4_096
"""A call whose frame takes more may hold much memory."""


class Pending(UnderWay):
    """A call on its way.

    Attributes:
        tool: None where the program named none that exists.
        moves: whether it has a stop path or moves something: then it is stopped at its deadline and waited for.
        stays: whether it runs in the thread that called `run`: what moves does, but for coroutines.
        seconds: in validation and the tool, without the time that an approval took.
        reply: what the worker gets to hear, once that is known.
        stopped: what its stop path returned; left: the state in which that left things, in words.
        large: whether its arguments or its value may take much memory.
        ended, answer: whether the tool ended the program, and with what.
    """

    value: Any = None
    error: str | None = None
    refused: str | None = None
    seconds = 0.0
    large = False
    reply: bytearray | None = None
    ended = False
    answer: Any = None
    stopped: object = None
    left: str | None = None

    def __init__(
        self, name: str, effect: str, tool: Tool | None = None, moves: bool = False, stays: bool = False
    ) -> None:
        self.name = name
        self.effect = effect
        self.tool = tool
        self.moves = moves
        self.stays = stays
        self.arguments: dict[str, Any] = {}

    def call(self) -> Call:
        """The record of it."""
        return made(
            Call,
            tool=self.name,
            arguments=self.arguments,
            effect=self.effect,
            value=self.value,
            error=self.error,
            seconds=self.seconds,
            refused=self.refused,
            left=self.left,
        )


class _Entry:
    """A tool as the table has it."""

    __slots__ = ("bind", "bind_exact", "moves", "stays", "tool")

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.moves = tool.effect == "physical" or tool.stop is not None
        self.stays = self.moves and not tool.is_async
        self.bind, self.bind_exact = tool.arguments.bind, tool.arguments.bind_exact


class Dispatcher:
    """The table of one toolbox."""

    def __init__(self, toolbox: Toolbox, value_bytes: int) -> None:
        self.toolbox = toolbox
        self._tools: Mapping[str, Tool] = dict(toolbox.tools)
        self._table: dict[str, _Entry] = {}  # filled as they are called
        self._types = dict(toolbox.types)
        self._errors = dict(toolbox.errors)
        self._value_bytes = value_bytes

    def setup(self, options: dict[str, Any]) -> bytearray:
        """The first frame of a session: what the program finds."""
        return wire.frame(
            wire.Setup(
                [[name, f"{name}{tool.help}"] for name, tool in self._tools.items()],
                values.describe_types(self._types),
                _describe_errors(self._errors),
                {**options, "types": dict(self.toolbox.type_stubs)},
            )
        )

    def prepare(self, call: wire.Call, arena: HostMemory) -> Pending:
        """Look up and validate. Where that fails, the reply is there already."""
        entry = self._table.get(call.tool) or self._enter(call.tool)
        if entry is None:
            pending = Pending(call.tool[:200], "read")
            self._fail(pending, ArgumentError(f"there is no tool {call.tool[:200]!r}"))
            return pending
        tool = entry.tool
        pending = Pending(call.tool, tool.effect, tool, entry.moves, entry.stays)
        given, named = call.arguments, call.keywords
        if not named and (exact := entry.bind_exact(given)) is not None:
            pending.arguments = exact
            return pending
        started = time.monotonic()
        try:
            if named or not AS_THEY_ARE.issuperset(map(type, given)):
                arena.begin()
                given = [
                    values.unpack(item, self._types, place=f"argument {number}", take=arena.take)
                    for number, item in enumerate(given, 1)
                ]
                named = {
                    key: values.unpack(item, self._types, place=f"argument {key!r:.60}", take=arena.take)
                    for key, item in named.items()
                }
                pending.large = arena.used > 0
            pending.arguments = entry.bind(call.tool, given, named)
        except Exception as problem:
            if not isinstance(problem, UnsupportedValue):  # they were decoded: shown as the program passed them
                pending.arguments = {**{str(number): item for number, item in enumerate(given, 1)}, **named}
            self._fail(pending, problem)
        pending.seconds = time.monotonic() - started
        return pending

    def _enter(self, name: str) -> _Entry | None:
        tool = self._tools.get(name)
        if tool is None:
            return None
        return self._table.setdefault(name, _Entry(tool))

    def approve(self, pending: Pending, approve: Approve | None) -> float:
        """Ask this policy, then the tool's own. Returns how many seconds it took: no program's clock counts."""
        tool = pending.tool
        if tool is None or (approve is None and not tool.approvals):
            return 0.0
        from codeact.tools import review

        started = time.monotonic()
        for policy in (approve, *tool.approvals):
            reason = review(policy, pending.name, pending.arguments, tool.effect, tool.doc)
            if reason is not None:
                self._fail(pending, Refused(reason))
                pending.refused = reason
                break
        return time.monotonic() - started

    def invoke(self, pending: Pending, wait: Callable[[Any], Any]) -> None:
        """Run the tool. `reply` makes its reply, where this did not: it failed, or ended the program.

        Args:
            wait: runs an awaitable to its end, for an async tool.
        """
        tool = pending.tool
        assert tool is not None
        started = time.monotonic()
        try:
            value = tool.invoke(pending.arguments)
            pending.value = wait(value) if tool.is_async else value
        except ProgramEnd as end:
            pending.ended, pending.answer = True, end.answer
            pending.reply = wire.frame(wire.End("the program ended itself"))
        except Exception as problem:
            self._fail(pending, problem)
        pending.seconds += time.monotonic() - started

    def reply(self, pending: Pending, arena: HostMemory) -> None:
        """Make the reply out of what the tool returned."""
        value = pending.value
        if type(value) in _SENT_AS_THEY_ARE or (type(value) is int and -_SMALL < value < _SMALL):
            pending.reply = wire.frame(wire.Plain(value))
            return
        try:
            arena.begin()
            if type(value) in _HOLD_OTHERS and values.is_plain(value):
                reply = wire.frame(wire.Plain(value))
            else:
                packed = values.pack(value, self._types, f"the value that {pending.name}() returned", arena.put)
                reply = wire.frame(wire.Result(packed))
            if len(reply) + arena.used > self._value_bytes:
                size = f"{len(reply) + arena.used:,} bytes; at most {self._value_bytes:,} may cross"
                raise UnsupportedValue(f"the value that {pending.name}() returned takes {size}")
            pending.reply = reply
            pending.large |= len(reply) + arena.used > LARGE_BYTES
        except (UnsupportedValue, RecursionError, msgspec.MsgspecError, OverflowError) as problem:
            arena.withdraw()
            pending.value = None
            self._fail(pending, problem)

    def left_out(self, pending: Pending) -> None:
        """The program is being ended: the tool does not run any more."""
        self._fail(pending, InterruptedError("the program was ended before this call could run"))

    def late(self, pending: Pending, message: str) -> None:
        """The tool was given up, or stopped, at a time limit."""
        self._fail(pending, TimeoutError(message))

    def _fail(self, pending: Pending, problem: Exception) -> None:
        # The program sees a name and a message; who writes a tool wants to see where it failed.
        _log.debug("the call of %s failed", pending.name, exc_info=problem)
        kind, arguments = self._as_seen(problem)
        said = _text(problem)
        renaming = pending.tool.renaming if pending.tool is not None else None
        if renaming is not None:  # the message was written for the old names
            said = renaming.text(said)
            arguments = [renaming.text(each) if isinstance(each, str) else each for each in arguments]
        pending.error = f"{type(problem).__name__}: {said}"
        pending.value = None
        pending.reply = wire.frame(wire.Failed(kind, arguments))

    def _as_seen(self, problem: Exception) -> tuple[str, list[Any]]:
        """The exception's class as the program knows it, and its arguments.

        Built-in classes and declared ones cross as themselves; others as the nearest of those above them, with their
        name.
        """
        plain = [values.pack(a) for a in problem.args if type(a) in _PLAIN_ARGUMENTS and _is_text(a)]
        if len(plain) != len(problem.args):
            plain = [_text(problem)]
        kind = type(problem)
        if self._known(kind):
            return kind.__name__, plain
        for above in kind.__mro__[1:]:
            if self._known(above) and above is not Exception:
                return above.__name__, [_text(problem)]
        return "ToolError" if "ToolError" in self._errors else "RuntimeError", [f"{kind.__name__}: {_text(problem)}"]

    def _known(self, kind: type) -> bool:
        return self._errors.get(kind.__name__) is kind or _BUILTIN_ERRORS.get(kind.__name__) is kind


def _text(problem: Exception) -> str:
    try:
        return str(problem).encode("utf-8", "backslashreplace").decode()[:4_000]
    except Exception:
        return "(its message could not be made)"


def _is_text(argument: Any) -> bool:
    try:
        return type(argument) is not str or bool(argument.encode() or True)
    except UnicodeEncodeError:
        return False


def _describe_errors(errors: Mapping[str, type[Exception]]) -> list[list[Any]]:
    described: list[list[Any]] = []
    for name, kind in sorted(errors.items(), key=lambda item: len(item[1].__mro__)):
        bases: list[str] = []
        for base in kind.__bases__:
            for above in base.__mro__:
                declared = errors.get(above.__name__) is above
                if declared or _BUILTIN_ERRORS.get(above.__name__) is above:
                    if above.__name__ not in bases:
                        bases.append(above.__name__)
                    break
        # Exception first would break the order of resolution; it is above all of them anyway.
        described.append([name, [base for base in bases if base != "Exception"] or ["Exception"]])
    return described
