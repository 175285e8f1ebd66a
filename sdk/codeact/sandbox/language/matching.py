"""What a pattern of `match` may use: it reads attributes without a guard, so its classes are looked at before."""

from __future__ import annotations

from typing import Any

from codeact.sandbox.language.careful import match_args
from codeact.sandbox.language.kinds import FREE
from codeact.sandbox.language.names import BESIDES_FORMATS
from codeact.sandbox.language.own_classes import OwnClasses


class _Strict(type):
    """The type of what stands in a pattern for a class: it takes true instances of that class only.

    A pattern reads attributes without a guard. By `isinstance`, an abstract class takes any type that is registered
    with it, and a protocol whatever has the attribute; a class that is no text may have a child that is.
    """

    _kind: type
    _not: tuple[type, ...]

    def __instancecheck__(cls, value: object) -> bool:
        return cls._kind in type(value).__mro__ and not isinstance(value, cls._not)


class _Held:
    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


class MatchGuards(OwnClasses):
    """The hooks for patterns."""

    def __init__(self) -> None:
        super().__init__()
        self._stricts: dict[tuple[type, tuple[str, ...], bool], type] = {}

    def match_class(self, kind: Any, attributes: tuple[str, ...], positional: bool) -> Any:
        """A class that a pattern may use, or what stands for it there."""
        if self.is_own(kind):
            by_position = match_args(getattr(kind, "__match_args__", ())) if positional else ()
            risky = not BESIDES_FORMATS.isdisjoint((*attributes, *by_position))
            if not (attributes or by_position) or (type(kind) is type and not risky):
                return kind
            if risky and issubclass(kind, (BaseException, str)):
                raise TypeError("that attribute is not available in a pattern here")
            return self._strict(kind, by_position, risky)
        plain = kind in FREE or kind is str
        if not plain:
            raise TypeError("a class pattern takes a built-in type or one of your own classes here; use isinstance()")
        if attributes:
            raise TypeError("a pattern on a built-in type takes no keywords here")
        return kind

    def _strict(self, kind: type, by_position: tuple[str, ...], risky: bool) -> type:
        key = (kind, by_position, risky)
        if key not in self._stricts:
            if getattr(kind, "_is_protocol", False):
                raise TypeError("a pattern on a protocol takes no attributes here; use isinstance()")
            names = {
                "__module__": "__main__",
                "_kind": kind,
                "_not": (str, BaseException) if risky else (),
                "__match_args__": by_position,
            }
            self._stricts[key] = _Strict(kind.__name__, (), names)
        return self._stricts[key]

    @staticmethod
    def match_value(value: Any) -> Any:
        """A holder, from which a pattern reads the value."""
        return _Held(value)
