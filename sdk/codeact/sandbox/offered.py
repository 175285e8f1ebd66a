"""The modules that a program may import: read-only views of listed names, never the real modules.

A real module leads to `sys`, `os` or `builtins` in a step or two (json.codecs, re.enum.sys, statistics.sys ...), so
each name is listed. What would let a program make classes, change foreign objects or read unguarded attributes is
replaced here by a version that keeps to the rules of guards.py.
"""

from __future__ import annotations

import abc
import base64
import bisect
import calendar
import cmath
import collections
import collections.abc
import contextlib
import copy
import csv
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import html
import io
import itertools
import json
import math
import numbers
import operator
import pprint
import random
import re
import statistics
import string
import struct
import sys
import textwrap
import time
import types
import typing
import unicodedata
import uuid
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from codeact.sandbox.guards import Guards
from codeact.sandbox.offered_numpy import numpy_views
from codeact.sandbox.views import ModuleView, Space, token


class _EnumMeta(enum.EnumMeta):
    """Enum's metaclass without the functional form, which could take any class as a mixin."""

    def __call__(cls, value: Any, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            raise TypeError("enums are made with a class statement here")
        make: Any = cls.__new__
        return make(cls, value)


class Enum(enum.Enum, metaclass=_EnumMeta):
    pass


class IntEnum(int, enum.ReprEnum, metaclass=_EnumMeta):
    pass


class StrEnum(str, enum.ReprEnum, metaclass=_EnumMeta):
    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[Any]) -> str:
        return name.lower()


class Flag(enum.Flag, metaclass=_EnumMeta):
    pass


class IntFlag(int, enum.ReprEnum, enum.Flag, metaclass=_EnumMeta):  # type: ignore[misc]
    pass


class _Marker:
    """A base that stands for one of typing's class factories."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"typing.{self._name}"


NAMED_TUPLE, TYPED_DICT = _Marker("NamedTuple"), _Marker("TypedDict")

BASES: frozenset[Any] = frozenset(
    [
        object,
        dict,
        list,
        set,
        tuple,
        int,
        float,
        str,
        abc.ABC,
        typing.Protocol,
        Enum,
        IntEnum,
        StrEnum,
        Flag,
        IntFlag,
        collections.OrderedDict,
        collections.defaultdict,
        collections.Counter,
        collections.deque,
        *[
            kind
            for kind in vars(__import__("builtins")).values()
            if isinstance(kind, type)
            and issubclass(kind, Exception)
            and not issubclass(kind, (ExceptionGroup, SyntaxError, UnicodeError, ImportError, NameError))
        ],
    ]
)
"""What a program's classes may derive from, besides its own."""

