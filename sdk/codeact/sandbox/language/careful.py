"""Special methods of a program's classes that need a guard around them: how objects are made and attributes found.

A class that defines `__getattr__` would answer to any name that a library looks up, such as numpy's
`__array_interface__`; so what a program defines hears only of names that it may use. `object.__setattr__` would set any
name, and `object.__new__` make any object; so a program gets them with checks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from codeact.sandbox.language.names import CAREFUL, SPECIAL, checked_name

if TYPE_CHECKING:
    from codeact.sandbox.language.guards import Guards

_SLOTS = ("__dict__", "__weakref__")
_NAMED = ("__getattr__", "__setattr__", "__delattr__")


def match_args(names: Any) -> tuple[str, ...]:
    """A class's `__match_args__`, if a pattern may read them.

    Raises:
        TypeError: it is no tuple of names that a program may use.
    """
    if type(names) is not tuple or any(type(name) is not str for name in names):
        raise TypeError("__match_args__ must be a tuple of strings")
    for name in names:
        if checked_name(name) in SPECIAL:
            raise TypeError(f"the attribute {name} is not available in a pattern here")
    return names


def check_names(names: Any) -> None:
    """Look at the names of a class's body before the class is made; put guards around some.

    Raises:
        TypeError
    """
    slots = names.get("__slots__", ())
    if type(slots) not in (str, tuple, list, set, frozenset, dict):  # another may give other names each time
        raise TypeError("__slots__ must be a str, tuple, list, set or dict here")
    for slot in (slots,) if isinstance(slots, str) else tuple(slots):
        if type(slot) is not str or (slot.startswith("__") and slot.endswith("__") and slot not in _SLOTS):
            raise TypeError(f"the slot {slot!r} is not available here")
    if "__match_args__" in names:
        match_args(names["__match_args__"])
    for name in _NAMED:
        if name in names:
            names[name] = _guarded(name, names[name])


def _guarded(name: str, method: Any) -> Callable[..., Any]:
    """A method that hears only of names that a program may use, and changes only what a program may."""
    if not callable(method):
        raise TypeError(f"{name} must be a function here")
    if name == "__getattr__":

        def __getattr__(self: Any, attribute: str) -> Any:
            if not _usable(attribute):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {attribute!r}", name=attribute)
            return method(self, attribute)

        return __getattr__

    def change(self: Any, attribute: str, *value: Any) -> None:
        if checked_name(attribute) in SPECIAL:
            raise AttributeError(f"the attribute {attribute} cannot be set here", name=attribute)
        method(self, attribute, *value)

    change.__name__ = change.__qualname__ = name
    return change


def _usable(attribute: object) -> bool:
    try:
        return checked_name(attribute) not in SPECIAL
    except (AttributeError, TypeError):
        return False


def read(guards: Guards, obj: Any, name: str) -> Any:
    """`object.__new__`, `super().__setattr__` and their like, as a program may have them.

    Raises:
        AttributeError
    """
    assert name in CAREFUL
    kind = type(obj)
    if kind is super:
        known = guards.is_own_super(obj)
    elif isinstance(obj, type):
        from codeact.sandbox.language.offered import BASES

        known = guards.is_own(obj) or obj in BASES
    else:
        known = guards.is_own(kind) and name not in ("__new__",)
    if not known:
        raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
    found = getattr(obj, name)
    if name == "__new__":
        return _maker(guards, found)
    if name in ("__setattr__", "__delattr__"):
        return _changer(guards, found, bound=kind is super or not isinstance(obj, type))
    return found


def _maker(guards: Guards, make: Any) -> Callable[..., Any]:
    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        if not (guards.is_own(cls) or (isinstance(cls, type) and guards.is_being_made(cls))):
            raise TypeError("__new__ makes instances of your own classes only")
        return make(cls, *args, **kwargs)

    return __new__


def _changer(guards: Guards, change: Any, bound: bool) -> Callable[..., None]:
    def changer(*arguments: Any) -> None:
        self, rest = (None, arguments) if bound else (arguments[0], arguments[1:])
        if not bound:
            guards.write(self)
        if not rest or checked_name(rest[0]) in SPECIAL:
            raise AttributeError("that attribute cannot be set here")
        change(*arguments)

    return changer
