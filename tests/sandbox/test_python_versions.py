"""What each version of Python brings: a new attribute, statement or built-in that nobody has looked at fails here."""

from __future__ import annotations

import ast
import builtins
import sys
import types
import typing
from collections import namedtuple
from collections.abc import Iterator

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Sandbox, levels
from codeact.sandbox.language import offered
from codeact.sandbox.language.exceptions import exceptions
from codeact.sandbox.language.filter import Filter
from codeact.sandbox.language.names import SPECIAL, checked_name, is_private
from codeact.sandbox.language.offered_names import LISTED


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_this_version_is_verified() -> None:
    assert sys.version_info[:2] in levels.VERIFIED_PYTHONS


def test_the_filter_is_missing_on_a_version_that_was_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    version = namedtuple("version_info", "major minor micro releaselevel serial")
    monkeypatch.setattr(sys, "version_info", version(3, 99, 0, "final", 0))
    levels.level.cache_clear()
    try:
        with pytest.raises(SandboxError, match=r"'filter' is missing: .* not been verified on CPython 3\.99"):
            levels.require(())
        with pytest.raises(SandboxError, match=r"use CPython 3\.11, 3\.12, 3\.13\. .*without=\('filter',\)"):
            levels.require(())
        levels.require(("filter",))
    finally:
        monkeypatch.undo()
        levels.level.cache_clear()


