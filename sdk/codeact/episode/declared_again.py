"""Types, errors and signatures made again of the stubs that a trace holds.

Nothing of the stubs is run: they are parsed, and only names of types, literals and the forms that stubs are written in
are understood. What else stands there counts as `Any`, or as no default.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import enum
import inspect
import math
from collections.abc import Iterator
from inspect import Parameter, Signature
from typing import Any, Literal, NoReturn, Union

import numpy as np

from codeact.errors import ArgumentError, Refused, ToolError, TraceError
from codeact.values import Image

_BASES = {error.__name__: error for error in (ToolError, ArgumentError, Refused)}
_NAMES: dict[str, Any] = {
    kind.__name__: kind for kind in (bool, int, float, str, bytes, list, tuple, set, frozenset, dict)
}
_NAMES |= {"Any": Any, "Image": Image, "NoReturn": NoReturn}
_ENUMS = {kind.__name__: kind for kind in (enum.StrEnum, enum.IntEnum, enum.Enum)}
_UNKNOWN = object()


class DeclaredAgain:
    """What stubs declare.

    Attributes:
        signatures: dotted names of tools.
        types: dataclasses and enums by name.
        errors: exception classes by name, and those that every program knows.
    """

    def __init__(self, stubs: str) -> None:
        """Read stubs.

        Raises:
            TraceError: they are no Python.
        """
        try:
            module = ast.parse(stubs)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise TraceError(f"the trace holds stubs that are no Python: {error}") from None
        self.signatures: dict[str, Signature] = {}
        self.types: dict[str, type] = {}
        self.errors: dict[str, type[Exception]] = dict(_BASES)
        for node in module.body:
            self._declare(node, "")

    def _declare(self, node: ast.stmt, group: str) -> None:
        if isinstance(node, ast.FunctionDef):
            self.signatures[group + node.name] = self._signature(node)
        elif isinstance(node, ast.ClassDef):
            base = node.bases[0].id if node.bases and isinstance(node.bases[0], ast.Name) else ""
            if base in _ENUMS:
                self.types[node.name] = self._enum(node, _ENUMS[base])
            elif node.name in _BASES:
                pass  # stubs show them where errors derive from them
            elif base:
                self.errors[node.name] = type(node.name, (self._error(base),), {})
            elif node.decorator_list:
                self.types[node.name] = self._dataclass(node)
            elif node.name != Image.__name__ or group:
                for inner in node.body:
                    self._declare(inner, f"{group}{node.name}.")

    def _error(self, name: str) -> type[Exception]:
        found = self.errors.get(name) or getattr(builtins, name, None)
        return found if isinstance(found, type) and issubclass(found, Exception) else ToolError

    def raised(self, name: str, message: str) -> Exception:
        """An error as a tool raised it, by the name of its class."""
        try:
            return self._error(name)(message)
        except TypeError:  # one that takes more than a message
            return ToolError(message)

    def _enum(self, node: ast.ClassDef, base: Any) -> type[enum.Enum]:
        members = [
            (statement.targets[0].id, value)
            for statement in node.body
            if isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and (value := self._value(statement.value)) is not _UNKNOWN
        ]
        made: type[enum.Enum] = base(node.name, members)
        return made

    def _dataclass(self, node: ast.ClassDef) -> type:
        fields = [
            (statement.target.id, self._type(statement.annotation), self._field(statement.value))
            for statement in node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        ]
        frozen = isinstance(node.decorator_list[0], ast.Call)
        return dataclasses.make_dataclass(node.name, fields, frozen=frozen)

    def _field(self, node: ast.expr | None) -> Any:
        if node is None:
            return dataclasses.field()
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field"):
            value = self._value(node)
            return dataclasses.field(default=None if value is _UNKNOWN or _mutable(value) else value)
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        options: dict[str, Any] = {"kw_only": "kw_only" in given}
        if "default" in given:
            value = self._value(given["default"])
            options["default"] = None if value is _UNKNOWN or _mutable(value) else value
        elif "default_factory" in given:
            options["default_factory"] = self._factory(given["default_factory"])
        return dataclasses.field(**options)

    def _factory(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return {"list": list, "dict": dict, "set": set}.get(node.id, list)
        value = self._value(node.body) if isinstance(node, ast.Lambda) else _UNKNOWN
        return lambda: None if value is _UNKNOWN else value

    def _signature(self, node: ast.FunctionDef) -> Signature:
        return Signature(
            list(self._parameters(node.args)),
            return_annotation=self._type(node.returns) if node.returns is not None else Any,
        )

    def _parameters(self, given: ast.arguments) -> Iterator[Parameter]:
        ordinary = [*given.posonlyargs, *given.args]
        missing: list[ast.expr | None] = [None] * (len(ordinary) - len(given.defaults))
        for number, (argument, value) in enumerate(zip(ordinary, [*missing, *given.defaults], strict=True)):
            kind = Parameter.POSITIONAL_ONLY if number < len(given.posonlyargs) else Parameter.POSITIONAL_OR_KEYWORD
            yield self._parameter(argument, kind, value)
        if given.vararg is not None:
            yield self._parameter(given.vararg, Parameter.VAR_POSITIONAL, None)
        for argument, value in zip(given.kwonlyargs, given.kw_defaults, strict=True):
            yield self._parameter(argument, Parameter.KEYWORD_ONLY, value)
        if given.kwarg is not None:
            yield self._parameter(given.kwarg, Parameter.VAR_KEYWORD, None)

    def _parameter(self, node: ast.arg, kind: Any, value: ast.expr | None) -> Parameter:
        annotation = self._type(node.annotation) if node.annotation is not None else Any
        if value is None:
            return Parameter(node.arg, kind, annotation=annotation)
        default = self._value(value)
        if default is _UNKNOWN:  # a long one, which stubs do not show
            default, annotation = None, Any
        return Parameter(node.arg, kind, default=default, annotation=annotation)

    def _type(self, node: ast.expr) -> Any:
        """The type that an annotation means; Any where it is none that stubs use."""
        match node:
            case ast.Constant(value=None):
                return None
            case ast.Constant(value=value) if value is Ellipsis:
                return Ellipsis
            case ast.Name(id=name):
                return self.types.get(name) or _NAMES.get(name, Any)
            case ast.Attribute(value=ast.Name(id="np"), attr="ndarray"):
                return np.ndarray
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return Union[self._type(left), self._type(right)]  # noqa: UP007 - not all of these know `|`
            case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
                values = [self._value(each) for each in (inner.elts if isinstance(inner, ast.Tuple) else [inner])]
                return Literal[tuple(values)] if _UNKNOWN not in values else Any
            case ast.Subscript(
                value=ast.Name(id=("list" | "tuple" | "set" | "frozenset" | "dict") as name), slice=inner
            ):
                inside = tuple(map(self._type, inner.elts)) if isinstance(inner, ast.Tuple) else self._type(inner)
                return _NAMES[name][inside]
        return Any

    def _value(self, node: ast.expr) -> Any:
        """The value of a default, or `_UNKNOWN`."""
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=member):
                kind = self.types.get(name)
                return getattr(kind, member, _UNKNOWN) if kind and issubclass(kind, enum.Enum) else _UNKNOWN
            case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))]) if text in (
                "nan",
                "inf",
                "-inf",
            ):
                return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text]
        try:
            value = ast.literal_eval(node)
        except (ValueError, TypeError, RecursionError):
            return _UNKNOWN
        return _UNKNOWN if value is Ellipsis else value


def _mutable(value: object) -> bool:
    return isinstance(value, (list, dict, set))


def arguments_of(signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, with defaults."""
    bound: inspect.BoundArguments = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)
