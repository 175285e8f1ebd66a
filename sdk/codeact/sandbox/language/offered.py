"""The modules that a program may import: read-only views of listed names, never the real modules.

A real module leads to `sys`, `os` or `builtins` in a step or two (json.codecs, re.enum.sys, statistics.sys ...), so
each name is listed (see offered_names.py). What would let a program make classes, change foreign objects or read
unguarded attributes is replaced here by a version that keeps to the rules of guards.py.
"""

from __future__ import annotations

import abc
import array
import ast
import collections
import collections.abc
import configparser
import contextlib
import copy
import dataclasses
import datetime
import enum
import functools
import json
import operator
import pprint
import re
import shlex
import sys
import time
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from codeact.sandbox.language import dispatching, futures, logs, loop, queues, tracebacks, warned, zones
from codeact.sandbox.language.guards import Guards
from codeact.sandbox.language.offered_names import LISTED
from codeact.sandbox.language.offered_numpy import limited_numpy, numpy_views
from codeact.sandbox.language.streams import Stream
from codeact.sandbox.language.views import ModuleView, Space, token
from codeact.sandbox.text import words


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
        frozenset,
        tuple,
        int,
        float,
        complex,
        str,
        bytes,
        abc.ABC,
        typing.Protocol,
        datetime.tzinfo,
        json.JSONEncoder,
        contextlib.AbstractContextManager,
        contextlib.AbstractAsyncContextManager,
        contextlib.ContextDecorator,
        *[
            kind
            for name, kind in vars(collections.abc).items()
            if isinstance(kind, abc.ABCMeta) and name not in ("Callable", "ByteString", "Buffer")
        ],
        collections.UserDict,
        collections.UserList,
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


def _view(module: types.ModuleType, more: Mapping[str, Any] | None = None) -> ModuleView:
    names = {name: getattr(module, name) for name in LISTED[module].split() if hasattr(module, name)}
    return ModuleView(module.__name__, {**names, **(more or {})})


_LIMITED: dict[type, frozenset[str]] = {
    array.array: words(
        """append byteswap count extend frombytes fromlist index insert itemsize pop remove reverse tobytes tolist
        typecode"""
    ),
    memoryview: words("""contiguous format hex itemsize nbytes ndim readonly shape tobytes tolist"""),
    configparser.RawConfigParser: words(
        """add_section defaults get getboolean getfloat getint has_option has_section items keys options
        optionxform pop popitem read_dict read_string remove_option remove_section sections set setdefault
        update values write"""
    ),
}
"""What may be read of some objects: the rest leads to memory or files."""


def views(guards: Guards, stream: Stream, tell: tracebacks.Tell) -> dict[str, ModuleView]:
    """All modules that a program may import, by name.

    Args:
        guards: of the session, which has to know classes that are made for the program.
        stream: takes what is printed.
        tell: tells an error as the program may read it.
    """
    guards.limited.update(_LIMITED)
    guards.limited.update(limited_numpy())
    write = stream.write
    made = {module.__name__: _view(module) for module in LISTED}
    made["collections"] = _view(collections, {"namedtuple": _namedtuple(guards), "abc": made["collections.abc"]})
    made["functools"] = _view(
        functools,
        {
            "wraps": _wraps,
            "total_ordering": _total_ordering(guards),
            "singledispatch": dispatching.single,
            "singledispatchmethod": dispatching.Method,
            "partialmethod": dispatching.partial_method,
        },
    )
    made["operator"] = _view(operator, {"attrgetter": _attrgetter(guards), "methodcaller": _methodcaller(guards)})
    made["typing"] = _view(typing, {"NamedTuple": NAMED_TUPLE, "TypedDict": TYPED_DICT, "Type": token(type)})
    made["abc"] = _view(abc, {"ABCMeta": token(abc.ABCMeta)})  # for `metaclass=ABCMeta`, which the filter reads
    made["re"] = _view(re, {"Pattern": token(re.Pattern), "Match": token(re.Match)})
    made["pprint"] = _view(
        pprint,
        {
            "pprint": lambda value, *_, **options: write(pprint.pformat(value, **options) + "\n"),
            "pp": lambda value, *_, **options: write(pprint.pformat(value, **{"sort_dicts": False, **options}) + "\n"),
        },
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
            "InitVar": dataclasses.InitVar,
            "MISSING": dataclasses.MISSING,
            "KW_ONLY": dataclasses.KW_ONLY,
        },
    )
    # Without deepcopy's memo, which would give out what it passes on its way.
    made["copy"] = ModuleView("copy", {"copy": lambda x: copy.copy(x), "deepcopy": lambda x: copy.deepcopy(x)})
    made["types"] = _view(types, {"SimpleNamespace": Space})
    made["contextlib"] = _view(
        contextlib, {"redirect_stdout": stream.redirected(guards), "redirect_stderr": stream.redirected(guards)}
    )
    made["sys"] = _view(
        sys,
        {"stdout": stream, "stderr": stream, "argv": ["program"], "exit": leave, "setrecursionlimit": _nothing}
        | {"exc_info": tracebacks.exc_info},
    )
    made["time"] = _view(time, {"strptime": lambda *texts: time.strptime(*texts)})  # it imports, in its caller's name
    made["array"] = ModuleView("array", {"array": array.array})
    made["ast"] = ModuleView("ast", {"literal_eval": _literal_eval})
    made["shlex"] = ModuleView("shlex", {"split": _split_words, "quote": shlex.quote, "join": shlex.join})
    made["configparser"] = ModuleView(
        "configparser",
        {
            name: getattr(configparser, name)
            for name in words(
                """ConfigParser DuplicateOptionError DuplicateSectionError Error MissingSectionHeaderError
                NoOptionError NoSectionError ParsingError RawConfigParser"""
            )
        },
    )
    made["urllib"] = ModuleView("urllib", {"parse": made["urllib.parse"]})
    made["asyncio"] = loop.view(guards)
    made["queue"] = queues.view(guards)
    made.update(futures.views())
    made["zoneinfo"] = zones.view(guards)
    made["traceback"] = tracebacks.view(tell, write)
    made["warnings"] = warned.view(write)
    made["logging"] = logs.view(stream, tell)
    made["__future__"] = ModuleView("__future__", {"annotations": None, "division": None, "print_function": None})
    made.update(numpy_views())
    return made


def _literal_eval(text: Any) -> Any:
    """`ast.literal_eval`, of text."""
    if type(text) is not str:
        raise TypeError(f"literal_eval() takes text here, not {type(text).__name__}")
    return ast.literal_eval(text)


def _split_words(text: Any, comments: bool = False, posix: bool = True) -> list[str]:
    if type(text) is not str:
        raise TypeError(f"split() takes text here, not {type(text).__name__}")
    return shlex.split(text, bool(comments), bool(posix))


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


def _wraps(wrapped: Any, *_: object, **__: object) -> Any:
    """`functools.wraps`: names, doc, and the function itself."""

    def decorate(wrapper: Any) -> Any:
        if type(wrapper) is types.FunctionType:
            for name in ("__name__", "__qualname__", "__doc__"):
                value = getattr(wrapped, name, None)
                if type(value) is str:
                    setattr(wrapper, name, value)
            wrapper.__wrapped__ = wrapped  # type: ignore[attr-defined]
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
