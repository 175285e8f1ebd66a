"""What a protocol has to do for a device: read its keys of a manifest, and exchange raw values."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from codeact_adapters._devices.description import Command, Description, Point
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.values import Value


class Link(ABC):
    """A connection to one device. `Device` makes one exchange at a time.

    Attributes:
        protocol: the key of a manifest under which the connection's settings stand.
        encodings: sized types, where values lie in registers.
        structures: whether a value may have fields; then it is exchanged as a dict.
        timeout_s: for one exchange, in seconds.
        changed: notified when a value was heard, or the connection was lost or came back.
    """

    protocol: ClassVar[str]
    encodings: ClassVar[Mapping[str, tuple[type, float, float]]] = {}
    structures: ClassVar[bool] = False
    timeout_s: float

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._heard: dict[str, tuple[object, float, int]] = {}
        self._count = 0

    @classmethod
    @abstractmethod
    def read_settings(cls, section: Section) -> Any:
        """Read the settings of the connection. Raises ToolError."""

    @classmethod
    @abstractmethod
    def read_point(cls, section: Section, value: Value, reads: bool, writes: bool) -> Any:
        """Read a point's address. Raises ToolError."""

    @classmethod
    def read_command(cls, section: Section, arguments: Mapping[str, Section], returns: Section | None) -> Any:
        """Read what a command calls, and where its arguments and its answer stand. Raises ToolError."""
        section.fail(f"{cls.protocol} has no commands; describe it as a point that is written")

    @abstractmethod
    def open(self, description: Description) -> None:
        """Connect.

        Raises:
            DeviceError: that failed.
        """

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether there is a connection, as far as one can tell without asking."""

    @abstractmethod
    def read(self, point: Point) -> Any:
        """Ask for a raw value; connect first if needed. Not called for a point that is heard.

        Raises:
            DeviceError: see its subclasses.
        """

    def read_together(self, points: Sequence[Point]) -> list[Any]:
        """Ask for several raw values, in as few exchanges as the protocol allows. Errors as for `read`."""
        return [self.read(point) for point in points]

    @abstractmethod
    def write(self, point: Point, raw: Any) -> None:
        """Write a raw value, once; connect first if needed. Errors as for `read`."""

    def call(self, command: Command, arguments: Mapping[str, Any]) -> Any:
        """Give a command with raw arguments, once, and return the raw answer, if it has one. Errors as for `read`."""
        raise NotImplementedError

    @abstractmethod
    def abandon(self) -> None:
        """From another thread: let an exchange that waits for an answer fail at once."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""

    # What follows is for points whose values come by themselves.

    @classmethod
    def hears(cls, point: Point) -> bool:
        """Whether values of a point come by themselves."""
        return False

    def revive(self) -> None:  # noqa: B027
        """Before a program's exchange: connect if there is no connection, and see that the device is there.

        Errors as for `read`.
        """

    def hear(self, name: str, raw: object) -> None:
        """Keep what came for a point: a raw value, or the exception that says why it cannot be read."""
        with self.changed:
            self._count += 1
            self._heard[name] = (raw, time.monotonic(), self._count)
            self.changed.notify_all()

    def heard(self, name: str) -> tuple[object, float, int] | None:
        """What came last for a point, when (`time.monotonic()`), and a number that grows with each."""
        return self._heard.get(name)