_LISTED = {
    math: """acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2
        expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp
        lgamma log log10 log1p
        log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp sumprod fma""",
    cmath: """acos asin atan cos cosh e exp inf infj isclose isfinite isinf isnan log log10 nan phase pi polar rect sin
        sinh sqrt tan tanh tau""",
    random: """betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits getstate
        lognormvariate normalvariate paretovariate randbytes randint random randrange sample seed setstate shuffle
        triangular uniform vonmisesvariate weibullvariate Random""",
    statistics: """NormalDist StatisticsError correlation covariance fmean geometric_mean harmonic_mean
        linear_regression mean median median_grouped median_high median_low mode multimode pstdev pvariance quantiles
        stdev variance""",
    itertools: """accumulate batched chain combinations combinations_with_replacement compress count cycle dropwhile
        filterfalse groupby islice pairwise permutations product repeat starmap takewhile tee zip_longest""",
    collections: "ChainMap Counter OrderedDict defaultdict deque",
    collections.abc: """Callable Collection Container Generator Hashable Iterable Iterator Mapping MutableMapping
        MutableSequence MutableSet Reversible Sequence Set Sized ByteString KeysView ValuesView ItemsView Awaitable
        Coroutine""",
    datetime: "MAXYEAR MINYEAR UTC date datetime time timedelta timezone",
    time: """asctime ctime gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns process_time
        sleep strftime strptime time time_ns""",
    calendar: "day_abbr day_name isleap leapdays month month_abbr month_name monthcalendar monthrange timegm weekday",
    json: "JSONDecodeError dump dumps load loads",
    re: """A ASCII DOTALL I IGNORECASE M MULTILINE PatternError S VERBOSE X compile error escape findall finditer
        fullmatch match search split sub subn""",
    decimal: """Context Decimal DecimalException DivisionByZero InvalidOperation ROUND_CEILING ROUND_DOWN ROUND_FLOOR
        ROUND_HALF_DOWN ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP getcontext localcontext""",
    fractions: "Fraction",
    heapq: "heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest",
    bisect: "bisect bisect_left bisect_right insort insort_left insort_right",
    string: """Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable
        punctuation whitespace""",
    textwrap: "dedent fill indent shorten wrap",
    base64: "b16decode b16encode b32decode b32encode b64decode b64encode urlsafe_b64decode urlsafe_b64encode",
    hashlib: "md5 sha1 sha224 sha256 sha384 sha512 sha3_256 blake2b blake2s",
    html: "escape unescape",
    io: "BytesIO StringIO",
    csv: "DictReader DictWriter QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC reader writer",
    struct: "Struct calcsize error pack unpack iter_unpack",
    unicodedata: "bidirectional category combining name normalize numeric lookup decimal digit",
    uuid: "UUID uuid4 uuid3 uuid5 NAMESPACE_DNS NAMESPACE_URL",
    numbers: "Complex Integral Number Rational Real",
    pprint: "pformat",
    types: "MappingProxyType",
    abc: "ABC abstractmethod",
    contextlib: "AbstractContextManager ExitStack closing contextmanager nullcontext suppress",
    operator: """abs add and_ concat contains countOf eq floordiv ge getitem gt indexOf inv invert is_ is_not
        itemgetter le lshift lt mod mul matmul ne neg not_ or_ pos pow rshift setitem delitem sub truediv truth xor
        iadd isub imul""",
    typing: """AbstractSet Annotated Any AnyStr Callable ClassVar Collection Counter DefaultDict Deque Dict Final
        FrozenSet Generator Generic Hashable Iterable Iterator List Literal LiteralString Mapping MutableMapping
        NoReturn Never NewType
        Optional OrderedDict Pattern Match ParamSpec Protocol Self Sequence Set Sized SupportsFloat SupportsInt
        TypeAlias TypeVar Tuple TypeGuard Union cast final overload runtime_checkable Awaitable Coroutine
        AsyncIterator AsyncGenerator Concatenate assert_never override TYPE_CHECKING""",
    functools: "cache cached_property cmp_to_key lru_cache partial reduce",
    sys: "byteorder float_info int_info maxsize maxunicode version version_info getsizeof getrecursionlimit",
}


def _view(module: types.ModuleType, more: Mapping[str, Any] | None = None) -> ModuleView:
    names = {name: getattr(module, name) for name in _LISTED[module].split() if hasattr(module, name)}
    return ModuleView(module.__name__, {**names, **(more or {})})


