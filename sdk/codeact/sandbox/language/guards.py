"""The language's part at run time: what a program may reach.

The filter sends each read and write of an attribute here. The program's own classes and the plain built-in types are
let through at once; everything else is decided by type. A program's own classes are those that it defined, that a
tool declares, or that `namedtuple` made for it.
"""

from __future__ import annotations

import abc
import builtins
import collections
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

import numpy as np

from codeact.sandbox.language import careful
from codeact.sandbox.language.formatting import format_text
from codeact.sandbox.language.names import BANNED, CAREFUL, METHODS, READABLE, SPECIAL, checked_name, instead
from codeact.sandbox.language.views import CodeNames, ModuleView, Snapshot, Space, Token, Whole, token
from codeact.sandbox.text import words

_FREE = frozenset(
    [
        list,
        dict,
        set,
        frozenset,
        tuple,
        int,
        float,
        complex,
        bool,
        bytes,
        bytearray,
        range,
        type(None),
        collections.deque,
    ]
)
"""Types all of whose public attributes are harmless, as long as `format` is not among them."""

_EXCEPTIONS = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and not name.startswith("_")
}
_FORMATS = frozenset(["format", "format_map"])
_EXCEPTION_BANNED = frozenset(["obj", "with_traceback"])
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

CONSTRUCTIBLE: set[type] = {
    *_FREE,
    str,
    object,
    slice,
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
    decimal.Decimal,
    fractions.Fraction,
    collections.Counter,
    collections.defaultdict,
    collections.OrderedDict,
    *_EXCEPTIONS.values(),
}
"""Types that `type(x)` may give back, because a program may make instances of them anyway."""

_FAST_BASES = frozenset(
    [object, abc.ABC, typing.Generic, typing.Protocol, list, dict, set, tuple, int, float, enum.Enum, enum.IntEnum]
)


_TUPLE_NAMES = frozenset(["_asdict", "_fields", "_replace"])
"""What a named tuple has, whoever made it."""

_PROTOCOL_METHODS = frozenset(["__iter__", "__next__", "__aiter__", "__anext__", "__await__"])
"""Special methods of any object that may be called by name."""

_BESIDES_FORMATS = _FORMATS | _EXCEPTION_BANNED
"""Names that are harmless but on text and exceptions."""


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


