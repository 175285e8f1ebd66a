"""What an annotation asks for, in words: `a number of at most 0.5`, `one of 'red', 'green'`, `a Pose`."""

from __future__ import annotations

import dataclasses
import enum
import typing
from typing import Annotated, Any, Literal, get_args, get_origin

from codeact.tools import annotations as kinds
from codeact.tools.render import Renderer

_SCALARS = {bool: "True or False", int: "a whole number", float: "a number", str: "a string", bytes: "bytes"}
_SYMBOLS = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below", "multiple_of": "a multiple of"}


def describe(annotation: Any) -> str:
    """Say what value the annotation asks for, with its constraints."""
    limits = constraints(annotation)
    text = _plain(kinds.bare(annotation))
    return f"{text} {limits}" if limits else text


def constraints(annotation: Any) -> str:
    """The limits of an `Annotated` type in words, such as `from 0 to 0.5` or `of at most 3 items`; else empty."""
    found: dict[str, Any] = {}
    for item in _metadata(annotation):
        for name in (*_SYMBOLS, "min_length", "max_length", "pattern"):
            limit = getattr(item, name, None)
            if limit is not None:
                whole = isinstance(limit, float) and limit.is_integer()
                found[name] = int(limit) if whole else limit
    both = "ge" in found and "le" in found
    words = [f"from {found.pop('ge')} to {found.pop('le')}"] if both else []
    words += [f"{symbol} {found[name]}" for name, symbol in _SYMBOLS.items() if name in found]
    unit = "characters" if kinds.plain_scalar(kinds.bare(annotation)) is str else "items"
    low, high = found.get("min_length"), found.get("max_length")
    if low is not None and low == high:
        words.append(f"of {low} {unit}")
    elif low is not None or high is not None:
        ends = [f"at least {low}" if low is not None else "", f"at most {high}" if high is not None else ""]
        words.append(f"of {' and '.join(end for end in ends if end)} {unit}")
    if "pattern" in found:
        words.append(f"that matches {found['pattern']!r}")
    return " and ".join(words).replace(" and of ", " and ")


def explanation(annotation: Any) -> str:
    """The description that an `Annotated` type carries (`Field(description=...)`), if any."""
    for item in _metadata(annotation):
        text = getattr(item, "description", None) or getattr(item, "documentation", None)
        if isinstance(text, str):
            return text
    return next((text for option in kinds.options(annotation) if (text := explanation(option))), "")


def note(name: str, annotation: Any) -> str:
    """What an annotation says beyond its type, as a line of a docstring; empty if it says nothing."""
    limited = constraints(annotation) or any(map(constraints, kinds.options(annotation)))
    parts = (explanation(annotation), describe(annotation) if limited else "")
    text = "; ".join(part for part in parts if part)
    return f"{name}: {text}" if text else ""


def made_by(annotation: Any) -> str:
    """Of a dataclass, how a program makes one: `; write Pose(x, y, z, speed=...)`. Empty for anything else."""
    declared = kinds.bare(annotation)
    if not kinds.is_dataclass(declared):
        return ""
    missing = dataclasses.MISSING
    parts = []
    for field in dataclasses.fields(declared):
        needed = field.default is missing and field.default_factory is missing and not field.kw_only
        if field.init:
            parts.append(field.name if needed else f"{field.name}=...")
    return f"; write {declared.__name__}({', '.join(parts)})"


def _metadata(annotation: Any) -> list[Any]:
    flat: list[Any] = []
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            flat += [item, *getattr(item, "metadata", [])]
    elif isinstance(annotation, typing.NewType):
        return _metadata(annotation.__supertype__)
    return flat


def _plain(annotation: Any) -> str:
    if kinds.is_anything(annotation):
        return "any value"
    if annotation in (None, type(None)):
        return "None"
    scalar = kinds.plain_scalar(annotation)
    if scalar is not None:
        return _SCALARS[scalar]
    if kinds.is_union(annotation):
        return " or ".join(describe(option) for option in kinds.options(annotation))
    if get_origin(annotation) is Literal:
        return _choice([str(v) if isinstance(v, enum.Enum) else repr(v) for v in get_args(annotation)])
    if kinds.is_enum(annotation):
        return _choice([f"{annotation.__name__}.{member.name}" for member in annotation])
    if kinds.is_array(annotation):
        return "a numpy array"
    if kinds.is_image(annotation):
        return "an Image"
    if kinds.is_dataclass(annotation):
        return f"{'an' if annotation.__name__[0] in 'AEIOU' else 'a'} {annotation.__name__}"
    return f"a {Renderer().annotation(annotation)}"


def _choice(options: list[str]) -> str:
    return options[0] if len(options) == 1 else f"one of {', '.join(options)}"
