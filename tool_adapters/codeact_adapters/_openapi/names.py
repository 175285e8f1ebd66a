"""Python names out of whatever a document calls its operations, schemas and fields: ASCII, free, and hiding nothing."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Container
from urllib.parse import unquote

_LONGEST = 60


def snake_case(text: str) -> str:
    """`listPets`, `list-pets` and `List Pets` as `list_pets`; empty if there is no ASCII letter or digit."""
    text = re.sub(r"[^A-Za-z0-9]+", "_", text)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"_+", "_", text).strip("_").lower()[:_LONGEST].rstrip("_")


def class_case(text: str) -> str:
    """`order-item` as `OrderItem`; what is a class name already stays as it is."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    return "".join(word[0].upper() + word[1:] for word in words)[:_LONGEST]


def reference_name(reference: str) -> str:
    """What a reference calls its target: the last part of its pointer, or else the file's name without its ending."""
    name, _, pointer = reference.partition("#")
    last = unquote(pointer.rpartition("/")[2]).replace("~1", "/").replace("~0", "~")
    return last or name.rpartition("/")[2].partition(".")[0]


def field_name(text: str) -> str:
    """A name for a field or parameter: itself if it is a Python name, else the nearest."""
    if text.isascii() and text.isidentifier() and not text.startswith("_"):
        return text[:_LONGEST]
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST].rstrip("_")


def operation_name(operation_id: object, method: str, path: str) -> str:
    """A function name for an operation, from its id if it has one, else from its method and path.

    FastAPI builds its ids as function, path and method; the function's name alone is the better one.
    """
    if isinstance(operation_id, str):
        made_by_fastapi = f"{re.sub(r'[^A-Za-z0-9_]', '_', path)}_{method}"
        name = snake_case(operation_id.removesuffix(made_by_fastapi)) or snake_case(operation_id)
        if name:
            return name
    words = [f"by_{part[1:-1]}" if part.startswith("{") else part for part in path.split("/") if part]
    return snake_case("_".join([method, *words]))


def free(name: str, taken: Container[str], fallback: str, hides: bool = True) -> str:
    """The name, changed as little as needed to be a Python name that is not taken.

    Args:
        name: a name of ASCII letters, digits and underscores, or an empty string.
        taken: names in use.
        fallback: used where `name` is empty or begins with a digit.
        hides: whether the name must also stay clear of Python's built-in names.
    """
    if not name or name[0].isdigit():
        name = f"{fallback}_{name}" if name else fallback
    if keyword.iskeyword(name) or (hides and hasattr(builtins, name)):
        name += "_"
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