def views(guards: Guards, write: Callable[[str], None]) -> dict[str, ModuleView]:
    """All modules that a program may import, by name.

    Args:
        guards: of the session, which has to know classes that are made for the program.
        write: prints.
    """
    import asyncio

    from codeact.sandbox import lowered

    made = {module.__name__: _view(module) for module in _LISTED}
    made["collections"] = _view(collections, {"namedtuple": _namedtuple(guards), "abc": made["collections.abc"]})
    made["functools"] = _view(functools, {"wraps": _wraps, "total_ordering": _total_ordering(guards)})
    made["operator"] = _view(operator, {"attrgetter": _attrgetter(guards), "methodcaller": _methodcaller(guards)})
    made["typing"] = _view(typing, {"NamedTuple": NAMED_TUPLE, "TypedDict": TYPED_DICT, "Type": token(type)})
    made["abc"] = _view(abc, {"ABCMeta": token(abc.ABCMeta)})  # for `metaclass=ABCMeta`, which the filter reads
    made["re"] = _view(re, {"Pattern": token(re.Pattern), "Match": token(re.Match)})
    made["pprint"] = _view(
        pprint, {"pprint": lambda value, *_, **options: write(pprint.pformat(value, **options) + "\n")}
    )
    made["enum"] = ModuleView(
        "enum",
        {
            "Enum": Enum,
            "IntEnum": IntEnum,
            "StrEnum": StrEnum,
            "Flag": Flag,
            "IntFlag": IntFlag,
            "auto": enum.auto,
            "unique": enum.unique,
        },
    )
    made["dataclasses"] = ModuleView(
        "dataclasses",
        {
            "dataclass": _dataclass(guards),
            "field": dataclasses.field,
            "fields": lambda instance: dataclasses.fields(_own(guards, instance)),
            "asdict": lambda instance, **options: dataclasses.asdict(_own(guards, instance), **options),
            "astuple": lambda instance, **options: dataclasses.astuple(_own(guards, instance), **options),
            "replace": lambda instance, **changes: dataclasses.replace(_own(guards, instance), **changes),
            "is_dataclass": dataclasses.is_dataclass,
            "FrozenInstanceError": dataclasses.FrozenInstanceError,
            "MISSING": dataclasses.MISSING,
            "KW_ONLY": dataclasses.KW_ONLY,
        },
    )
    # Without deepcopy's memo, which would give out what it passes on its way.
    made["copy"] = ModuleView("copy", {"copy": lambda x: copy.copy(x), "deepcopy": lambda x: copy.deepcopy(x)})
    made["types"] = _view(types, {"SimpleNamespace": Space})
    made["warnings"] = ModuleView(
        "warnings",
        {
            "warn": lambda message, *_, **__: write(f"Warning: {message}\n"),
            "filterwarnings": _nothing,
            "simplefilter": _nothing,
        },
    )
    stream = _Stream(write)
    made["sys"] = _view(sys, {"stdout": stream, "stderr": stream, "argv": ["program"], "exit": leave})
    made["asyncio"] = ModuleView("asyncio", lowered.names(asyncio))
    made["__future__"] = ModuleView("__future__", {"annotations": None, "division": None, "print_function": None})
    made.update(numpy_views())
    return made


