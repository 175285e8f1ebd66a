"""Structures of OPC UA servers (OPC 10000-6, 5.2.6 and 5.2.7), read by what the server says of their types.

asyncua can do this by writing Python source out of what a server says and running it; here nothing that a server says
becomes code.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeact.tools.wording import listed, value_text
from codeact_adapters._devices.errors import DeviceError
from codeact_adapters._devices.structures import Structure
from codeact_adapters._devices.values import SIZED, WORDS

HOLDS: dict[str, tuple[type, float, float]] = {
    "Boolean": (bool, 0, 1),
    "SByte": (int, -128, 127),
    "Byte": (int, 0, 255),
    **{word.replace("uint", "UInt").replace("int", "Int"): held for word, held in SIZED.items() if "int" in word},
    "Float": (float, -math.inf, math.inf),
    "Double": (float, -math.inf, math.inf),
    "String": (str, -math.inf, math.inf),
}
"""Types of variables and fields, with what they hold (OPC 10000-6, 5.1.2)."""

_DEEPEST, _MOST_FIELDS = 8, 200
_PLAIN, _WITH_OPTIONAL = 0, 1  # structures: OPC 10000-3, 8.49
_LARGEST_FLOAT = 3.4028234663852886e38  # IEEE 754, single precision
_SKIPPED = frozenset(
    {
        "DateTime", "Guid", "ByteString", "XmlElement", "NodeId", "ExpandedNodeId", "StatusCode", "QualifiedName",
        "LocalizedText",
    }
)  # fmt: skip
"""Types of fields that no manifest can name, and that can stand beside those that it names."""


@dataclass(frozen=True)
class Member:
    """A field. `kind` is asyncua's type of a plain one, or what a structure is made of."""

    name: str
    kind: Any
    many: bool
    optional: bool


@dataclass(frozen=True)
class Shape:
    """What a structure is made of.

    Attributes:
        name: of the type, for messages.
        encoding: the identifier that says, before a structure's bytes, what they are.
        masked: whether its bytes begin with which optional fields there are.
    """

    name: str
    encoding: Any
    masked: bool
    members: tuple[Member, ...]


async def read_shape(client: Any, data_type: Any, depth: int = 0) -> Shape:
    """Ask a server what the structure of a data type is made of.

    Raises:
        DeviceError: it has no such type, or one that cannot be read.
    """
    from asyncua import ua
    from asyncua.ua.uaerrors import UaError

    name = data_type.to_string()
    try:
        node = client.get_node(data_type)
        definition = await node.read_data_type_definition()
    except UaError as problem:
        if (known := _known(data_type)) is not None:
            return known
        raise DeviceError(f"the server does not say what the structure {name} is made of ({problem})") from problem
    if not isinstance(definition, ua.StructureDefinition):
        if (known := _known(data_type)) is not None:
            return known
        raise DeviceError(f"the type {name} of the server is no structure")
    if definition.StructureType not in (_PLAIN, _WITH_OPTIONAL):
        raise DeviceError(f"the structure {name} is a union, or holds types that are not known before; neither is read")
    fields = definition.Fields or []
    if depth >= _DEEPEST or not 0 < len(fields) <= _MOST_FIELDS:
        raise DeviceError(
            f"the structure {name} is nested deeper than {_DEEPEST}, or has none or over {_MOST_FIELDS} fields"
        )
    members = [await _member(client, field, name, depth) for field in fields]
    encoding = definition.DefaultEncodingId
    if encoding is None or encoding.is_null():
        encoding = await _encoding(node, name)
    return Shape(name, encoding, definition.StructureType == _WITH_OPTIONAL, tuple(members))


