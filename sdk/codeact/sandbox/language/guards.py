"""The language's part at run time: what a program may reach.

The filter sends each read and write of an attribute here. The program's own classes (own_classes.py) and the plain
built-in types (kinds.py) are let through at once; everything else is decided by type.
"""

from __future__ import annotations

import decimal
import enum
import functools
import types
import typing
from collections.abc import Callable
from typing import Any

import numpy as np

from codeact.sandbox.language import careful
from codeact.sandbox.language.formatting import format_text
from codeact.sandbox.language.kinds import CONSTRUCTIBLE
from codeact.sandbox.language.matching import MatchGuards
from codeact.sandbox.language.names import (
    BESIDES_FORMATS,
    CAREFUL,
    EXCEPTION_BANNED,
    FORMATS,
    METHODS,
    READABLE,
    SPECIAL,
    checked_name,
    instead,
)
from codeact.sandbox.language.views import CodeNames, ModuleView, Snapshot, Space, Token, token
from codeact.sandbox.text import words

_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType, types.MethodDescriptorType)
_INSPECTION = (types.ModuleType, types.FrameType, types.CodeType, types.TracebackType)
_ALIASES: tuple[type, ...] = (types.GenericAlias, vars(typing)["_BaseGenericAlias"])
"""`list[int]`, `Annotated[x, 1]`, `Mine[int]`: they pass the reading of an attribute on to what they stand for."""

_INDEX_TOOLS = tuple({type(tool) for tool in (np.c_, np.r_, np.s_, np.mgrid, np.ogrid)})

_ARRAY_NAMES = words(
    """T all any argmax argmin argpartition argsort astype clip compress conj conjugate copy cumprod cumsum
    diagonal dot dtype fill flatten flat imag item itemsize max mean min nbytes ndim nonzero partition prod ptp
    put ravel real repeat reshape round searchsorted shape size sort squeeze std sum swapaxes take tolist trace
    transpose var is_integer as_integer_ratio hex fromhex bit_count name kind char str type alignment names
    isnative"""
)
_GENERATOR_NAMES = words(
    """beta binomial bytes chisquare choice dirichlet exponential gamma geometric gumbel hypergeometric integers
    laplace logistic lognormal logseries multinomial multivariate_hypergeometric multivariate_normal
    negative_binomial noncentral_chisquare normal pareto permutation permuted poisson power rand randint randn
    random random_integers random_sample rayleigh seed shuffle spawn standard_cauchy standard_exponential
    standard_gamma standard_normal standard_t tomaxint triangular uniform vonmises wald weibull zipf"""
)

_TUPLE_NAMES = frozenset(["_asdict", "_fields", "_replace"])
"""What a named tuple has, whoever made it."""

_PROTOCOL_METHODS = frozenset(["__iter__", "__next__", "__aiter__", "__anext__", "__await__"])
"""Special methods of any object that may be called by name."""