CALLS_THAT_IMPORT = {
    "strptime of datetime": ("from datetime import datetime\ndatetime.strptime('2024-01-02', '%Y-%m-%d').day", 2),
    "strptime of time": ("import time\ntime.strptime('2024', '%Y').tm_year", 2024),
    "division of long integers": ("(10**30_000 // 3**40_000) % 1000", 10**30_000 // 3**40_000 % 1000),
    "a mean": ("import numpy as np\nfloat(np.arange(3.0).mean())", 1.0),
    "a dtype of fields": ("import numpy as np\nlen(np.zeros(2, dtype='f8,i4'))", 2),
}


@pytest.mark.parametrize("name", CALLS_THAT_IMPORT)
def test_a_built_in_function_may_import_for_itself(sandbox: Sandbox, name: str) -> None:
    code, expected = CALLS_THAT_IMPORT[name]
    execution = sandbox.run(code)
    assert execution.error is None, execution.error.text if execution.error else ""
    assert execution.value == expected


@pytest.mark.parametrize("module", ["_strptime", "_pylong", "numpy._core", "os", "sys.monitoring", "_interpreters"])
def test_what_a_function_imports_is_not_offered(sandbox: Sandbox, module: str) -> None:
    execution = sandbox.run(f"import {module}")
    assert execution.error is not None
    assert execution.error.type == "ModuleNotFoundError"


# ---- tables: what was looked at -------------------------------------------------------------------------------------

_TEXT = """capitalize center count decode encode endswith expandtabs find fromhex hex index isalnum isalpha isascii
    isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip
    maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines
    startswith strip swapcase title translate upper zfill casefold"""
_NUMBER = """as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag is_integer numerator real
    to_bytes fromhex hex"""
_EXCEPTION = """args characters_written code encoding end end_lineno end_offset errno filename filename2 lineno msg name
    derive exceptions message name_from object offset path print_file_and_line reason split start strerror subgroup
    text value"""

# Public attributes that a program may name, by type. `format` and `format_map` of text, `obj` and `add_note` of
# exceptions: guards.py decides.
HARMLESS = {
    # A generator's own three verbs, and whether it runs. Never its frame, its code or what it waits for.
    "generator": "close send throw gi_running gi_suspended",
    "coroutine": "close send throw cr_running cr_suspended",
    "async_generator": "aclose asend athrow ag_running ag_suspended",
    "str": _TEXT + " format format_map",
    "bytes": _TEXT,
    "bytearray": _TEXT + " append clear copy extend insert pop remove reverse",
    "bool": _NUMBER,
    "int": _NUMBER,
    "float": _NUMBER,
    "complex": _NUMBER,
    "dict": "clear copy fromkeys get items keys pop popitem setdefault update values",
    "mappingproxy": "copy get items keys values",
    "frozenset": "copy difference intersection isdisjoint issubset issuperset symmetric_difference union",
    "set": """add clear copy difference difference_update discard intersection intersection_update isdisjoint issubset
        issuperset pop remove symmetric_difference symmetric_difference_update union update""",
    "list": "append clear copy count extend index insert pop remove reverse sort",
    "tuple": "count index",
    "range": "count index start step stop",
    "slice": "indices start step stop",
    "property": "deleter fdel fget fset getter setter",
}
# What no program can get hold of, as the crawler of test_reach.py and `_INSPECTION` of guards.py see to, and what
# offered.py lists the attributes of: memoryview.
OUT_OF_REACH = {"code", "frame", "traceback", "cell", "memoryview", "DynamicClassAttribute", "_GeneratorWrapper"}
OUT_OF_REACH |= {"BuiltinImporter"}

SINGLE_UNDERSCORE = """_MutableMapping__marker _UserList__cast _from_iterable _hash _mapping _recreate_cm
    _abc_caches_clear _abc_impl _abc_registry_clear _asdict _dump_registry _field_defaults _fields
    _is_protocol _is_runtime_protocol _keep_positive _make _replace"""
"""Names such as a program gives its own attributes, which the classes that it may derive from have already."""

EXCEPTIONS = """ArithmeticError AssertionError AttributeError BlockingIOError BrokenPipeError BufferError BytesWarning
    ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError
    DeprecationWarning EOFError EncodingWarning EnvironmentError Exception FileExistsError FileNotFoundError
    FloatingPointError FutureWarning IOError ImportError ImportWarning IndentationError IndexError InterruptedError
    IsADirectoryError KeyError LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError
    NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError ProcessLookupError
    PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopIteration
    SyntaxError SyntaxWarning SystemError TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError
    UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning
    ZeroDivisionError BaseException BaseExceptionGroup ExceptionGroup SystemExit KeyboardInterrupt GeneratorExit
    StopAsyncIteration"""

# Every part of the grammar that the filter lets through or refuses by name, with its fields.
GRAMMAR = """
    Module: body type_ignores | Interactive: body | Expression: body
    FunctionDef: name args body decorator_list returns type_comment type_params
    AsyncFunctionDef: name args body decorator_list returns type_comment type_params
    ClassDef: name bases keywords body decorator_list type_params | TypeAlias: name type_params value
    Return: value | Delete: targets | Assign: targets value type_comment | AugAssign: target op value
    AnnAssign: target annotation value simple | For: target iter body orelse type_comment
    AsyncFor: target iter body orelse type_comment | While: test body orelse | If: test body orelse
    With: items body type_comment | AsyncWith: items body type_comment | Match: subject cases | Raise: exc cause
    Try: body handlers orelse finalbody | TryStar: body handlers orelse finalbody | Assert: test msg | Import: names
    ImportFrom: module names level | Global: names | Nonlocal: names | Expr: value | Pass: | Break: | Continue:
    BoolOp: op values | NamedExpr: target value | BinOp: left op right | UnaryOp: op operand | Lambda: args body
    IfExp: test body orelse | Dict: keys values | Set: elts | ListComp: elt generators | SetComp: elt generators
    DictComp: key value generators | GeneratorExp: elt generators | Await: value | Yield: value | YieldFrom: value
    Compare: left ops comparators | Call: func args keywords | FormattedValue: value conversion format_spec
    JoinedStr: values | Constant: value kind | Attribute: value attr ctx | Subscript: value slice ctx
    Starred: value ctx | Name: id ctx | List: elts ctx | Tuple: elts ctx | Slice: lower upper step
    Load: | Store: | Del: | And: | Or: | Add: | Sub: | Mult: | MatMult: | Div: | Mod: | Pow: | LShift: | RShift:
    BitOr: | BitXor: | BitAnd: | FloorDiv: | Invert: | Not: | UAdd: | USub: | Eq: | NotEq: | Lt: | LtE: | Gt: | GtE:
    Is: | IsNot: | In: | NotIn: | comprehension: target iter ifs is_async | ExceptHandler: type name body
    arguments: posonlyargs args vararg kwonlyargs kw_defaults kwarg defaults | arg: arg annotation type_comment
    keyword: arg value | alias: name asname | withitem: context_expr optional_vars | match_case: pattern guard body
    MatchValue: value | MatchSingleton: value | MatchSequence: patterns | MatchMapping: keys patterns rest
    MatchClass: cls patterns kwd_attrs kwd_patterns | MatchStar: name | MatchAs: pattern name | MatchOr: patterns
"""
# Names that only the tests of Python itself, or older versions' programs, still use.
OLD_GRAMMAR = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis", "Index", "ExtSlice", "Suite", "Param"}


def _types() -> dict[str, type]:
    found = [kind for module in (builtins, types) for kind in vars(module).values() if isinstance(kind, type)]
    return {kind.__name__: kind for kind in found}


@pytest.mark.parametrize("name", sorted(set(_types()) - OUT_OF_REACH))
def test_every_public_attribute_of_a_type_is_banned_or_known(name: str) -> None:
    kind = _types()[name]
    known = (_EXCEPTION + " obj add_note") if issubclass(kind, BaseException) else HARMLESS.get(name, "")
    assert {attribute for attribute in dir(kind) if _may_be_named(attribute)} - SPECIAL <= set(known.split())


def _may_be_named(attribute: str) -> bool:
    if is_private(attribute):  # guards.py: of a program's own classes only
        return False
    try:
        checked_name(attribute)
    except AttributeError:
        return False
    return True


def test_every_private_name_that_a_base_brings_is_known() -> None:
    bases = [base for base in offered.BASES if not issubclass(type(base), type(offered.Enum))]
    made = [type(base)("Own", (base,), {}) for base in bases]
    made += [typing.NamedTuple("Record", [("x", int)]), namedtuple("Pair", "x y"), offered.Enum, offered.IntFlag]
    names = {name for kind in made for name in (*dir(kind), *dir(type(kind))) if is_private(name)}
    assert names <= set(SINGLE_UNDERSCORE.split())


def test_every_built_in_exception_is_known() -> None:
    assert set(exceptions()) <= set(EXCEPTIONS.split())


def test_every_part_of_the_grammar_is_refused_or_known_with_its_fields() -> None:
    table = {}
    for entry in GRAMMAR.replace("\n", "|").split("|"):
        name, _, fields = entry.partition(":")
        table[name.strip()] = set(fields.split())
    for name, kind in vars(ast).items():
        if isinstance(kind, type) and issubclass(kind, ast.AST) and hasattr(Filter, f"visit_{name}"):
            assert set(kind._fields) <= table.get(name, set()) or name in OLD_GRAMMAR, name
            assert name in table or name in OLD_GRAMMAR, name


def test_a_statement_that_the_filter_has_never_heard_of_is_refused() -> None:
    class Novelty(ast.stmt):
        _fields = ("body",)

    filtered = Filter({}, "")
    filtered.visit(ast.Module([Novelty(body=[], lineno=1, col_offset=0)], []))
    assert [refusal.message for refusal in filtered.refused] == ["Novelty is not available here"]


def test_a_module_offers_less_on_an_older_version_only_where_known() -> None:
    newer = {"sumprod": (3, 12), "batched": (3, 12), "override": (3, 12), "binomialvariate": (3, 12)}
    newer |= {"fma": (3, 13), "PatternError": (3, 13), "ReadOnly": (3, 13)}
    for module, names in LISTED.items():
        for name in names.split():
            if sys.version_info >= newer.get(name, (3, 11)):
                assert hasattr(module, name), f"{module.__name__}.{name}"


NEW = {
    "type parameters of a function": ("def f[T](x: T) -> T:\n    return x", (3, 12), "leave them out"),
    "type parameters of a class": ("class Stack[T]:\n    pass", (3, 12), "leave them out"),
    "type parameters with defaults": ("class Stack[T = int]:\n    pass", (3, 13), "leave them out"),
    "what a bound would run": ("def f[T: ().__class__.__base__](x):\n    pass", (3, 12), "not available"),
    "a type statement": ("type Names = list[str]", (3, 12), "the type statement is not available here; write X = "),
    "an attribute in a nested f-string": ('f"{f"{().__class__.__base__}"}"', (3, 12), "__base__"),
    "type parameters, read": ("def f(): pass\nf.__type_params__", (3, 11), "__type_params__"),
    "type parameters, by name": ("def f(): pass\ngetattr(f, '__type_params__')", (3, 11), "__type_params__"),
    "static attributes": ("class C: pass\nC.__static_attributes__", (3, 11), "__static_attributes__"),
    "static attributes, set": ("class C:\n    __static_attributes__ = ()", (3, 11), "__static_attributes__"),
    "the first line": ("class C: pass\nC.__firstlineno__", (3, 11), "__firstlineno__"),
    "annotations by function": ("class C: pass\nC.__annotate__", (3, 11), "__annotate__"),
    "a frame's generator": ("def g(): yield\ng().gi_frame.f_generator", (3, 11), "gi_frame"),
    "a buffer": ("class C:\n    def __buffer__(self, flags): return b''", (3, 11), "may not define __buffer__"),
    "a replacement": ("class C:\n    def __replace__(self): return 1", (3, 11), "may not define __replace__"),
    "monitoring": ("import sys\nsys.monitoring", (3, 11), "does not offer 'monitoring'"),
    "a bound": ("from typing import TypeVar\nTypeVar('T').__bound__", (3, 11), "__bound__"),
    "the error of an open block": ("_IncompleteInputError", (3, 11), "not defined"),
}


@pytest.mark.parametrize("name", NEW)
def test_what_newer_versions_bring_is_refused(sandbox: Sandbox, name: str) -> None:
    code, since, said = NEW[name]
    if sys.version_info < since:
        pytest.skip(f"a syntax error before Python {since[0]}.{since[1]}")
    execution = sandbox.run(code)
    assert execution.error is not None
    assert said in execution.error.text


def test_newer_names_work_where_there_are_any(sandbox: Sandbox) -> None:
    code = """
import itertools, math, random, re, typing
found = []
if hasattr(itertools, "batched"):
    found += [list(itertools.batched(range(5), 2)), math.sumprod([1, 2], [3, 4]), random.binomialvariate(3, 1.0)]
    found.append(typing.override(len) is len)
if hasattr(re, "PatternError"):
    found += [math.fma(2.0, 3.0, 1.0), re.PatternError is re.error]
found
"""
    expected: list[object] = []
    if sys.version_info >= (3, 12):
        expected += [[[0, 1], [2, 3], [4]], 11, 3, True]
    if sys.version_info >= (3, 13):
        expected += [7.0, True]
    execution = sandbox.run(code)
    assert execution.error is None, execution.error.text if execution.error else ""
    assert [list(map(list, x)) if isinstance(x, list) else x for x in execution.value] == expected
