"""Annotations of tools: resolving them, telling which values may cross to a program, and finding the declared types.

What crosses: None, bool, int, float, str, bytes, lists, tuples, sets, dicts, dataclasses, enums, numpy arrays, images.
An annotation that asks for anything else is refused when the tool is declared.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from codeact.errors import ToolError

ALLOWED = (
    "None, bool, int, float, str, bytes, lists, tuples, sets, dicts, dataclasses, enums, numpy arrays and images "
    "(codeact.Image), and unions of these"
)
SCALARS = (bool, int, float, str, bytes)
# Abstract collections are taken as the concrete ones that cross.
COLLECTIONS: dict[Any, type] = {
    list: list,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Collection: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
    dict: dict,
    collections.abc.Mapping: dict,
    collections.abc.MutableMapping: dict,
}
PARAMETERS_ONLY: dict[Any, type] = {collections.abc.Iterable: list}
_MEMBER_VALUES = (bool, int, float, str, bytes, type(None))


def resolved_signature(function: Callable[..., Any], scope: Mapping[str, Any]) -> inspect.Signature:
    """The signature of a function with the annotations that are strings evaluated.

    Raises:
        NameError: an annotation names something that does not exist (yet).
        TypeError, ValueError: there is no signature.
    """
    signature = inspect.signature(function)
    target: Any = function
    while isinstance(target, functools.partial):
        target = target.func
    target = inspect.unwrap(target)
    if hasattr(target, "__signature__"):
        return signature  # built on purpose, of real types
    if not inspect.isroutine(target):
        target = type(target).__call__
    target = getattr(target, "__func__", target)
    hints = typing.get_type_hints(target, localns=dict(scope), include_extras=True)
    parameters = [
        parameter.replace(annotation=hints.get(parameter.name, parameter.empty))
        for parameter in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters, return_annotation=hints.get("return", signature.empty))


def is_array(annotation: Any) -> bool:
    """Whether the annotation is numpy.ndarray or one of its typed forms."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and (get_origin(annotation) or annotation) is numpy.ndarray


def array_dtype(annotation: Any) -> Any:
    """The dtype that `numpy.typing.NDArray[...]` asks for, or None."""
    for argument in get_args(annotation)[1:]:
        for scalar in get_args(argument):
            if isinstance(scalar, type) and scalar not in (Any, sys.modules["numpy"].generic):
                return scalar
    return None


def is_image(annotation: Any) -> bool:
    """Whether the annotation is an image: codeact's or Pillow's."""
    values = sys.modules.get("codeact.values")
    return is_pillow(annotation) or (values is not None and annotation is values.Image)


def is_pillow(annotation: Any) -> bool:
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and annotation is pillow.Image


def plain_scalar(annotation: Any) -> type | None:
    """bool, int, float, str or bytes, also for numpy's scalar types; None for anything else."""
    if annotation in SCALARS:
        return typing.cast(type, annotation)
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(annotation, type) and issubclass(annotation, numpy.generic):
        for family, scalar in ((numpy.bool_, bool), (numpy.integer, int), (numpy.floating, float)):
            if issubclass(annotation, family):
                return scalar
    return None


def is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def options(union: Any) -> list[Any]:
    """The members of a union and of the unions in it, None last; empty for anything else."""
    inner = bare(union)
    found: list[Any] = []
    for member in get_args(inner) if is_union(inner) else ():
        found += [option for option in options(member) or [member] if option not in found]
    return sorted(found, key=lambda option: option in (None, type(None)))


def is_anything(annotation: Any) -> bool:
    return annotation in (Any, object, inspect.Parameter.empty)


def bare(annotation: Any) -> Any:
    """The annotation without `Annotated`, `NewType` and string aliases around it."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        else:
            return annotation


def is_dataclass(annotation: Any) -> bool:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, enum.Enum)


def field_types(dataclass: type, scope: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Annotations of the fields that a constructor of this dataclass takes, by name, with strings evaluated."""
    names = vars(sys.modules.get(dataclass.__module__, object))
    hints = typing.get_type_hints(dataclass, dict(names), {**(scope or {}), **vars(dataclass)}, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(dataclass) if field.init}


