"""What a value of a device means to a program: type, unit, range, names; and how that becomes what the wire carries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from codeact.tools.wording import listed, value_text
from codeact_adapters._devices.errors import DeviceError
from codeact_adapters._devices.section import Section

PLAIN = {"bool": bool, "int": int, "float": float, "str": str}
WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
_LISTS = {f"list[{word}]": kind for word, kind in PLAIN.items()}
SIZED: dict[str, tuple[type, float, float]] = {
    **{f"int{bits}": (int, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (16, 32, 64)},
    **{f"uint{bits}": (int, 0, 2**bits - 1) for bits in (16, 32, 64)},
    **{f"float{bits}": (float, -math.inf, math.inf) for bits in (32, 64)},
}
"""Types as they lie in registers, with what they hold."""


_LONGEST_TEXT = 246  # bytes, in the 123 registers that one request of Modbus writes


@dataclass(frozen=True)
class Value:
    """A value on both sides.

    Attributes:
        kind: bool, int, float or str, as programs see it.
        raw_kind: the same, as the wire carries it.
        many: whether it is a list of these.
        encoding: the manifest's word for the type.
        scale, offset: what a program sees is raw * scale + offset.
        unit: in words; empty if there is none.
        low, high: of what a program may write, in the unit.
        raw_low, raw_high: of what the encoding holds.
        names: if not empty, programs see these names for raw values.
        longest: how many bytes a text holds; None for any length.
    """

    kind: type
    raw_kind: type
    many: bool = False
    encoding: str = ""
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    raw_low: float = -math.inf
    raw_high: float = math.inf
    names: Mapping[str, Any] = field(default_factory=dict)
    longest: int | None = None

    def annotation(self, limited: bool) -> Any:
        """The type that a program sees; `limited` for what it may write."""
        inner: Any = Literal[tuple(self.names)] if self.names else self.kind
        if limited and self.kind in (int, float) and not self.names:
            low = None if self.low == -math.inf else self.low
            high = None if self.high == math.inf else self.high
            if low is not None or high is not None:
                inner = Annotated[inner, Field(ge=low, le=high)]
        if limited and self.longest is not None and not self.names:
            inner = Annotated[inner, Field(max_length=self.longest)]
        if self.many:
            inner = list[inner]
        return Annotated[inner, Field(description=f"in {self.unit}")] if limited and self.unit else inner

    def to_raw(self, value: Any) -> Any:
        """What the wire carries for a program's value."""
        if self.many:
            return [self._one_to_raw(item) for item in value]
        return self._one_to_raw(value)

    def _one_to_raw(self, value: Any) -> Any:
        if self.names:
            return self.names[value]
        if self.scale == 1.0 and self.offset == 0.0:
            return value
        raw = (value - self.offset) / self.scale
        return round(raw) if self.raw_kind is int else raw

    def from_raw(self, raw: Any, of: str) -> Any:
        """What a program sees for what the wire carried.

        Raises:
            DeviceError: it is of another type, or none of the names; `of` begins the message.
        """
        if self.many:
            if not isinstance(raw, (list, tuple)):
                raise DeviceError(f"{of} is {value_text(raw)}, not a list")
            return [self._one_from_raw(item, of) for item in raw]
        return self._one_from_raw(raw, of)

    def _one_from_raw(self, raw: Any, of: str) -> Any:
        if self.names:
            for name, known in self.names.items():
                if known == raw and type(known) is type(raw):
                    return name
            raise DeviceError(f"{of} is {value_text(raw)}, which is none of {_named(self.names)}")
        if self.raw_kind is float and type(raw) is int:
            raw = _as_float(raw)
        finite = not isinstance(raw, float) or math.isfinite(raw)
        if not isinstance(raw, self.raw_kind) or isinstance(raw, bool) is not (self.raw_kind is bool) or not finite:
            raise DeviceError(f"{of} is {value_text(raw)}, not {WORDS[self.raw_kind]}")
        if self.scale == 1.0 and self.offset == 0.0:
            return raw
        # One multiplication leaves 0.30000000000000004: twelve digits are more than any device measures.
        number = _as_float(raw) * self.scale + self.offset
        if not math.isfinite(number):
            raise DeviceError(f"{of} is {value_text(raw)}, which is too large")
        return float(f"{number:.12g}")

    def same(self, one: Any, other: Any, tolerance: float) -> bool:
        """Whether two values are the same, up to half a step of the wire or the tolerance, if that is larger."""
        if self.many:
            return len(one) == len(other) and all(map(lambda a, b: self._close(a, b, tolerance), one, other))
        return self._close(one, other, tolerance)

    def _close(self, one: Any, other: Any, tolerance: float) -> bool:
        if self.kind is not float or self.names:
            return bool(one == other) or (self.kind is int and not self.names and abs(one - other) <= tolerance)
        step = abs(self.scale) / 2 if self.raw_kind is int else 0.0
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=max(tolerance, step, 1e-9))

    def text(self, value: Any) -> str:
        """A value with its unit."""
        return f"{f'{value:.6g}' if isinstance(value, float) else repr(value)} {self.unit}".rstrip()

    def in_words(self) -> str:
        """Unit and range for a docstring."""
        return f", in {self.unit}" if self.unit else ""


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf


