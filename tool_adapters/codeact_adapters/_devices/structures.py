"""Values with fields, as programs see them: a frozen dataclass for each, with a type, a unit and a range a field."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from codeact.errors import ToolError
from codeact.tools.tool import check_name
from codeact.tools.wording import value_text
from codeact_adapters._devices.errors import DeviceError
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.values import Value, read_value

_ONE, _MANY = "structure", "list[structure]"
_DEEPEST = 8


@dataclass(frozen=True)
class Structure(Value):
    """A value with fields, or a list of such values. On the wire it is a dict.

    Attributes:
        fields: the parts, by the names that programs use.
        there: the names of the parts on the wire.
    """

    fields: Mapping[str, Value] = field(default_factory=dict)
    there: Mapping[str, str] = field(default_factory=dict)

    def _one_to_raw(self, value: Any) -> Any:
        return {self.there[name]: part.to_raw(getattr(value, name)) for name, part in self.fields.items()}

    def _one_from_raw(self, raw: Any, of: str) -> Any:
        if not isinstance(raw, Mapping):
            raise DeviceError(f"{of} is {value_text(raw)}, which has no fields")
        for name in self.there.values():
            if name not in raw:
                raise DeviceError(f"{of} lacks the field {name}")
        return self.kind(
            **{name: part.from_raw(raw[self.there[name]], f"{of}, field {name},") for name, part in self.fields.items()}
        )

    def _close(self, one: Any, other: Any, tolerance: float) -> bool:
        return all(part.same(getattr(one, name), getattr(other, name), tolerance) for name, part in self.fields.items())


def read_any_value(
    section: Section, encodings: Mapping[str, tuple[type, float, float]], structures: bool, owner: str
) -> Value:
    """As `read_value`, and what has the key `fields`, where the protocol has structures.

    Args:
        owner: the device, whose name the dataclasses begin with: no two devices share one.

    Raises:
        ToolError: a key is wrong.
    """
    if "fields" not in section:
        return read_value(section, encodings)
    if not structures:
        section.fail("this protocol has no structures; describe each field as a point", "fields")
    if len([key for key in section.keys if key == "fields"]) >= _DEEPEST:
        section.fail(f"structures are nested deeper than {_DEEPEST}", "fields")
    many = section.choice("type", (_ONE, _MANY), _ONE) == _MANY
    listed_fields = section.section("fields")
    assert listed_fields is not None
    fields: dict[str, Value] = {}
    there: dict[str, str] = {}
    annotations: dict[str, Any] = {}
    for name, part in listed_fields.items():
        try:
            check_name(name, "field")
        except ToolError as problem:
            part.fail(str(problem).removesuffix("; pass name=..."))
        fields[name] = value = read_any_value(part, encodings, structures, owner)
        annotations[name] = _described(value, part)
        there[name] = part.get("field", str, name)
        part.done()
    if not fields:
        listed_fields.fail("expected at least one field")
    twice = [name for name, wire in there.items() if list(there.values()).count(wire) > 1]
    if twice:
        listed_fields.fail(f"is the same field as {twice[0]}", twice[-1])
    words = [owner, *(key for key in section.keys[1:] if key not in ("fields", "arguments"))]
    name = "".join(part[:1].upper() + part[1:] for word in words for part in word.split("_"))
    kind = dataclasses.make_dataclass(
        name,
        list(annotations.items()),
        frozen=True,
        namespace={"__doc__": section.get("description", str, "").strip() or f"The value of {section.keys[-1]}."},
    )
    return Structure(kind=kind, raw_kind=dict, many=many, encoding=_MANY if many else _ONE, fields=fields, there=there)


def _described(value: Value, section: Section) -> Any:
    """The annotation of a field, with what the manifest says of it; a structure says that of its class."""
    said = "" if isinstance(value, Structure) else section.get("description", str, "").strip().rstrip(".")
    if not said:
        return value.annotation(limited=True)
    plain = dataclasses.replace(value, unit="").annotation(limited=True)
    return Annotated[plain, Field(description=f"{said}{value.in_words()}")]