def check(
    annotation: Any, where: str, declared: dict[str, type], scope: Mapping[str, Any], returns: bool = False
) -> None:
    """Refuse an annotation whose values cannot cross; put the dataclasses and enums it reaches into `declared`.

    Types are declared after those that they are made of.

    Raises:
        ToolError: the annotation, at the place `where`, cannot cross, or two declared types share a name.
        NameError: a field's annotation names something that does not exist.
    """
    annotation = bare(annotation)
    origin = get_origin(annotation)
    collection = COLLECTIONS.get(origin or annotation) or (not returns and PARAMETERS_ONLY.get(origin or annotation))
    if is_anything(annotation) or annotation in (None, type(None)) or plain_scalar(annotation):
        return
    if returns and annotation in (typing.NoReturn, typing.Never):
        return
    if is_array(annotation) or is_image(annotation):
        return
    if is_union(annotation) or collection:
        for argument in get_args(annotation):
            if argument is not Ellipsis:
                check(argument, where, declared, scope, returns)
        return
    if origin is Literal:
        for value in get_args(annotation):
            if isinstance(value, enum.Enum):
                check(type(value), where, declared, scope, returns)
        return
    if is_enum(annotation):
        _check_enum(annotation, where)
        _declare(annotation, where, declared)
        return
    if is_dataclass(annotation):
        if declared.get(annotation.__name__) is annotation:
            return
        _declare(annotation, where, declared)
        for name, inner in field_types(annotation, scope).items():
            if isinstance(inner, dataclasses.InitVar):
                raise ToolError(f"{where}: field {name!r} of {annotation.__name__} is an InitVar, which cannot cross")
            check(inner, f"{where}: field {name!r} of {annotation.__name__}", declared, scope, returns)
        declared[annotation.__name__] = declared.pop(annotation.__name__)  # after its parts
        return
    raise ToolError(
        f"{where} is annotated `{annotation_name(annotation)}`, which cannot cross between a program and the host; "
        f"what can: {ALLOWED}{_advice(annotation, returns)}"
    )


def annotation_name(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        module = annotation.__module__
        return annotation.__qualname__ if module == "builtins" else f"{module}.{annotation.__qualname__}"
    return str(annotation)


def _advice(annotation: Any, returns: bool) -> str:
    origin = get_origin(annotation) or annotation
    if returns and origin in (
        collections.abc.Iterator,
        collections.abc.Iterable,
        collections.abc.Generator,
        collections.abc.AsyncIterator,
        collections.abc.AsyncGenerator,
    ):
        return ". Return a list instead"
    if isinstance(origin, type) and (
        hasattr(origin, "model_fields") or hasattr(origin, "__total__") or hasattr(origin, "_fields")
    ):
        return ". A dataclass with the same fields can cross"
    return ""


def _declare(declaration: type, where: str, declared: dict[str, type]) -> None:
    name = declaration.__name__
    if declared.setdefault(name, declaration) is not declaration:
        raise ToolError(f"{where}: there are two different types named {name}; rename one of them")
    if not name.isidentifier():
        raise ToolError(f"{where}: the type name {name!r} is not a Python name")


def _check_enum(declaration: type[enum.Enum], where: str) -> None:
    if issubclass(declaration, enum.Flag):
        raise ToolError(f"{where} is annotated with the flag {declaration.__name__}; flags cannot cross, enums can")
    for member in declaration:
        value = member.value
        if not all(isinstance(part, _MEMBER_VALUES) for part in (value if isinstance(value, tuple) else (value,))):
            raise ToolError(
                f"{where}: {declaration.__name__}.{member.name} has a value of type {type(value).__name__}; "
                "an enum that crosses has plain values (numbers, strings, bytes, None, or tuples of these)"
            )
