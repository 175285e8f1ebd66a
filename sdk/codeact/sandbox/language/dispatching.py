"""`functools.singledispatch`, which looks at the types of annotations without evaluating text, and `partialmethod`."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from codeact.sandbox.language.views import Token


def single(function: Any) -> Any:
    """`functools.singledispatch`."""
    return Dispatched(function)


class Dispatched:
    # A function with one implementation for each type of its first argument. No docstring: each has its function's.
    __slots__ = ("__doc__", "__name__", "__wrapped__", "_default", "_registry")
    __name__: str
    __wrapped__: Any

    def __init__(self, function: Any) -> None:
        if not callable(function):
            raise TypeError("singledispatch() takes a function")
        function = unbound(function)
        self._default = function
        self._registry: dict[Any, Any] = {}
        self.__name__ = str(getattr(function, "__name__", "function"))
        self.__doc__ = getattr(function, "__doc__", None)
        self.__wrapped__ = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not args:
            raise TypeError(f"{self.__name__} requires at least 1 positional argument")
        return self._find(type(args[0]))(*args, **kwargs)

    def dispatch(self, kind: Any) -> Any:
        return self._find(kind._type if type(kind) is Token else kind)

    def _find(self, kind: type) -> Any:
        for above in kind.__mro__:
            if above in self._registry:
                return self._registry[above]
        near = [known for known in self._registry if issubclass(kind, known)]  # abstract classes, which are not above
        near.sort(key=lambda known: sum(issubclass(known, other) for other in near), reverse=True)
        return self._registry[near[0]] if near and object not in near[:1] else self._default

    def register(self, kind: Any, function: Any = None) -> Any:
        if function is None:
            if isinstance(kind, (type, types.UnionType, Token)):
                return lambda later: self.register(kind, later)
            function, kind = kind, _annotated_type(kind)
        kinds = kind.__args__ if isinstance(kind, types.UnionType) else (kind,)
        for each in kinds:
            real = each._type if type(each) is Token else type(None) if each is None else each
            if not isinstance(real, type):
                raise TypeError(f"register() takes a class, not {each!r}")
            self._registry[real] = unbound(function)
        return function

    def __repr__(self) -> str:
        return f"<function {self.__name__}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else lambda *args, **kwargs: self(instance, *args, **kwargs)


def unbound(function: Any) -> Any:
    """The function; in place of a method of an object a function that calls it.

    A method passes `__get__` on to its function, which then takes any object for its own: a built-in function of ours
    would ask an object of the program's for the guards.
    """
    if type(function) is not types.MethodType:
        return function

    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = str(getattr(function, "__name__", "function"))
    return call


def partial_method(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """`functools.partialmethod`."""
    return functools.partialmethod(unbound(function), *args, **kwargs)


def _annotated_type(function: Any) -> Any:
    annotations = function.__annotations__ if type(function) is types.FunctionType else {}
    kinds = [kind for name, kind in annotations.items() if name != "return"]
    if not kinds or isinstance(kinds[0], str):
        raise TypeError("register() needs the type: write @name.register(int), or annotate the first parameter")
    return kinds[0]


class Method:
    """`functools.singledispatchmethod`."""

    __slots__ = ("_dispatched",)

    def __init__(self, function: Any) -> None:
        self._dispatched = Dispatched(function)

    def register(self, kind: Any, function: Any = None) -> Any:
        return self._dispatched.register(kind, function)

    def __get__(self, instance: Any, owner: Any = None) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if not args:
                raise TypeError(f"{self._dispatched.__name__} requires at least 1 positional argument")
            found = self._dispatched._find(type(args[0]))
            holder = owner if instance is None else instance
            bound = found.__get__(instance, owner) if hasattr(found, "__get__") else found
            return bound(*args, **kwargs) if holder is not None else found(*args, **kwargs)

        call.__name__ = self._dispatched.__name__
        return call