class Guards(MatchGuards):
    """The hooks and built-in functions of one session."""

    def __init__(self) -> None:
        super().__init__()
        self.limited: dict[type, frozenset[str]] = {}  # types of which only some attributes may be read
        self._limits: dict[type, frozenset[str] | None] = {}
        self.getattr = self._make_getattr()

    # ---- reading ----------------------------------------------------------------------------------------------------

    def _make_getattr(self) -> Callable[[Any, str], Any]:
        fast, checked, formats, view = self.fast, self._read, FORMATS, ModuleView

        def read(obj: Any, name: str, _get: Any = getattr, _type: Any = type) -> Any:
            kind = _type(obj)
            if kind in fast and (kind is not str or name not in formats):
                return _get(obj, name)
            if kind is view and name in obj._names:
                return obj._names[name]
            return checked(obj, name)

        return read

    def _read(self, obj: Any, name: str) -> Any:
        kind = type(obj)
        if kind is ModuleView:
            return ModuleView.__getattr__(obj, name)  # only listed names, not the view's own
        if name.startswith("_") and name != "_" and not (self.is_own(kind) or self.is_own(obj)):
            if name in _TUPLE_NAMES and isinstance(obj, tuple):
                return getattr(obj, name)
            raise AttributeError(f"the private attribute {name} of {kind.__name__} is not available here", name=name)
        if isinstance(obj, str) and name in FORMATS:
            return self._formatter(obj, name)
        if kind is super and (name in BESIDES_FORMATS or not self.is_own_super(obj)):
            raise AttributeError(f"the attribute {name} is not available through super() here", name=name)
        if isinstance(obj, _ALIASES):
            return self.getattr(_origin(obj), name)
        if isinstance(obj, type):
            return self._read_of_type(obj, name)
        if isinstance(obj, BaseException) and name in EXCEPTION_BANNED:
            raise AttributeError(f"the attribute {name} of an exception is not available here", name=name)
        limits = self._limits_of(kind)
        if limits is not None and name not in limits:
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        if isinstance(obj, (np.ndarray, np.generic, np.dtype)) and name not in _ARRAY_NAMES:
            getattr(obj, name)  # a name that does not exist has the natural error
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        if isinstance(obj, (np.random.Generator, np.random.RandomState)) and name not in _GENERATOR_NAMES:
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        value = getattr(obj, name)
        if isinstance(value, _INSPECTION) or isinstance(obj, _INDEX_TOOLS):
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        return value

    def _limits_of(self, kind: type) -> frozenset[str] | None:
        """The only attributes of such a type's instances that may be read, if they are limited."""
        if kind not in self._limits:
            self._limits[kind] = next((self.limited[above] for above in kind.__mro__ if above in self.limited), None)
        return self._limits[kind]

    def _read_of_type(self, kind: type, name: str) -> Any:
        limits = self._limits_of(kind)
        if limits is not None and name not in limits and not self.is_own(kind):
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        if issubclass(kind, str) and name in FORMATS:
            return lambda template, *args, **kwargs: self._formatter(str(template), name)(*args, **kwargs)
        if issubclass(kind, (np.ndarray, np.generic, np.dtype)) and name not in _ARRAY_NAMES:
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        value = getattr(kind, name)
        if issubclass(kind, BaseException) and name in EXCEPTION_BANNED and isinstance(value, _DESCRIPTORS):
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        if isinstance(value, _INSPECTION):
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        return value

    def read_special(self, obj: Any, name: str) -> Any:
        """A special attribute. Dictionaries are copies: what is written to a real one escapes all checks of names."""
        if type(obj) is ModuleView:
            return ModuleView.__getattr__(obj, name)
        if name in METHODS:
            return self._special_method(obj, name)
        if name in CAREFUL:
            return careful.read(self, obj, name)
        if name == "__class__":
            return self.type_of(obj)
        if name in ("__name__", "__qualname__", "__doc__", "__module__"):
            value = getattr(obj, name)
            if value is None or type(value) is str:
                return "builtins" if name == "__module__" and str(value).startswith("codeact") else value
        elif name in ("__cause__", "__context__") and isinstance(obj, BaseException):
            cause = getattr(obj, name)
            return cause if isinstance(cause, Exception) else None
        elif name == "__suppress_context__" and isinstance(obj, BaseException):
            return bool(obj.__suppress_context__)
        elif name == "__notes__" and isinstance(obj, BaseException):
            return list(getattr(obj, name))
        elif name == "__dict__" and self.is_own(type(obj)):
            return Snapshot(obj.__dict__)
        elif name in ("__dict__", "__annotations__", "__dataclass_fields__") and self.is_own(obj):
            return Snapshot({key: value for key, value in getattr(obj, name).items() if not key.startswith("__")})
        elif name == "__members__" and isinstance(obj, enum.EnumMeta):
            return obj.__members__
        elif name in ("__bases__", "__mro__", "mro") and isinstance(obj, type) and self._is_shown(obj):
            kinds = tuple(self.shown_type(kind) for kind in (obj.__bases__ if name == "__bases__" else obj.__mro__))
            return (lambda: list(kinds)) if name == "mro" else kinds
        elif name == "__match_args__" and self.is_own(obj):
            return tuple(getattr(obj, name))
        elif is_of_program(obj) and name in ("__annotations__", "__wrapped__", "__defaults__", "__code__"):
            if name == "__code__":
                return CodeNames(obj.__code__)
            value = getattr(obj, name)
            return Snapshot(value) if name == "__annotations__" else value
        elif name == "__wrapped__" and type(obj) in (_CACHED,):
            return obj.__wrapped__
        raise AttributeError(f"the attribute {name} of {type(obj).__name__} is not available here", name=name)

    def _is_shown(self, kind: type) -> bool:
        return self.is_own(kind) or kind in CONSTRUCTIBLE

    def shown_type(self, kind: type) -> Any:
        """A class as a program may have it: itself, or a token."""
        return kind if self._is_shown(kind) else token(kind)

    def _special_method(self, obj: Any, name: str) -> Any:
        """A special method by its name: of the program's own classes and instances, and of plain built-in types."""
        from codeact.sandbox.language import offered

        kind = type(obj)
        known = (
            self.is_own(kind)
            or (kind is super and self.is_own_super(obj))
            or (isinstance(obj, type) and (self.is_own(obj) or obj in offered.BASES or obj in CONSTRUCTIBLE))
            or (name in _PROTOCOL_METHODS and not isinstance(obj, type))
            or (isinstance(obj, type) and issubclass(obj, BaseException))
        )
        if not known:
            raise AttributeError(
                f"the attribute {name} of {kind.__name__} is not available here{instead(name)}", name=name
            )
        return getattr(obj, name)

    # ---- writing ----------------------------------------------------------------------------------------------------

    def write(self, obj: Any, changed: str | None = None) -> Any:
        """The object, if its attributes may be set. `changed` is one that is read first, as in `x.a += 1`."""
        kind = type(obj)
        if changed in BESIDES_FORMATS and issubclass(obj if isinstance(obj, type) else kind, (str, BaseException)):
            raise TypeError(f"the attribute {changed} of {kind.__name__} cannot be changed here")
        if kind in self.own or self.is_own(kind) or self.is_own(obj):
            return obj
        if kind in (types.FunctionType, Space, decimal.Context) or self.is_being_made(kind):
            return obj
        if isinstance(obj, np.ndarray):
            raise TypeError("attributes of an array cannot be set here; make a new one, as with reshape() or astype()")
        raise TypeError(f"attributes of {kind.__name__} objects cannot be set here")

    # ---- built-in functions -----------------------------------------------------------------------------------------

    def get(self, obj: Any, name: str, *default: Any) -> Any:
        """The built-in `getattr`."""
        if len(default) > 1:
            raise TypeError(f"getattr expected at most 3 arguments, got {2 + len(default)}")
        try:
            return self._named(obj, name)
        except AttributeError:
            if default:
                return default[0]
            raise

    def _named(self, obj: Any, name: str) -> Any:
        read = self.read_special if checked_name(name) in SPECIAL else self.getattr
        return read(obj, name)

    def has(self, obj: Any, name: str) -> bool:
        """The built-in `hasattr`."""
        try:
            self._named(obj, name)
        except AttributeError:
            return False
        return True

    def set(self, obj: Any, name: str, value: Any) -> None:
        """The built-in `setattr`."""
        if checked_name(name) in READABLE or name in CAREFUL:
            raise AttributeError(f"the attribute {name} cannot be set here", name=name)
        setattr(self.write(obj), name, value)

    def delete(self, obj: Any, name: str) -> None:
        """The built-in `delattr`."""
        if checked_name(name) in SPECIAL:
            raise AttributeError(f"the attribute {name} cannot be deleted here", name=name)
        delattr(self.write(obj), name)

    def type_of(self, *arguments: Any) -> Any:
        """The built-in `type`."""
        if len(arguments) == 3:
            return self.make_class(*arguments)
        if len(arguments) != 1:
            raise TypeError("type() takes 1 or 3 arguments")
        kind = type(arguments[0])
        if kind is types.MethodType and type(arguments[0].__self__).__module__.startswith("codeact."):
            kind = types.BuiltinFunctionType  # a built-in function of ours
        return self.shown_type(kind)

    def is_instance(self, obj: Any, kinds: Any) -> bool:
        """The built-in `isinstance`."""
        if type(kinds) is type:
            return isinstance(obj, kinds)
        return isinstance(obj, self._real_types(kinds))

    def is_subclass(self, kind: Any, kinds: Any) -> bool:
        """The built-in `issubclass`."""
        return issubclass(self._real_types(kind), self._real_types(kinds))

    def _real_types(self, kinds: Any) -> Any:
        from codeact.sandbox.language import offered

        if type(kinds) is tuple:
            return tuple([self._real_types(kind) for kind in kinds])
        if type(kinds) is Token:
            return kinds._type
        if type(kinds) is types.MethodType and kinds.__func__ is Guards.type_of:
            return type
        if kinds is offered.TYPED_DICT or kinds is offered.NAMED_TUPLE:
            raise TypeError(f"isinstance() takes a type, not {kinds!r}")
        return kinds

    def variables_of(self, obj: Any) -> dict[str, Any]:
        """The built-in `vars`, of one argument."""
        if not self.is_own(type(obj)) and not isinstance(obj, types.SimpleNamespace):
            raise TypeError("vars() takes an instance of one of your own classes here")
        return Snapshot(vars(obj))

    def names_of(self, *objects: Any) -> list[str]:
        """The built-in `dir`, of one argument: public names."""
        if not objects:
            raise TypeError("dir() takes one argument here")
        return [name for name in dir(objects[0]) if not name.startswith("_")]

    # ---- str.format -------------------------------------------------------------------------------------------------

    def _formatter(self, template: str, name: str) -> Callable[..., str]:
        if name == "format_map":
            return lambda mapping: format_text(template, (), mapping, self._named)
        return lambda *args, **kwargs: format_text(template, args, kwargs, self._named)


_CACHED = type(functools.lru_cache(abs))


def is_of_program(obj: object) -> bool:
    """Whether it is a function that a program wrote."""
    return type(obj) is types.FunctionType and obj.__code__.co_filename.startswith("<program ")


def _origin(alias: Any) -> Any:
    return alias.__origin__
