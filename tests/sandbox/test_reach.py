"""Everything that a program can reach through the language is walked, and nothing that leads out may be among it."""

from __future__ import annotations

import array
import asyncio
import collections
import configparser
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import graphlib
import hashlib
import io
import ipaddress
import pathlib
import random
import re
import string
import sys
import types
import typing
import urllib.parse
import zlib
import zoneinfo
from typing import Any

import numpy as np

from codeact.sandbox.language import dispatching, futures, logs, loop, queues
from codeact.sandbox.language.names import SPECIAL
from codeact.sandbox.language.program import Interpreter
from codeact.sandbox.language.stand_ins import Namespace, ToolProxy
from codeact.sandbox.language.views import ModuleView, Space, Token
from codeact.sandbox.process import warming

MOST = 100_000
"""How many things the walk may find before it is taken for one without an end."""

HOST_PATHS = ("site-packages", "/codeact/", sys.prefix + "/", sys.base_prefix + "/")
FORBIDDEN_MODULES = {
    "os",
    "posix",
    "sys",
    "builtins",
    "subprocess",
    "ctypes",
    "_ctypes",
    "importlib",
    "socket",
    "pickle",
    "shutil",
    "inspect",
    "gc",
}
FORBIDDEN_BUILTINS = {
    "open",
    "eval",
    "exec",
    "compile",
    "__import__",
    "getattr",
    "setattr",
    "delattr",
    "vars",
    "globals",
    "locals",
    "input",
    "breakpoint",
}
# What is of `sys` or `builtins` by its module and harmless.
HARMLESS = {"getsizeof", "getrecursionlimit"}
RAW_ARRAY_METHODS = {
    "tofile",
    "dump",
    "dumps",
    "setflags",
    "getfield",
    "setfield",
    "newbyteorder",
    "tobytes",
    "tostring",
    "view",
    "ctypes",
}


class Own(Exception):
    """Stands for an error that some library raised."""


def a_few_of_asyncio() -> dict[str, Any]:
    """Objects of the event loop, as a program gets hold of them."""
    made: dict[str, Any] = {"asynchronous generator": an_asynchronous_generator(), "coroutine": asyncio.sleep(0)}

    async def collect() -> None:
        view = loop._running_loop()
        made["loop"] = view
        made["task"] = asyncio.current_task()
        made["future"] = view.create_future()
        made["handle"] = view.call_soon(int)
        made["timer"] = view.call_later(0, int)
        made["gathered"] = loop._gather(1, 2)
        made["waiter"] = made["task"].__await__()
        for name in ("Lock", "Event", "Condition", "Semaphore", "Queue", "PriorityQueue", "TaskGroup"):
            made[f"asyncio.{name}"] = getattr(asyncio, name)()
        made["timeout"] = asyncio.timeout(1)
        await asyncio.sleep(0)

    loop.run(collect())
    return made


async def an_asynchronous_generator() -> Any:
    yield 1


def own_class(interpreter: Interpreter) -> Any:
    interpreter.run(
        "class Mine:\n    def __new__(cls): return super().__new__(cls)\n    def __getattr__(self, name): return name\n"
        "    def __setattr__(self, name, value): super().__setattr__(name, value)\n"
        "    def __get__(self, instance, owner): return 1"
    )
    return interpreter.variables["Mine"]


def an_error() -> BaseException:
    try:
        try:
            types.ModuleType("inner").nothing  # noqa: B018
        except AttributeError as inner:
            raise ValueError("outer") from inner
    except ValueError as error:
        return error
    raise AssertionError


