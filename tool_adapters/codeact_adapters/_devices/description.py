"""What a manifest says of a device, whatever protocol it speaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeact.tools import Effect
from codeact_adapters._devices.values import Value


@dataclass(frozen=True)
class Point:
    """One value of a device.

    Attributes:
        name: what programs call it.
        doc: what it is, in words.
        value: its type, unit and range.
        reads, writes: what programs may do with it.
        effect: of writing.
        confirm: name of the point that is read back after writing; empty for none.
        tolerance: in the unit, when a value read back or waited for is compared.
        rate: the fastest change of what is written, in units per second; None for no limit.
        max_age_s: how old a value that was heard may be, in seconds; None for any age.
        address: where it is, as the protocol has it.
    """

    name: str
    doc: str
    value: Value
    reads: bool
    writes: bool
    effect: Effect
    confirm: str
    tolerance: float
    rate: float | None
    max_age_s: float | None
    address: Any


@dataclass(frozen=True)
class Command:
    """Something that a device does when it is told to, with arguments and perhaps an answer.

    Attributes:
        timeout_s: for the answer, in seconds.
        address: what is called, as the protocol has it.
    """

    name: str
    doc: str
    effect: Effect
    arguments: Mapping[str, Value]
    returns: Value | None
    timeout_s: float
    address: Any


@dataclass(frozen=True)
class Step:
    """One step of the way to rest: a point and what to write, or a command and its arguments."""

    target: Point | Command
    value: Any

    def __str__(self) -> str:
        if isinstance(self.target, Point):
            return f"{self.target.name} {self.target.value.text(self.value)}"
        return self.target.name


@dataclass(frozen=True)
class Heartbeat:
    """What tells the device that its host is alive: a point that changes every period, in seconds."""

    point: Point
    period_s: float


@dataclass(frozen=True)
class Description:
    """A whole device.

    Attributes:
        settings: of the connection, as the protocol has them.
        stop: the way to rest, in order.
    """

    name: str
    doc: str
    settings: Any
    points: Mapping[str, Point]
    commands: Mapping[str, Command]
    stop: tuple[Step, ...]
    heartbeat: Heartbeat | None