class Guards(Whole):
    """The hooks and built-in functions of one session."""

    def __init__(self) -> None:
        self.own: set[type] = set()  # let through at once
        self.fast: set[type] = {*_FREE, str}  # all that are; of text, all attributes but `format`
        self._own_checked: set[type] = set()  # own, but with a base whose attributes must be looked at
        self._stricts: dict[tuple[type, tuple[str, ...], bool], type] = {}
        self._making: list[tuple[str, tuple[type, ...]]] = []  # enums whose members are being made
        self.limited: dict[type, frozenset[str]] = {}  # types of which only some attributes may be read
        self._limits: dict[type, frozenset[str] | None] = {}
        self.getattr = self._make_getattr()

    # ---- own classes ------------------------------------------------------------------------------------------------

    def adopt(self, kind: type) -> type:
        """Take a class as the program's own."""
        fast = all(
            base in self.own or base in _FAST_BASES or base.__module__ == "codeact.sandbox.language.offered"
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
        banned = BANNED | (_BESIDES_FORMATS if issubclass(kind, (str, BaseException)) else frozenset())
        for name in sorted(name for name in fields if name in banned or (name[:2] == "__" and name[-2:] == "__")):
            raise TypeError(f"{kind.__name__} cannot have a field {name} here")
        children: list[type] = type.__subclasses__(kind)
        for below in children:
            self.check_fields(below, fields)

    # ---- reading ----------------------------------------------------------------------------------------------------

    def _make_getattr(self) -> Callable[[Any, str], Any]:
        fast, checked, formats, view = self.fast, self._read, _FORMATS, ModuleView

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
        if isinstance(obj, str) and name in _FORMATS:
            return self._formatter(obj, name)
        if kind is super and (name in _BESIDES_FORMATS or not self.is_own_super(obj)):
            raise AttributeError(f"the attribute {name} is not available through super() here", name=name)
        if isinstance(obj, _ALIASES):
            return self.getattr(_origin(obj), name)
        if isinstance(obj, type):
            return self._read_of_type(obj, name)
        if isinstance(obj, BaseException) and name in _EXCEPTION_BANNED:
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
        if issubclass(kind, str) and name in _FORMATS:
            return lambda template, *args, **kwargs: self._formatter(str(template), name)(*args, **kwargs)
        if issubclass(kind, (np.ndarray, np.generic, np.dtype)) and name not in _ARRAY_NAMES:
            raise AttributeError(f"the attribute {name} of {kind.__name__} is not available here", name=name)
        value = getattr(kind, name)
        if issubclass(kind, BaseException) and name in _EXCEPTION_BANNED and isinstance(value, _DESCRIPTORS):
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
        if changed in _BESIDES_FORMATS and issubclass(obj if isinstance(obj, type) else kind, (str, BaseException)):
            raise TypeError(f"the attribute {changed} of {kind.__name__} cannot be changed here")
        if kind in self.own or kind in self._own_checked or self.is_own(obj):
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

    # ---- patterns ---------------------------------------------------------------------------------------------------

    def match_class(self, kind: Any, attributes: tuple[str, ...], positional: bool) -> Any:
        """A class that a pattern may use, or what stands for it there."""
        if self.is_own(kind):
            by_position = match_args(getattr(kind, "__match_args__", ())) if positional else ()
            risky = not _BESIDES_FORMATS.isdisjoint((*attributes, *by_position))
            if not (attributes or by_position) or (type(kind) is type and not risky):
                return kind
            if risky and issubclass(kind, (BaseException, str)):
                raise TypeError("that attribute is not available in a pattern here")
            return self._strict(kind, by_position, risky)
        plain = kind in _FREE or kind is str
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

    # ---- str.format -------------------------------------------------------------------------------------------------

    def _formatter(self, template: str, name: str) -> Callable[..., str]:
        if name == "format_map":
            return lambda mapping: format_text(template, (), mapping, self._named)
        return lambda *args, **kwargs: format_text(template, args, kwargs, self._named)


_CACHED = type(functools.lru_cache(abs))


def is_of_program(obj: object) -> bool:
    """Whether it is a function that a program wrote."""
    return type(obj) is types.FunctionType and obj.__code__.co_filename.startswith("<program ")


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


class _Maker:
    """Stands for a class's metaclass while it is made: it sees the names of the body before there is a class."""

    def __init__(self, guards: Guards, abstract: bool = False) -> None:
        self._guards = guards
        self._metaclass = {"metaclass": abc.ABCMeta} if abstract else {}

    def __prepare__(self, name: str, bases: tuple[type, ...], **_: Any) -> Any:
        return types.prepare_class(name, bases, self._metaclass)[1]

    def __call__(self, name: str, bases: tuple[type, ...], names: Any, **keywords: Any) -> Any:
        careful.check_names(self._guards, names)
        kind = types.prepare_class(name, bases, self._metaclass)[0]
        making = self._guards._making
        making.append((name, bases or (object,)))
        try:
            return kind(name, bases, names, **keywords)
        finally:
            making.pop()


def _is_typed_dict(base: Any) -> bool:
    return base is typing.TypedDict or (isinstance(base, type) and type(base).__name__ == "_TypedDictMeta")


def _origin(alias: Any) -> Any:
    return alias.__origin__


def _is_generic(base: Any) -> bool:
    """Whether a base is `Generic[T]` or `Protocol[T]`."""
    return typing.get_origin(base) in (typing.Generic, typing.Protocol) and type(base).__module__ == "typing"


class Interrupted(BaseException):
    """`KeyboardInterrupt`, as a program may name it. The real one ends the program, and no program catches that."""


Interrupted.__name__ = Interrupted.__qualname__ = "KeyboardInterrupt"
Interrupted.__module__ = "builtins"


def exceptions() -> dict[str, type]:
    """The built-in exceptions that a program may name. `BaseException` is `Exception`: what ends a program passes."""
    return {
        **_EXCEPTIONS,
        "BaseException": Exception,
        "BaseExceptionGroup": ExceptionGroup,
        "SystemExit": SystemExit,
        "KeyboardInterrupt": Interrupted,
        "GeneratorExit": GeneratorExit,
    }
