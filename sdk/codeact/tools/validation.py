"""The pydantic validator behind an annotation: exact types, lossless conversions only.

Lossless means: int to float, tuple to list and back, a list without repetition to a set, the value of an enum to its
member, a dict with the right keys to a dataclass, numpy scalars and arrays to plain numbers and lists, and a list of
numbers to an array. A string never becomes a number, nor True a 1; floats are finite unless the annotation says
`Field(allow_inf_nan=True)`.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin

from pydantic import AllowInfNan, BeforeValidator, PlainValidator, Strict, TypeAdapter
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from codeact.tools import annotations as kinds
from codeact.tools.wording import did_you_mean, listed, short_repr, value_text

Validate = Callable[[Mapping[str, Any]], dict[str, Any]]


def validator(fields: Mapping[str, Any], scope: Mapping[str, Any]) -> Validate:
    """Build a function that validates a mapping of these fields (annotations by name), any of which may be absent."""
    if not fields:
        return dict
    members = {name: NotRequired[to_pydantic(annotation, scope)] for name, annotation in fields.items()}
    # TypedDict's functional form takes any string as a key.
    make: Any = TypedDict
    adapter: TypeAdapter[Any] = TypeAdapter(make("Arguments", members))
    return adapter.validator.validate_python


def to_pydantic(annotation: Any, scope: Mapping[str, Any]) -> Any:
    """The annotation as pydantic must see it to validate as described above."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(to_pydantic(arguments[0], scope), *arguments[1:])]
    if isinstance(annotation, typing.NewType):
        return to_pydantic(annotation.__supertype__, scope)
    if kinds.is_anything(annotation):
        return Any
    if annotation in (None, type(None)):
        return annotation
    if origin is Literal:
        return Annotated[Any, PlainValidator(functools.partial(_choice, arguments))]
    scalar = kinds.plain_scalar(annotation)
    if scalar is float:
        return Annotated[float, Strict(), AllowInfNan(False)]
    if scalar is not None:
        return Annotated[scalar, Strict()]
    if kinds.is_array(annotation):
        return Annotated[Any, PlainValidator(functools.partial(_array, kinds.array_dtype(annotation)))]
    if kinds.is_image(annotation):
        return Annotated[Any, PlainValidator(_pillow if kinds.is_pillow(annotation) else _image)]
    if kinds.is_union(annotation):
        return Union[tuple(to_pydantic(argument, scope) for argument in arguments)]  # noqa: UP007
    if kinds.is_enum(annotation):
        return Annotated[Any, PlainValidator(functools.partial(_member, annotation))]
    if kinds.is_dataclass(annotation):
        return Annotated[Any, PlainValidator(_Fields(annotation, scope))]
    collection = (kinds.COLLECTIONS | kinds.PARAMETERS_ONLY)[origin or annotation]
    inner = tuple(arg if arg is Ellipsis else to_pydantic(arg, scope) for arg in arguments)
    shape: Any = collection
    if inner or (collection is tuple and origin is tuple):
        shape = typing.cast(Any, collection)[inner if inner else ()]
    if collection in (list, tuple):
        return Annotated[shape, BeforeValidator(_ordered)]
    if collection in (set, frozenset):
        return Annotated[shape, BeforeValidator(_distinct)]
    return shape


def without_numpy(value: Any) -> Any:
    """Numpy scalars and arrays, at any depth of plain collections, as Python numbers and lists."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return value
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    if type(value) in (list, tuple, set):
        return type(value)(without_numpy(item) for item in value)
    if type(value) is dict:
        return {without_numpy(key): without_numpy(item) for key, item in value.items()}
    return value


def _wrong(message: str) -> PydanticCustomError:
    # The message goes in as a value: pydantic would take braces in the template itself for fields.
    return PydanticCustomError("codeact", "{message}", {"message": message})


def _ordered(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return value
    raise _wrong("")


def _distinct(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return value
    if isinstance(value, (list, tuple)):
        try:
            distinct = set(value)
        except TypeError:
            raise _wrong("") from None
        if len(distinct) == len(value):
            return distinct
        raise _wrong(f"expected a set, got a {type(value).__name__} with repeated items")
    raise _wrong("")


def _choice(options: tuple[Any, ...], value: Any) -> Any:
    for option in options:  # by type as well: True is not 1 here
        if type(option) is type(value) and option == value:
            return option
    raise _wrong("")


def _member(declaration: Any, value: Any) -> Any:
    if isinstance(value, declaration):
        return value
    for member in declaration:
        if type(member.value) is type(value) and member.value == value:
            return member
    raise _wrong("")


def _array(dtype: Any, value: Any) -> Any:
    import numpy

    array = value
    if isinstance(value, (list, tuple)):
        try:
            array = numpy.asarray(value)
        except ValueError:
            raise _wrong(f"expected an array of one shape, got {value_text(value)}") from None
    if not isinstance(array, numpy.ndarray) or array.dtype == object:
        raise _wrong("")
    if dtype is None or numpy.issubdtype(array.dtype, dtype):
        return array
    wanted = numpy.dtype(float if dtype is numpy.floating else int if dtype is numpy.integer else dtype)
    if not numpy.can_cast(array.dtype, wanted, "safe"):
        raise _wrong(f"expected a numpy array of {wanted}, got one of {array.dtype}")
    return array.astype(wanted)


def _image(value: Any) -> Any:
    from codeact.values import Image

    if isinstance(value, Image):
        return value
    raise _wrong("")


def _pillow(value: Any) -> Any:
    return _image(value).to_pil()


class _Fields:
    """Validates a dict of fields, or an instance once more, field by field: a program can have put anything there.

    The validator of the fields is built at the first use, so that a dataclass may contain itself.
    """

    def __init__(self, declaration: type, scope: Mapping[str, Any]) -> None:
        self._declaration: Any = declaration
        self._scope = scope

    @functools.cached_property
    def _validate(self) -> Validate:
        return validator(kinds.field_types(self._declaration, self._scope), self._scope)

    @functools.cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(field.name for field in dataclasses.fields(self._declaration) if field.init)

    @functools.cached_property
    def _required(self) -> tuple[str, ...]:
        missing = dataclasses.MISSING
        fields = dataclasses.fields(self._declaration)
        return tuple(f.name for f in fields if f.init and f.default is missing and f.default_factory is missing)

    def __call__(self, value: Any) -> Any:
        name = self._declaration.__name__
        if isinstance(value, self._declaration):
            try:
                given = {field: getattr(value, field) for field in self._names}
            except AttributeError as error:
                raise _wrong(f"field {error.name!r} of {name} is missing") from None
        elif isinstance(value, dict):
            given = value
            for key in given:
                if key not in self._names:
                    raise _wrong(
                        f"{name} has no field {short_repr(key)}{did_you_mean(str(key), self._names)}; "
                        f"it has {listed(self._names)}"
                    )
            for field in self._required:
                if field not in given:
                    raise _wrong(f"field {field!r} of {name} is missing")
        else:
            raise _wrong("")
        return self._declaration(**self._validate(given))
