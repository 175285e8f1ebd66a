"""Stand-ins for tools outside of an environment: in a replay they answer as the trace says, and call nothing."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterable, Mapping
from inspect import Signature
from typing import Any

import numpy as np

from codeact.episode import schema
from codeact.episode.declared_again import DeclaredAgain, arguments_of
from codeact.errors import TraceError
from codeact.tools import Effect, Tool, Toolbox
from codeact.tools.wording import call_text


class StandIns:
    """Tools that answer as they did when the trace was recorded.

    Attributes:
        toolbox: the tools.
        answered: how many calls they answered.
        problem: the first call that went otherwise than in the trace; empty while there is none.
    """

    def __init__(self, stubs: str, effects: Mapping[str, str]) -> None:
        """Make tools of stubs.

        Args:
            stubs: as a trace holds them.
            effects: by names of tools, where the trace knows one; else `write`.

        Raises:
            TraceError: the stubs are none that a trace would hold.
        """
        self._waiting: list[schema.CallRecord] = []
        self.answered = 0
        self.problem = ""
        try:
            self._declared = DeclaredAgain(stubs)
            self.toolbox = self._box("", self._declared.signatures, effects)
        except TraceError:
            raise
        except Exception as error:
            raise TraceError(f"the tools that the trace holds cannot be made again: {error}") from error

    def begin(self, calls: Iterable[schema.CallRecord]) -> None:
        """Take the calls of one turn. Those that were refused never reach a tool."""
        self._waiting = [c for c in calls if c.refused is None and c.tool in self._declared.signatures]

    def end(self) -> None:
        """The turn is over: note a call that was recorded and not made."""
        # Wrong arguments are refused before they reach a tool, then as now.
        left = [call for call in self._waiting if not (call.error or "").startswith("ArgumentError")]
        if left and not self.problem:
            self.problem = f"{left[0].tool}() was called, and now is not"

    def _box(self, name: str, signatures: Mapping[str, Signature], effects: Mapping[str, str]) -> Toolbox:
        members: list[Tool | Toolbox] = []
        groups: dict[str, dict[str, Signature]] = {}
        prefix = f"{name}." if name else ""
        for full_name, signature in signatures.items():
            own, dot, _ = full_name.removeprefix(prefix).partition(".")
            if dot:
                groups.setdefault(own, {})[full_name] = signature
            else:
                effect: Any = effects.get(full_name, "write")
                members.append(self._tool(full_name, own, signature, effect))
        members += [self._box(prefix + group, inner, effects) for group, inner in groups.items()]
        errors = () if name else self._declared.errors.values()
        return Toolbox(members, name=name.rpartition(".")[2], errors=errors)

    def _tool(self, full_name: str, name: str, signature: Signature, effect: Effect) -> Tool:
        def answer(*args: Any, **kwargs: Any) -> Any:
            return self._answer(full_name, arguments_of(signature, args, kwargs))

        function: Callable[..., Any] = answer
        function.__name__ = function.__qualname__ = name
        function.__signature__ = signature  # type: ignore[attr-defined]
        return Tool(function, effect=effect, scope={})

    def _answer(self, tool: str, arguments: dict[str, Any]) -> Any:
        record = self._next(tool, schema.value_of(arguments))
        if record is None:
            called = call_text(tool, arguments)
            self.problem = self.problem or f"{called} is called, and was not"
            raise TraceError(f"the trace holds no such call: {called}")
        self.answered += 1
        if record.error is not None:
            name, _, message = record.error.partition(": ")
            raise self._declared.raised(name, message)
        try:
            return restored(record.value, self._declared.types)
        except Exception as error:  # a trace may come from anywhere
            self.problem = self.problem or f"what {tool}() returned is not whole in the trace ({error})"
            raise TraceError(self.problem) from None

    def _next(self, tool: str, arguments: Any) -> schema.CallRecord | None:
        of_it = [number for number, call in enumerate(self._waiting) if call.tool == tool]
        for number in of_it:
            call = self._waiting[number]
            # Arguments that were wrong were recorded as they were passed; here some of them may count as right.
            if call.arguments == arguments or (call.error or "").startswith("ArgumentError"):
                return self._waiting.pop(number)
        return None


class _NotHeld(Exception):
    """A value of which a trace keeps a hash alone."""


def restored(data: Any, types: Mapping[str, type]) -> Any:
    """A value of its form in a trace.

    Raises:
        _NotHeld: the trace does not hold it whole.
    """
    if isinstance(data, list):
        return [restored(item, types) for item in data]
    if not isinstance(data, dict):
        return data
    if any(key in data for key in ("sha256", "unsupported", "too_deep")) or data.get("type") == "Omitted":
        raise _NotHeld(", ".join(key for key in data if key != "sha256"))
    kind = types.get(data["type"]) if isinstance(data.get("type"), str) else None
    if kind is not None:
        return _declared(data, kind, types)
    if len(data) == 1:
        ((key, inner),) = data.items()
        made = _FORMS.get(key)
        if made is not None:
            return made(inner, types)
    if set(data) == {"numpy", "value"}:
        return np.dtype(data["numpy"]).type(restored(data["value"], types))
    return {key: restored(item, types) for key, item in data.items()}


def _declared(data: Mapping[str, Any], kind: Any, types: Mapping[str, type]) -> Any:
    if issubclass(kind, enum.Enum):
        return kind[data["member"]]
    names = [field.name for field in dataclasses.fields(kind)]
    value = object.__new__(kind)
    for name in names:
        object.__setattr__(value, name, restored(data[name], types))
    return value


def _array(entry: Any, types: Mapping[str, type]) -> Any:
    if "data" not in entry:
        raise _NotHeld("ndarray")
    return np.array(restored(entry["data"], types), dtype=entry["dtype"]).reshape(entry["shape"])


_FORMS: dict[str, Callable[[Any, Mapping[str, type]], Any]] = {
    "tuple": lambda items, types: tuple(restored(items, types)),
    "set": lambda items, types: set(restored(items, types)),
    "frozenset": lambda items, types: frozenset(restored(items, types)),
    "dict": lambda pairs, types: {restored(key, types): restored(item, types) for key, item in pairs},
    "bytes": lambda text, types: bytes.fromhex(text),
    "float": lambda text, types: float(text),
    "complex": lambda parts, types: complex(*restored(parts, types)),
    "int": lambda text, types: int(text, 16),
    "ndarray": _array,
}