def seeds(interpreter: Interpreter) -> dict[str, Any]:
    """What a program starts from, and one instance of each kind that it can make."""
    generator = (x for x in [1])
    warming.warm_up()
    asynchronous = a_few_of_asyncio()
    made: dict[str, Any] = {
        "array": np.arange(3.0),
        "numpy scalar": np.float64(1),
        "generator of numbers": np.random.default_rng(0),
        "dtype": np.dtype("f8"),
        "ufunc": np.add,
        "flat": np.arange(3).flat,
        "vectorize": np.vectorize(abs),
        "generator": generator,
        "error": an_error(),
        "attribute error": an_error().__cause__,
        "key error": KeyError("x"),
        "datetime": datetime.datetime(2020, 1, 1),
        "decimal": decimal.Decimal(1),
        "decimal context": decimal.Context(),
        "fraction": fractions.Fraction(1, 2),
        "pattern": re.compile("a"),
        "match": re.match("a", "a"),
        "function": lambda: 0,
        "partial": functools.partial(abs, 1),
        "cached": functools.lru_cache(abs),
        "counter": collections.Counter(),
        "deque": collections.deque(),
        "random": random.Random(1),
        "file of text": io.StringIO("x"),
        "template": string.Template("$a"),
        "field": dataclasses.field(default=1),
        "auto": enum.auto(),
        "alias": typing.List[int],  # noqa: UP006
        "type variable": typing.TypeVar("T"),
        **asynchronous,
        "future of an executor": futures.Executor().submit(int),
        "queue": queues.Queue(),
        "dispatched": dispatching.single(lambda value: 0),
        "dispatched method": dispatching.Method(lambda self, value: 0),
        "logger": interpreter._modules["logging"].getLogger("x"),
        "log handler": logs.Handler(),
        "redirected": interpreter._modules["contextlib"].redirect_stdout(io.StringIO()),
        "caught warnings": interpreter._modules["warnings"].catch_warnings(record=True),
        "zone": zoneinfo.ZoneInfo("UTC"),
        "pure path": pathlib.PurePosixPath("/a/b"),
        "windows path": pathlib.PureWindowsPath("c:/a"),
        "array of numbers": array.array("i", [1]),
        "memory": memoryview(b"ab"),
        "parser": configparser.ConfigParser(),
        "section": configparser.ConfigParser()["DEFAULT"],
        "sorter": graphlib.TopologicalSorter({1: {2}}),
        "hash": hashlib.sha256(b""),
        "address": ipaddress.ip_address("::1"),
        "network": ipaddress.ip_network("10.0.0.0/8"),
        "url": urllib.parse.urlparse("http://a/b"),
        "compressor": zlib.compressobj(),
        "polynomial": np.polynomial.Polynomial([1, 2]),
        "poly1d": np.poly1d([1, 2]),
        "random state": np.random.RandomState(1),
        "structured array": np.array([("a", 1)], dtype=[("name", "U3"), ("n", "i4")]),
        "structured scalar": np.array([("a", 1)], dtype=[("name", "U3"), ("n", "i4")])[0],
        "group": ExceptionGroup("many", [ValueError(1)]),
        "user dict": collections.UserDict(a=1),
        "partial method": functools.partialmethod(abs),
        "own class": own_class(interpreter),
        "own instance": own_class(interpreter)(),
        "tool": ToolProxy("tool", "doc", lambda args, kwargs: None),
        "namespace": Namespace("arm"),
        "space": Space(a=1),
        "iterator": iter([1]),
        "map": map(abs, [1]),
        "bound method": "".join,
        "unbound method": str.join,
    }
    made.update(
        {
            repr(value): value
            for value in ("text", b"bytes", 1, 1.5, 1j, True, None, (1,), [1], {1: 2}, {1}, range(2), slice(1))
        }
    )
    made.update({name: value for name, value in interpreter._builtins.items() if not name.startswith("__")})
    made.update({f"import {name}": view for name, view in interpreter._modules.items()})
    return made