def _known(data_type: Any) -> Shape | None:
    """The shape of a structure of the standard's own, such as Range: not every server says what those are made of."""
    from asyncua import ua

    kinds = ua.typeid_by_extension_objects
    known = next((kind for kind in kinds if getattr(kind, "data_type", None) == data_type), None)
    if known is None:
        return None
    members = []
    for field in dataclasses.fields(known):
        text = str(field.type).strip("'")
        inner = text.removeprefix("list[").removesuffix("]").removeprefix("ua.")
        kind = getattr(ua.VariantType, inner, ua.VariantType.Variant)  # which no manifest can name
        members.append(Member(field.name, kind, text.startswith("list["), False))
    return Shape(known.__name__, kinds[known], False, tuple(members))


async def _member(client: Any, field: Any, owner: str, depth: int) -> Member:
    from asyncua import ua
    from asyncua.common.ua_utils import data_type_to_variant_type

    kind: Any = await data_type_to_variant_type(client.get_node(field.DataType))
    if kind == ua.VariantType.ExtensionObject:
        kind = await read_shape(client, field.DataType, depth + 1)
    elif kind.name not in HOLDS and kind.name not in _SKIPPED:
        raise DeviceError(f"the field {field.Name} of {owner} is of type {kind.name}, which is not read")
    if (field.ValueRank is not None and field.ValueRank not in (-1, 0, 1)) or not isinstance(field.Name, str):
        raise DeviceError(f"the field {field.Name} of {owner} has several dimensions, which are not read")
    return Member(field.Name, kind, field.ValueRank == 1, bool(field.IsOptional))


async def _encoding(node: Any, name: str) -> Any:
    from asyncua import ua
    from asyncua.ua.object_ids import ObjectIds

    for encoding in await node.get_referenced_nodes(ObjectIds.HasEncoding, ua.BrowseDirection.Forward):
        if (await encoding.read_browse_name()).Name == "Default Binary":
            return encoding.nodeid
    raise DeviceError(f"the server does not say how the structure {name} is written in binary")


def require_fit(value: Structure, shape: Shape, what: str, writes: bool) -> None:
    """Hold what a manifest says of a structure against the server's type.

    Args:
        what: begins the messages.
        writes: whether it is to be written, for which all fields are needed.

    Raises:
        DeviceError: they do not fit.
    """
    members = {member.name: member for member in shape.members}
    for name, there in value.there.items():
        member, part = members.get(there), value.fields[name]
        if member is None:
            raise DeviceError(f"{what} has no field {there}; in the server it has {listed(members)}")
        if member.many is not part.many:
            raise DeviceError(f"{what}, field {name}, is {'a list' if member.many else 'one value'} in the server")
        if isinstance(member.kind, Shape) and isinstance(part, Structure):
            require_fit(part, member.kind, f"{what}, field {name},", writes)
        elif isinstance(member.kind, Shape) or isinstance(part, Structure):
            kind = "a structure" if isinstance(member.kind, Shape) else member.kind.name
            raise DeviceError(f"{what}, field {name}, is of type {kind} in the server")
        elif HOLDS.get(member.kind.name, (None,))[0] is not part.raw_kind:
            wanted = WORDS[part.raw_kind]
            raise DeviceError(
                f"{what}, field {name}, is {wanted} in the manifest, and {member.kind.name} in the server"
            )
    missing = [member.name for member in shape.members if member.name not in value.there.values()]
    if writes and missing:
        raise DeviceError(f"{what} can only be written whole: the manifest lacks its fields {listed(missing)}")


def from_server(value: Any, shape: Shape, many: bool) -> Any:
    """The dict of a structure as it came, or a list of them.

    Raises:
        DeviceError: it is none, or its bytes are not as its type says.
    """
    from asyncua import ua
    from asyncua.common.utils import Buffer

    if many:
        if not isinstance(value, list | None):
            raise DeviceError(f"what came is {value_text(value)}, not a list")
        return [from_server(item, shape, False) for item in value or []]
    if not isinstance(value, ua.ExtensionObject):  # of a type that asyncua knows
        return _of_instance(value, shape)
    if value.TypeId != shape.encoding or not isinstance(value.Body, bytes):
        raise DeviceError(f"what came is no structure {shape.name}")
    body = Buffer(value.Body)
    try:
        found = _unpacked(body, shape)
    except DeviceError:
        raise
    except Exception as problem:  # whatever reading wrong bytes leads to
        raise DeviceError(f"the bytes of a structure {shape.name} cannot be read: {problem}") from problem
    if len(body):
        raise DeviceError(f"a structure {shape.name} came with {len(body)} bytes more than its type says")
    return found


