"""Dataclasses and enums that tools declare, as data, and classes made of that data at the other end."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from typing import Any

from codeact.errors import UnsupportedValue
from codeact.values.packing import pack
from codeact.values.unpacking import unpack

_ENUM_BASES: dict[str, tuple[type, ...]] = {
    "IntEnum": (enum.IntEnum,),
    "StrEnum": (enum.StrEnum,),
    "int": (int, enum.Enum),
    "str": (str, enum.Enum),
}


def describe_types(types: Mapping[str, type]) -> list[dict[str, Any]]:
    """What the sandbox needs to know to make classes of the same names: fields with the defaults that cross, enum
    members.

    Raises:
        UnsupportedValue: where a type is neither a dataclass nor an enum, or a member's value cannot cross.
    """
    described: list[dict[str, Any]] = []
    for name, kind in types.items():
        doc = (kind.__doc__ or "") if kind.__dict__.get("__doc__") else ""
        if issubclass(kind, enum.Enum):
            base = next((key for key, bases in _ENUM_BASES.items() if all(issubclass(kind, b) for b in bases)), "")
            members = [
                [member, pack(item.value, types, f"{name}.{member}")] for member, item in kind.__members__.items()
            ]
            described.append({"name": name, "doc": doc, "base": base, "members": members})
        elif dataclasses.is_dataclass(kind):
            frozen = bool(getattr(kind, "__dataclass_params__").frozen)  # noqa: B009 - mypy does not know it
            described.append({"name": name, "doc": doc, "frozen": frozen, "fields": list(_fields(kind, types))})
        else:
            raise UnsupportedValue(f"type {name} is neither a dataclass nor an enum")
    return described


def _fields(kind: Any, types: Mapping[str, type]) -> Iterable[dict[str, Any]]:
    for field in dataclasses.fields(kind):
        entry: dict[str, Any] = {"name": field.name, "init": field.init, "keyword": bool(field.kw_only)}
        default = field.default
        if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if default is not dataclasses.MISSING:
            try:
                entry["default"] = pack(default, types)
            except UnsupportedValue:
                # A default that cannot cross is the host's own: in the sandbox the field has to be given.
                entry["required"] = True
        yield entry


def make_types(described: Iterable[Mapping[str, Any]]) -> dict[str, type]:
    """The classes of a description, made anew. Methods of the originals do not cross: only their data does."""
    made: dict[str, type] = {}
    for entry in described:
        name = entry["name"]
        kind: type
        if "members" in entry:
            mixin = _ENUM_BASES.get(entry["base"], (enum.Enum,))
            members = [(member, unpack(item, made)) for member, item in entry["members"]]
            kind = enum.EnumMeta(name, mixin, _members(name, mixin, members))
        else:
            kind = dataclasses.make_dataclass(name, [_field(f, made) for f in entry["fields"]], frozen=entry["frozen"])
        kind.__doc__ = entry["doc"] or name
        kind.__module__ = "tools"
        made[name] = kind
    return made


def _members(name: str, bases: tuple[type, ...], members: list[tuple[str, Any]]) -> Any:
    space: Any = enum.EnumMeta.__prepare__(name, bases)
    for member, value in members:
        space[member] = value
    return space


def _field(entry: Mapping[str, Any], made: Mapping[str, type]) -> tuple[str, Any, Any]:
    options: dict[str, Any] = {"init": entry["init"], "kw_only": entry["keyword"] or "required" in entry}
    if "default" in entry:
        wire = entry["default"]
        options["default_factory"] = lambda: unpack(wire, made)
    return (entry["name"], Any, dataclasses.field(**options))