class _Stream:
    """`sys.stdout`: what is written there is printed."""

    __slots__ = ("_write",)

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        if type(text) is not str:
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back for long."""


def leave(code: object = None) -> None:
    """`sys.exit` and `exit`: end the program."""
    raise SystemExit(code)


def _nothing(*_: object, **__: object) -> None:
    return None


def _own(guards: Guards, instance: Any) -> Any:
    kind = instance if isinstance(instance, type) else type(instance)
    if not guards.is_own(kind):
        raise TypeError(f"{kind.__name__} is not a dataclass of yours")
    return instance


def _dataclass(guards: Guards) -> Any:
    known = ("init", "repr", "eq", "order", "unsafe_hash", "frozen", "kw_only", "slots", "match_args")

    def dataclass(cls: Any = None, /, **options: Any) -> Any:
        for option in options:
            if option not in known:
                raise TypeError(f"dataclass() got an unexpected keyword argument '{option}'")

        def wrap(kind: Any) -> Any:
            if not guards.is_own(kind):
                raise TypeError("dataclass() takes a class of your own")
            guards.check_fields(kind)
            return guards.adopt(dataclasses.dataclass(kind, **options))

        return wrap if cls is None else wrap(cls)

    return dataclass


def _namedtuple(guards: Guards) -> Any:
    def namedtuple(
        typename: str, field_names: Any, *, rename: bool = False, defaults: Iterable[Any] | None = None
    ) -> type:
        if type(typename) is not str or typename.startswith("_"):
            raise ValueError("namedtuple() takes a public name")
        names = field_names if type(field_names) is str else [str(name) for name in field_names]
        return guards.adopt(
            collections.namedtuple(typename, names, rename=bool(rename), defaults=defaults, module="__main__")
        )

    return namedtuple


def _total_ordering(guards: Guards) -> Any:
    def total_ordering(cls: Any) -> Any:
        if not guards.is_own(cls):
            raise TypeError("total_ordering() takes a class of your own")
        return functools.total_ordering(cls)

    return total_ordering


def _wraps(wrapped: Any, *_: object) -> Any:
    """`functools.wraps`: names and doc, and no more."""

    def decorate(wrapper: Any) -> Any:
        if type(wrapper) is types.FunctionType:
            for name in ("__name__", "__qualname__", "__doc__"):
                value = getattr(wrapped, name, None)
                if type(value) is str:
                    setattr(wrapper, name, value)
        return wrapper

    return decorate


def _attrgetter(guards: Guards) -> Any:
    def attrgetter(*names: str) -> Any:
        def read(obj: Any, name: str) -> Any:
            for part in name.split("."):
                obj = guards.get(obj, part)
            return obj

        if not names or any(type(name) is not str for name in names):
            raise TypeError("attribute name must be a string")
        if len(names) == 1:
            return lambda obj: read(obj, names[0])
        return lambda obj: tuple(read(obj, name) for name in names)

    return attrgetter


def _methodcaller(guards: Guards) -> Any:
    def methodcaller(name: str, /, *args: Any, **kwargs: Any) -> Any:
        return lambda obj: guards.get(obj, name)(*args, **kwargs)

    return methodcaller


def warm_up() -> None:
    """Call once what imports something when it is first called: behind the wall no import finds a file."""
    datetime.datetime.strptime("2020-01-31", "%Y-%m-%d")
    time.strptime("2020", "%Y")
    (10**30_000) // (3**40_000)  # from Python 3.12 on in a module of its own, _pylong
    datetime.datetime.now().astimezone().strftime("%c")
    statistics.stdev([1, 2, 3])
    decimal.Decimal(1) / 3
    random.seed(0)
    string.Template("$a").substitute(a=1)
    collections.namedtuple("P", "x")
    "é".encode("idna"), "é".encode("latin-1"), b"ab".decode("utf-16"), "a".encode("cp1252"), "a".encode("ascii")
    uuid.uuid4()
    json.dumps({"a": [1.5, None]}, indent=1)
    hashlib.new("sha256", b"").hexdigest()
    pprint.pformat({"a": list(range(50))})
    csv.DictReader(io.StringIO("a,b\n1,2")).__next__()
    copy.deepcopy([{"a": np.arange(2)}])
    with contextlib.suppress(ValueError):
        int("x")
    array = np.arange(6.0).reshape(2, 3)
    for name in [
        "mean",
        "std",
        "var",
        "sum",
        "prod",
        "min",
        "max",
        "any",
        "all",
        "argmin",
        "argmax",
        "round",
        "cumsum",
        "cumprod",
        "ptp",
        "trace",
        "ravel",
        "tolist",
        "sort",
    ]:
        with contextlib.suppress(Exception):
            getattr(array, name)()
    repr(array), str(array), f"{array[0, 0]:.2f}", array @ array.T, array.astype(int), array.clip(0, 1)
    square = array @ array.T + np.eye(2)
    (
        np.linalg.svd(array),
        np.linalg.inv(square),
        np.linalg.solve(square, [1, 2]),
        np.linalg.eigh(square),
        np.linalg.norm(array),
    )
    np.random.default_rng(0).normal(size=3), np.random.seed(0), np.random.rand(2)
    np.fft.fft(array), np.einsum("ij,ij", array, array), np.percentile(array, 5), np.median(array), np.histogram(array)
    (
        np.interp(1, [0, 2], [0, 2]),
        np.array(["a"]),
        np.array([1 + 2j]),
        np.unique([2, 1, 2]),
        np.polyfit([0, 1, 2], [0, 1, 2], 1),
    )
    np.array2string(array), repr(np.float64(1)), repr(np.array([1 + 2j, 3])), repr(np.array([True])), np.nanmean(array)
    repr(np.array(["2020-01-01"], dtype="datetime64[D]"))
    for attempt in (
        lambda: array.reshape(7),
        lambda: array @ array,
        lambda: np.linalg.inv(np.zeros((2, 2))),
        lambda: np.zeros(2) + np.zeros(3),
        lambda: np.zeros(2) / 0,
        lambda: array[9],
    ):
        with contextlib.suppress(Exception):
            attempt()
    warnings.simplefilter("ignore")
