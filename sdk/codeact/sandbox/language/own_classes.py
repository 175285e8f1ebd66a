"""A program's own classes: those that it defined, that a tool declares, or that `namedtuple` made for it.

Their attributes are let through at once, so what a class may derive from and what its body may name is looked at when
it is made.
"""

from __future__ import annotations

import abc
import builtins
import enum
import inspect
import types
import typing
from typing import Any

from codeact.sandbox.language import careful
from codeact.sandbox.language.kinds import FAST_BASES, FREE
from codeact.sandbox.language.names import BANNED, BESIDES_FORMATS, READABLE, checked_name
from codeact.sandbox.language.views import Whole


class OwnClasses(Whole):
    """The own classes of one session, and how they are made."""

    def __init__(self) -> None:
        self.own: set[type] = set()  # let through at once
        self.fast: set[type] = {*FREE, str}  # all that are; of text, all attributes but `format`
        self._own_checked: set[type] = set()  # own, but with a base whose attributes must be looked at
        self._making: list[tuple[str, tuple[type, ...]]] = []  # enums whose members are being made

    def adopt(self, kind: type) -> type:
        """Take a class as the program's own."""
        fast = all(
            base in self.own or base in FAST_BASES or base.__module__ == "codeact.sandbox.language.offered"
            for base in kind.__mro__[1:]
        )
        fast = fast and not issubclass(kind, (str, BaseException))
        (self.own if fast else self._own_checked).add(kind)
        if fast:
            self.fast.add(kind)
        return kind

    def is_own(self, kind: object) -> bool:
        """Whether a class is the program's own."""
        return isinstance(kind, type) and (kind in self.own or kind in self._own_checked)

    def is_own_super(self, obj: Any) -> bool:
        """Whether `super(...)` stands for an object or class of the program's own. Of others it would give methods that
        their own class hides or limits."""
        owner = obj.__self__
        kind = owner if isinstance(owner, type) else type(owner)
        return self.is_own(kind) or self.is_being_made(kind)

    def build_class(self, body: Any, name: str, *bases: Any, metaclass: bool = False, **keywords: Any) -> Any:
        """`class` statements arrive here; `metaclass` says that it is ABCMeta."""
        real = self._real_bases(bases)
        if keywords and (list(keywords) != ["total"] or not any(_is_typed_dict(base) for base in real)):
            raise TypeError(f"{name}.__init_subclass__() takes no keyword arguments")
        return self._finished(
            builtins.__build_class__(body, name, *real, metaclass=_Maker(self, metaclass), **keywords)
        )

    def make_class(self, name: Any, bases: Any, names: Any) -> Any:
        """The built-in `type`, of three arguments."""
        if type(name) is not str or not name.isidentifier() or type(bases) is not tuple or type(names) is not dict:
            raise TypeError("type() takes a name, a tuple of classes and a dict here")
        for key in names:
            if checked_name(key) in READABLE and key not in ("__doc__", "__module__", "__match_args__"):
                raise TypeError(f"a class may not define {key} here")
        names = {key: value for key, value in names.items() if key != "__module__"}
        maker = _Maker(self)
        real = self._real_bases(bases)
        if any(not isinstance(base, type) for base in real):
            raise TypeError("type() takes plain classes as bases here; write a class statement")
        return self._finished(maker(name, tuple(real), {**names, "__module__": "__main__"}))

    def _real_bases(self, bases: Any) -> list[Any]:
        from codeact.sandbox.language import offered

        real: list[Any] = []
        for base in bases:
            if base is offered.NAMED_TUPLE:
                real.append(typing.NamedTuple)
            elif base is offered.TYPED_DICT:
                real.append(typing.TypedDict)
            elif self.is_own(base) or (isinstance(base, type) and base in offered.BASES) or _is_generic(base):
                real.append(base)
            else:
                shown = getattr(base, "__name__", None) or repr(base)
                raise TypeError(f"a class may not derive from {shown} here")
        return real

    def _finished(self, made: type) -> type:
        self.check_fields(made)
        return self.adopt(made)

    def is_being_made(self, kind: type) -> bool:
        """Whether it is an enum of the program's whose members are being made: those may set attributes already."""
        return (
            bool(self._making)
            and isinstance(kind, enum.EnumMeta)
            and kind.__module__ == "__main__"
            and (kind.__name__, kind.__bases__) == self._making[-1]
        )

    def check_fields(self, kind: type, inherited: frozenset[str] = frozenset()) -> None:
        """Refuse fields that would be read, without a guard, from what a class or its children inherit.

        A dataclass reads its fields' names as attributes: of the class for their defaults, of an instance to copy it.
        """
        fields = inherited.union(inspect.get_annotations(kind), getattr(kind, "__dataclass_fields__", ()))
        banned = BANNED | (BESIDES_FORMATS if issubclass(kind, (str, BaseException)) else frozenset())
        for name in sorted(name for name in fields if name in banned or (name[:2] == "__" and name[-2:] == "__")):
            raise TypeError(f"{kind.__name__} cannot have a field {name} here")
        children: list[type] = type.__subclasses__(kind)
        for below in children:
            self.check_fields(below, fields)


class _Maker:
    """Stands for a class's metaclass while it is made: it sees the names of the body before there is a class."""

    def __init__(self, guards: OwnClasses, abstract: bool = False) -> None:
        self._guards = guards
        self._metaclass = {"metaclass": abc.ABCMeta} if abstract else {}

    def __prepare__(self, name: str, bases: tuple[type, ...], **_: Any) -> Any:
        return types.prepare_class(name, bases, self._metaclass)[1]

    def __call__(self, name: str, bases: tuple[type, ...], names: Any, **keywords: Any) -> Any:
        careful.check_names(names)
        kind = types.prepare_class(name, bases, self._metaclass)[0]
        making = self._guards._making
        making.append((name, bases or (object,)))
        try:
            return kind(name, bases, names, **keywords)
        finally:
            making.pop()


def _is_typed_dict(base: Any) -> bool:
    return base is typing.TypedDict or (isinstance(base, type) and type(base).__name__ == "_TypedDictMeta")


def _is_generic(base: Any) -> bool:
    """Whether a base is `Generic[T]` or `Protocol[T]`."""
    return typing.get_origin(base) in (typing.Generic, typing.Protocol) and type(base).__module__ == "typing"
