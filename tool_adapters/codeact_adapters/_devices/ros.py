"""ROS 1 and 2 by a rosbridge server: topics are heard and published, services are called; by roslibpy.

The messages are those of the rosbridge protocol, version 2. A message that is published has no answer: what came of it
is seen on another topic.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeact.errors import ToolError
from codeact_adapters._devices.description import Command, Description, Point
from codeact_adapters._devices.errors import DeviceError, DeviceLost, DeviceRefused, DeviceTimeout
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.pointers import Pointer, found, put, read_pointer
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.values import Value

_LONGEST_MESSAGE = 10_000_000  # bytes


@dataclass(frozen=True)
class Settings:
    """Of the connection to the rosbridge server."""

    host: str
    port: int
    timeout_s: float


@dataclass(frozen=True)
class Topic:
    """A topic and its type, such as `std_msgs/Float64` or `std_msgs/msg/Float64`."""

    name: str
    message: str


@dataclass(frozen=True)
class Address:
    """Where a point is heard, and where it is set; None where it is not."""

    topic: Topic | None
    field: Pointer
    set_topic: Topic | None
    set_field: Pointer


@dataclass(frozen=True)
class CommandAddress:
    """A service, or a topic to publish on, where the arguments stand in the message, and where the answer does."""

    service: str
    topic: Topic | None
    fields: Mapping[str, Pointer]
    returned: Pointer


class RosLink(Link):
    """Keeps the last value of each topic. A lost connection is made anew by the next call."""

    protocol = "ros"

    @classmethod
    def read_settings(cls, section: Section) -> Settings:
        return Settings(
            host=section.need("host", str),
            port=section.whole("port", 9090, 1, 65535),
            timeout_s=section.number("timeout_s", 2.0, 0.0, 60.0),
        )

    @classmethod
    def read_point(cls, section: Section, value: Value, reads: bool, writes: bool) -> Address:
        message = section.need("message", str, "such as std_msgs/Float64")
        return Address(
            topic=Topic(_name(section, "topic"), message) if reads else None,
            field=read_pointer(section, "field", "/data") if reads else (),
            set_topic=Topic(_name(section, "set_topic"), section.get("set_message", str, message)) if writes else None,
            set_field=read_pointer(section, "set_field", "/data") if writes else (),
        )

    @classmethod
    def read_command(
        cls, section: Section, arguments: Mapping[str, Section], returns: Section | None
    ) -> CommandAddress:
        if ("service" in section) == ("topic" in section):
            section.fail("needs either the key 'service' or the key 'topic'")
        published = "topic" in section
        if published and returns is not None:
            section.fail("a message has no answer; a service has", "returns")
        message = section.need("message", str, "such as geometry_msgs/Twist") if published else ""
        return CommandAddress(
            service="" if published else _name(section, "service"),
            topic=Topic(_name(section, "topic"), message) if published else None,
            fields={name: read_pointer(part, "field", f"/{name}") for name, part in arguments.items()},
            returned=read_pointer(returns, "field") if returns is not None else (),
        )

    def open(self, description: Description) -> None:
        try:
            import roslibpy  # noqa: F401
        except ImportError as problem:
            raise ToolError("ros needs roslibpy: pip install 'codeact[ros]'") from problem
        # What cannot be read is no answer; without a handler the library would write to the host's terminal, too.
        logging.getLogger("roslibpy").addHandler(logging.NullHandler())
        self._settings: Settings = description.settings
        self.timeout_s = self._settings.timeout_s
        self._where = f"the rosbridge server of {description.name} at {self._settings.host}:{self._settings.port}"
        self._description = description
        self._ros: Any = None
        self._publishers: dict[Topic, Any] = {}
        self._abandoned = threading.Event()
        self.revive()

    @property
    def connected(self) -> bool:
        return self._ros is not None and bool(self._ros.is_connected)

    @classmethod
    def hears(cls, point: Point) -> bool:
        return True

    def revive(self) -> None:
        if self.connected:
            return
        import roslibpy

        self.close()
        settings = self._settings
        self._ros = ros = roslibpy.Ros(host=settings.host, port=settings.port)
        ros.factory.setProtocolOptions(maxFramePayloadSize=_LONGEST_MESSAGE, maxMessagePayloadSize=_LONGEST_MESSAGE)
        try:
            ros.run(timeout=settings.timeout_s)
        except Exception as problem:  # the library's, and Twisted's
            self.close()
            raise DeviceLost(f"{self._where} cannot be reached") from problem
        ros.on("close", lambda *_: self._lost(ros))
        points, commands = self._description.points.values(), self._description.commands.values()
        for topic in (*(p.address.set_topic for p in points), *(c.address.topic for c in commands)):
            if topic is not None and topic not in self._publishers:
                self._publishers[topic] = publisher = roslibpy.Topic(ros, topic.name, topic.message, queue_size=1)
                publisher.advertise()
        by_topic: dict[Topic, list[Point]] = {}
        for point in points:
            if point.reads:
                by_topic.setdefault(point.address.topic, []).append(point)
        for topic, heard in by_topic.items():
            subscriber = roslibpy.Topic(ros, topic.name, topic.message, queue_length=1)
            subscriber.subscribe(lambda message, heard=heard: self._hear(message, heard))

    def read(self, point: Point) -> Any:
        raise NotImplementedError  # it is heard

    def write(self, point: Point, raw: Any) -> None:
        self.revive()
        self._publish(point.address.set_topic, put({}, point.address.set_field, raw))

    def call(self, command: Command, arguments: Mapping[str, Any]) -> Any:
        self.revive()
        address: CommandAddress = command.address
        message: Any = {}
        for name, raw in arguments.items():
            message = put(message, address.fields[name], raw)
        if address.topic is not None:
            self._publish(address.topic, message)
            return None
        answer = self._ask(command, message)
        try:
            return found(answer, address.returned) if command.returns is not None else None
        except DeviceError as problem:
            raise DeviceError(f"the answer of {address.service} {problem}") from None

    def abandon(self) -> None:
        self._abandoned.set()
        with self.changed:
            self.changed.notify_all()

    def close(self) -> None:
        ros, self._ros = self._ros, None
        self._publishers.clear()
        if ros is not None:
            ros.factory.stopTrying()
            if ros.is_connected:
                ros.close()
                with self.changed:  # the server answers the farewell after all else that it was sent, such as a stop
                    self.changed.wait_for(lambda: not ros.is_connected, self.timeout_s)
        self._forget()

    def _lost(self, ros: Any) -> None:
        ros.factory.stopTrying()  # what was to be sent meanwhile shall not be sent later
        with self.changed:
            self.changed.notify_all()
        if ros is self._ros:
            self._forget()

    def _forget(self) -> None:
        with self.changed:
            self._heard.clear()
            self.changed.notify_all()

    def _publish(self, topic: Topic, message: Any) -> None:
        if not self.connected:
            raise DeviceLost(f"the connection to {self._where} is lost; nothing was sent")
        self._publishers[topic].publish(message)

    def _ask(self, command: Command, request: Any) -> Any:
        import roslibpy

        service, answers = command.address.service, list[tuple[bool, Any]]()

        def answered(good: bool, answer: Any) -> None:
            with self.changed:
                answers.append((good, answer))
                self.changed.notify_all()

        self._abandoned.clear()
        roslibpy.Service(self._ros, service, "").call(
            roslibpy.ServiceRequest(request), lambda each: answered(True, each), lambda each: answered(False, each)
        )
        with self.changed:
            self.changed.wait_for(
                lambda: answers or self._abandoned.is_set() or not self.connected, timeout=command.timeout_s
            )
        unknown = "; whether it was done is not known"
        if not answers and not self.connected:
            raise DeviceLost(f"the connection to {self._where} is lost{unknown}")
        if not answers:
            raise DeviceTimeout(f"the service {service} did not answer within {command.timeout_s:g} s{unknown}")
        good, answer = answers[0]
        if not good:
            raise DeviceRefused(f"the service {service} refused: {answer!s:.500}")
        return dict(answer)

    def _hear(self, message: Any, points: list[Point]) -> None:
        for point in points:
            try:
                self.hear(point.name, found(dict(message), point.address.field))
            except DeviceError as problem:
                self.hear(point.name, DeviceError(f"what came on {point.address.topic.name} {problem}"))


def _name(section: Section, key: str) -> str:
    name = section.need(key, str)
    if not name.startswith("/") or not name.isprintable() or " " in name:
        section.fail(f"expected a name that begins with /, such as /conveyor/speed, got {name!r}", key)
    return name
