"""What stands in a program for a module, a type or a dictionary of attributes that it may look at but not have."""

from __future__ import annotations

import types
from typing import Any

from codeact.sandbox.language.names import SPECIAL, checked_name


class Whole:
    """What a program holds methods of, as its built-in functions: a deep copy of them is they themselves."""

    def __deepcopy__(self, _: object) -> Any:
        return self


class Token:
    """What `type(x)` and names such as `np.ndarray` are where no constructor is offered: they compare and print."""

    __slots__ = ("_type",)
    _type: type

    def __init__(self, kind: type) -> None:
        object.__setattr__(self, "_type", kind)

    @property
    def __name__(self) -> str:
        return str(self._type.__name__)

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, self._type)

    def __repr__(self) -> str:
        return repr(self._type)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("types are read-only here")

    def __or__(self, other: object) -> Token:
        return self

    __ror__ = __or__

    def __getitem__(self, _: object) -> Token:
        return self

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("types cannot be copied here")


_tokens: dict[type, Token] = {}


def token(kind: type) -> Token:
    """The one token of a type."""
    if kind not in _tokens:
        _tokens[kind] = Token(kind)
    return _tokens[kind]


class ModuleView:
    """Listed names of a module: nothing else of the module can be reached from here."""

    __slots__ = ("_name", "_names")
    _name: str
    _names: dict[str, Any]

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_names", names)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names[name]
        except KeyError:
            raise AttributeError(f"module '{self._name}' does not offer '{name}' here", name=name, obj=self) from None

    def __dir__(self) -> list[str]:
        return sorted(self._names)

    def __repr__(self) -> str:
        return f"<module '{self._name}'>"

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("modules are read-only here")

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("modules cannot be copied here")


class Snapshot(dict[str, Any]):
    """What `vars(x)` and `x.__dict__` give: to read."""

    def _refuse(self, *_: object, **__: object) -> Any:
        raise TypeError("set the attributes themselves, or use setattr(x, name, value)")

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = clear = setdefault = _refuse


class CodeNames:
    """`f.__code__`: the names of a function's parameters and variables, and no more."""

    __slots__ = ("co_argcount", "co_kwonlyargcount", "co_name", "co_posonlyargcount", "co_varnames")

    def __init__(self, code: types.CodeType) -> None:
        self.co_argcount = code.co_argcount
        self.co_kwonlyargcount = code.co_kwonlyargcount
        self.co_name = code.co_name
        self.co_posonlyargcount = code.co_posonlyargcount
        self.co_varnames = code.co_varnames


class Space(types.SimpleNamespace):
    """`types.SimpleNamespace`, for names that a program may use as attributes."""

    def __init__(self, /, **names: Any) -> None:
        for name in names:
            if checked_name(name) in SPECIAL:
                raise AttributeError(f"the attribute {name} cannot be set here", name=name)
        super().__init__(**names)


Space.__name__ = "namespace"  # as its repr starts