def read_value(
    section: Section, encodings: Mapping[str, tuple[type, float, float]], default: str | None = None
) -> Value:
    """Read type, scale, offset, unit, range and names of a value.

    Args:
        encodings: sized types that the protocol knows, besides the plain ones.
        default: the type, where the manifest may leave it out.

    Raises:
        ToolError: a key is wrong.
    """
    plain = {word: (kind, -math.inf, math.inf) for word, kind in (PLAIN | _LISTS).items()}
    if encodings:  # registers: what has a size, bits, and text of a length
        plain = {"bool": plain["bool"], "str": plain["str"]}
    known = plain | dict(encodings)
    encoding = section.choice("type", tuple(known), default)
    longest = section.whole("length", None, 1, _LONGEST_TEXT) if encodings and encoding == "str" else None
    raw_kind, raw_low, raw_high = known[encoding]
    names = _read_names(section, raw_kind, raw_low, raw_high)
    scale, offset = section.get("scale", float, 1.0), section.get("offset", float, 0.0)
    scaled = scale != 1.0 or offset != 0.0
    if scaled and (raw_kind not in (int, float) or names):
        section.fail("only numbers without names can have a scale or an offset")
    if scale == 0.0:
        section.fail("must not be 0", "scale")
    kind = str if names else float if scaled else raw_kind
    low, high = _read_range(section, kind)
    value = Value(
        kind=kind,
        raw_kind=raw_kind,
        many=encoding in _LISTS,
        encoding=encoding,
        scale=scale,
        offset=offset,
        unit=section.get("unit", str, ""),
        low=low,
        high=high,
        raw_low=raw_low,
        raw_high=raw_high,
        names=names,
        longest=longest,
    )
    if kind in (int, float) and raw_low > -math.inf:
        ends = sorted((raw_low * scale + offset, raw_high * scale + offset))
        for end in (low, high):
            if math.isfinite(end) and not ends[0] <= end <= ends[1]:
                section.fail(f"{encoding} with this scale holds {ends[0]:g} to {ends[1]:g}, not {end:g}", "range")
        return _within(value, max(low, ends[0]), min(high, ends[1]))
    return value


def _within(value: Value, low: float, high: float) -> Value:
    whole = value.kind is int
    return replace(value, low=int(low) if whole else low, high=int(high) if whole else high)


def _read_range(section: Section, kind: type) -> tuple[float, float]:
    limits = section.get("range", list)
    if limits is None:
        return -math.inf, math.inf
    if kind not in (int, float):
        section.fail("only numbers have a range", "range")
    if len(limits) != 2:
        section.fail("expected a list of two numbers, the lowest and the highest", "range")
    low, high = (section.typed(limit, kind, "range", number) for number, limit in enumerate(limits))
    if low > high:
        section.fail(f"begins with {low:g}, which is above its end, {high:g}", "range")
    return low, high


def _read_names(section: Section, raw_kind: type, low: float, high: float) -> dict[str, Any]:
    named = section.section("values")
    if named is None:
        return {}
    if not named.data:
        named.fail("expected a name for at least one value")
    names: dict[str, Any] = {}
    for name, raw in named.data.items():
        checked: Any = named.typed(raw, raw_kind, name)
        if raw_kind in (int, float) and not low <= checked <= high:
            named.fail(f"{checked} does not fit the type", name)
        if checked in names.values():
            named.fail(f"{value_text(checked)} has two names", name)
        names[name] = checked
    return names


def _named(names: Mapping[str, Any]) -> str:
    return listed(f"{raw!r} ({name})" for name, raw in names.items())