def _of_instance(value: Any, shape: Shape) -> Any:
    names = {member.name: member for member in shape.members}
    if value is None or not hasattr(type(value), "__dataclass_fields__"):
        raise DeviceError(f"what came is {value_text(value)}, and no structure {shape.name}")
    found: dict[str, Any] = {}
    for name, member in names.items():
        part = getattr(value, name, None)
        if part is None and member.optional:
            continue
        if isinstance(member.kind, Shape):
            part = from_server(part, member.kind, member.many)
        found[name] = _plain(part, member)
    return found


def _plain(part: Any, member: Member) -> Any:
    """A part as the wire has it: OPC UA has lists and texts that are null."""
    if part is None and member.many:
        return []
    if part is None and member.kind.name == "String":
        return ""
    return int(part) if isinstance(part, int) and not isinstance(part, bool) else part


def _unpacked(body: Any, shape: Shape) -> dict[str, Any]:
    from asyncua import ua
    from asyncua.ua.ua_binary import unpack_uatype

    mask, bit = (unpack_uatype(ua.VariantType.UInt32, body) if shape.masked else 0), 1
    found: dict[str, Any] = {}
    for member in shape.members:
        if member.optional:
            there, bit = bool(mask & bit), bit << 1
            if not there:
                continue
        if not member.many:
            found[member.name] = _plain(_one(body, member.kind), member)
            continue
        count = unpack_uatype(ua.VariantType.Int32, body)
        if count > len(body):  # each takes a byte at least
            raise DeviceError(f"a structure {shape.name} says that it holds {count:,} times {member.name}")
        found[member.name] = [_one(body, member.kind) for _ in range(count)]
    return found


def _one(body: Any, kind: Any) -> Any:
    from asyncua.ua.ua_binary import unpack_uatype

    return _unpacked(body, kind) if isinstance(kind, Shape) else unpack_uatype(kind, body)


def to_server(raw: Any, shape: Shape) -> Any:
    """What the server takes for the dict of a structure, or for a list of them.

    Raises:
        DeviceError: a number does not fit its type.
    """
    from asyncua import ua

    if isinstance(raw, list):
        return [to_server(each, shape) for each in raw]
    return ua.ExtensionObject(TypeId=shape.encoding, Body=ua.ByteString(_packed(raw, shape)))


def _packed(raw: Mapping[str, Any], shape: Shape) -> bytes:
    from asyncua import ua
    from asyncua.ua.ua_binary import pack_uatype

    optional = sum(member.optional for member in shape.members)
    written = [pack_uatype(ua.VariantType.UInt32, 2**optional - 1)] if shape.masked else []
    for member in shape.members:
        parts = raw[member.name] if member.many else [raw[member.name]]
        if member.many:
            written.append(pack_uatype(ua.VariantType.Int32, len(parts)))
        for part in parts:
            if isinstance(member.kind, Shape):
                written.append(_packed(part, member.kind))
            else:
                require_held(part, member.kind, f"field {member.name}")
                written.append(pack_uatype(member.kind, part))
    return b"".join(written)


def require_held(raw: Any, kind: Any, what: str) -> None:
    """Raise DeviceError where a number does not fit its type."""
    _, low, high = HOLDS[kind.name]
    fits = not isinstance(raw, (int, float)) or low <= raw <= high
    if not fits or (kind.name == "Float" and abs(raw) > _LARGEST_FLOAT):
        raise DeviceError(f"{raw} does not fit {kind.name} of {what}")