def complaint(value: Any) -> str | None:
    """Why this must not be reachable."""
    kind = type(value)
    if isinstance(value, (types.ModuleType, types.FrameType, types.CodeType, types.TracebackType)):
        return kind.__name__
    if isinstance(value, io.IOBase) and not isinstance(value, (io.StringIO, io.BytesIO)):
        return "a file"
    owner = value if isinstance(value, type) else kind
    if (owner.__module__ or "").split(".")[0] in (
        "ctypes",
        "_ctypes",
        "cffi",
        "socket",
        "subprocess",
        "threading",
        "importlib",
    ):
        return f"of {owner.__module__}"
    if kind.__name__ == "PyCapsule":
        return "a capsule"
    if value is type:
        return "type"
    name = getattr(value, "__name__", "")
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)) and type(name) is str:
        module = getattr(value, "__module__", None)
        holder = getattr(value, "__self__", None)
        if (
            module in ("builtins", "io", "_io")
            and name in FORBIDDEN_BUILTINS
            and isinstance(value, types.BuiltinFunctionType)
        ):
            return f"the built-in {name}"
        if (
            module in FORBIDDEN_MODULES - {"builtins"}
            and name not in HARMLESS
            and isinstance(holder, (types.ModuleType, type(None)))
        ):
            return f"{module}.{name}"
        if name in RAW_ARRAY_METHODS and isinstance(holder, (np.ndarray, np.generic)):
            return f"array method {name}"
    if (
        isinstance(value, types.MethodDescriptorType)
        and name in RAW_ARRAY_METHODS
        and issubclass(value.__objclass__, (np.ndarray, np.generic))
    ):
        return f"array method {name}"
    if (
        isinstance(value, types.BuiltinFunctionType)
        and name in ("format", "format_map")
        and isinstance(getattr(value, "__self__", None), str)
    ):
        return "str.format"
    if isinstance(value, types.MethodDescriptorType) and name in ("format", "format_map"):
        return "str.format"
    if isinstance(value, type) and issubclass(value, (np.ndarray, np.memmap)):
        return "the constructor of arrays"
    if isinstance(value, dict) and "__builtins__" in value:
        return "a namespace"
    return None


def names_of(value: Any) -> list[str]:
    if isinstance(value, ModuleView):
        return dir(value)
    return [
        *dir(value),
        "__class__",
        "__dict__",
        "__cause__",
        "__context__",
        "__doc__",
        "__name__",
        "__annotations__",
        "__members__",
        *SPECIAL,
    ]


def identity(value: Any) -> Any:
    """The same for values that lead to the same things: texts, numbers, and the methods of one type."""
    if isinstance(value, (str, bytes, int, float, complex)):
        return type(value)
    if isinstance(value, (types.BuiltinFunctionType, types.MethodType)) and not isinstance(
        value.__self__, types.ModuleType
    ):
        holder = value.__self__
        return (value.__name__, holder if isinstance(holder, type) else type(holder))
    if isinstance(value, (np.ndarray, np.generic)):  # each view of an array has views
        return (type(value), value.dtype)
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, fractions.Fraction)):
        return type(value)
    if type(value).__module__ == "ipaddress":  # an address leads to others, without end since Python 3.13
        return type(value)
    return id(value)


def test_nothing_that_leads_out_can_be_reached() -> None:
    interpreter = Interpreter(True)
    read, guards = interpreter._guards.get, interpreter._guards
    start = seeds(interpreter)
    pending = collections.deque(start.items())
    seen: dict[Any, Any] = {}
    found: list[str] = []
    while pending:
        place, value = pending.popleft()
        if isinstance(value, str) and any(part in value for part in HOST_PATHS):
            found.append(f"{place}: a path of the host: {value!r:.80}")
        key = identity(value)
        if key in seen:
            continue
        seen[key] = value
        assert len(seen) < MOST, f"the walk does not end: {place}"
        why = complaint(value)
        if why is not None:
            found.append(f"{place}: {why}")
            continue
        for name in set(names_of(value)):
            try:
                pending.append((f"{place}.{name}", read(value, name)))
            except Exception:
                continue
        kind = guards.type_of(value)
        if not isinstance(kind, Token):
            pending.append((f"type({place})", kind))
        if isinstance(value, (list, tuple, set, frozenset)) and len(value) < 300:
            pending.extend((f"{place}[{index}]", item) for index, item in enumerate(value))
        if isinstance(value, (dict, types.MappingProxyType)) and len(value) < 500:
            pending.extend((f"{place}[{key!r}]", item) for key, item in list(value.items()))
    start["coroutine"].close()  # nobody awaits it
    assert len(seen) > 1_500, f"the walk did not get far: {len(seen)}"
    assert sorted(set(found)) == []


def test_the_walk_sees_what_it_should() -> None:
    """The walk itself: it complains of each thing that it looks for."""
    for value in (
        io,
        an_error().__traceback__,
        open,
        eval,
        type,
        np.ndarray,
        np.zeros(1).tofile,
        "{}".format,
        str.format,
        globals(),
        np.float64.tofile,
    ):
        assert complaint(value) is not None, value
