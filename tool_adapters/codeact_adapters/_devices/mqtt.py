"""MQTT: values that a device publishes are heard, and set by messages to it; by paho-mqtt.

Nothing is sent later: a message that was not acknowledged in time dies with its client, so that no command reaches a
device after the program has been told that it failed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact.errors import ToolError
from codeact_adapters._devices.description import Command, Description, Point
from codeact_adapters._devices.errors import DeviceError, DeviceLost, DeviceRefused, DeviceTimeout
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.pointers import Pointer, found, put, read_pointer
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.texts import Text, read_text
from codeact_adapters._devices.values import Value

_LONGEST_PAYLOAD = 1_000_000


@dataclass(frozen=True)
class Message:
    """What is published: a topic, how often it arrives (0 at most once, 1 at least, 2 exactly), whether it is kept."""

    topic: str
    qos: int
    retain: bool
    payload: str = ""


@dataclass(frozen=True)
class Settings:
    """Of the connection.

    Attributes:
        will: what the broker publishes when the host is lost.
        available: the topic on which the device says whether it is there; empty if it does not.
        online: what it says there when it is.
    """

    host: str
    port: int
    username: str
    password: str
    tls: bool
    ca_file: str
    client_id: str
    keepalive_s: int
    timeout_s: float
    will: Message | None
    available: str
    online: str


@dataclass(frozen=True)
class Address:
    """Where a point is heard, and where it is set. A value stands in a JSON message, or is the payload by itself."""

    topic: str
    field: Pointer | None
    set_message: Message | None
    set_field: Pointer | None
    text: Text | None


@dataclass(frozen=True)
class CommandAddress:
    """What is published for a command, and where in the JSON message its arguments stand."""

    message: Message
    fields: Mapping[str, Pointer]


class MqttLink(Link):
    """Keeps the last value of each topic. A lost connection is made anew by the next call."""

    protocol = "mqtt"

    @classmethod
    def read_settings(cls, section: Section) -> Settings:
        ca_file = section.get("ca_file", str, "")
        try:
            Path(ca_file or ".").stat()
        except OSError as problem:
            section.fail(f"cannot be read: {problem.strerror}", "ca_file")
        will, available = section.section("will"), section.section("available")
        settings = Settings(
            host=section.need("host", str),
            port=section.whole("port", 1883, 1, 65535),
            username=section.get("username", str, ""),
            password=section.get("password", str, ""),
            tls=section.get("tls", bool, False),
            ca_file=ca_file,
            client_id=section.get("client_id", str, ""),
            keepalive_s=section.whole("keepalive_s", 10, 1, 3600),
            timeout_s=section.number("timeout_s", 1.0, 0.0, 60.0),
            will=_message(will, "topic", "payload") if will is not None else None,
            available=_topic(available, "topic") if available is not None else "",
            online=available.get("online", str, "online") if available is not None else "",
        )
        for part in (will, available):
            if part is not None:
                part.done()
        return settings

    @classmethod
    def read_point(cls, section: Section, value: Value, reads: bool, writes: bool) -> Address:
        field = read_pointer(section, "field") if reads and "field" in section else None
        set_field = read_pointer(section, "set_field") if writes and "set_field" in section else None
        plain = (reads and field is None) or (writes and set_field is None)
        return Address(
            topic=_topic(section, "topic") if reads else "",
            field=field,
            set_message=_message(section, "set_topic") if writes else None,
            set_field=set_field,
            text=read_text(section, value) if plain else None,
        )

    @classmethod
    def read_command(
        cls, section: Section, arguments: Mapping[str, Section], returns: Section | None
    ) -> CommandAddress:
        if returns is not None:
            section.fail("a message has no answer; describe what comes back as a point", "returns")
        fields = {name: read_pointer(part, "field", f"/{name}") for name, part in arguments.items()}
        if fields and "payload" in section:
            section.fail("a command has a payload or arguments", "payload")
        return CommandAddress(_message(section, "topic", *(() if fields else ("payload",))), fields)

    def open(self, description: Description) -> None:
        try:
            import paho.mqtt.client  # noqa: F401
        except ImportError as problem:
            raise ToolError("mqtt needs paho-mqtt: pip install 'codeact[mqtt]'") from problem
        self._settings: Settings = description.settings
        self.timeout_s = self._settings.timeout_s
        self._name = description.name
        self._where = f"the broker of {description.name} at {self._settings.host}:{self._settings.port}"
        self._points: dict[str, list[Point]] = {}
        for point in description.points.values():
            if point.reads:
                self._points.setdefault(point.address.topic, []).append(point)
        self._client: Any = None
        self._state = ""  # of the connection: "", "connected", "ready", or what is wrong
        self._online: bool | None = None
        self._acknowledged: set[int] = set()
        self._abandoned = 0
        self._connect()

    @property
    def connected(self) -> bool:
        return self._state == "ready" and self._online is not False

    @classmethod
    def hears(cls, point: Point) -> bool:
        return True

    def revive(self) -> None:
        self._require_connection()
        if self._online is False:
            raise DeviceLost(f"{self._name} says on {self._settings.available} that it is offline")

    def _require_connection(self) -> None:
        if self._state != "ready":
            self._connect()

    def read(self, point: Point) -> Any:
        raise NotImplementedError  # it is heard

    def write(self, point: Point, raw: Any) -> None:
        address: Address = point.address
        assert address.set_message is not None
        if address.set_field is not None:
            payload = json.dumps(put({}, address.set_field, raw))
        else:
            assert address.text is not None
            payload = address.text.written(raw)
        self._publish(address.set_message, payload)

    def call(self, command: Command, arguments: Mapping[str, Any]) -> None:
        address: CommandAddress = command.address
        payload: Any = {}
        for name, raw in arguments.items():
            payload = put(payload, address.fields[name], raw)
        self._publish(address.message, json.dumps(payload) if address.fields else address.message.payload)

    def abandon(self) -> None:
        with self.changed:
            self._abandoned += 1
            self.changed.notify_all()

    def close(self) -> None:
        self._let_go()

    # ---- the connection ----

    def _connect(self) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self._let_go()
        settings = self._settings
        client: Any = Client(
            CallbackAPIVersion.VERSION2, client_id=settings.client_id, reconnect_on_failure=False, userdata=object()
        )
        if settings.username:
            client.username_pw_set(settings.username, settings.password or None)
        if settings.tls or settings.ca_file:
            client.tls_set(ca_certs=settings.ca_file or None)
        if settings.will is not None:
            will = settings.will
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.connect_timeout = settings.timeout_s
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe, client.on_publish, client.on_message = (
            self._on_subscribe,
            self._on_publish,
            self._on_message,
        )
        self._client, self._state = client, ""
        try:
            client.connect(settings.host, settings.port, settings.keepalive_s)
        except (OSError, ValueError) as problem:
            self._client = None
            raise DeviceLost(
                f"{self._where} cannot be reached: {getattr(problem, 'strerror', None) or problem}"
            ) from problem
        client.loop_start()
        with self.changed:
            done = self.changed.wait_for(lambda: self._state not in ("", "connected"), settings.timeout_s)
            state = self._state
        if not done or state != "ready":
            self._let_go()
            if not done:
                raise DeviceTimeout(f"{self._where} did not answer within {settings.timeout_s:g} s")
            raise (
                DeviceRefused(f"{self._where}: {state}")
                if "refused" in state
                else DeviceLost(f"{self._where}: {state}")
            )

    def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.on_disconnect = client.on_message = None
            client.disconnect()
            client.loop_stop()
        with self.changed:
            self._state, self._online = "the connection was closed", None
            self._heard.clear()
            self._acknowledged.clear()
            self.changed.notify_all()

    def _on_connect(self, client: Any, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        topics = [*self._points, *([self._settings.available] if self._settings.available else [])]
        if reason.is_failure:
            self._become(f"it refused the connection: {reason}")
        elif topics:
            self._become("connected")
            client.subscribe([(topic, 1) for topic in dict.fromkeys(topics)])
        else:
            self._become("ready")

    def _on_subscribe(self, _client: Any, _data: object, _mid: int, reasons: Any, _properties: object) -> None:
        refused = [topic for topic, reason in zip(self._points, reasons, strict=False) if reason.is_failure]
        self._become(f"it refused to send {', '.join(refused)}" if refused else "ready")

    def _on_disconnect(self, client: Any, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if client is self._client:
            self._become(f"the connection is lost: {reason}")

    def _become(self, state: str) -> None:
        with self.changed:
            if self._state in ("", "connected", "ready"):
                self._state = state
            self.changed.notify_all()

    def _on_publish(self, _client: Any, _data: object, mid: int, reason: Any, _properties: object) -> None:
        with self.changed:
            self._acknowledged.add(mid)
            self.changed.notify_all()

    def _on_message(self, _client: Any, _data: object, message: Any) -> None:
        payload = bytes(message.payload)
        if message.topic == self._settings.available:
            with self.changed:
                self._online = payload.decode("utf-8", "replace") == self._settings.online
                self.changed.notify_all()
        parsed: object = None
        for point in self._points.get(message.topic, ()):
            address: Address = point.address
            try:
                if len(payload) > _LONGEST_PAYLOAD:
                    raise DeviceError(f"is longer than {_LONGEST_PAYLOAD:,} bytes")
                if address.field is None:
                    assert address.text is not None
                    self.hear(point.name, address.text.read(payload.decode()))
                    continue
                if parsed is None:
                    parsed = json.loads(payload)
                self.hear(point.name, found(parsed, address.field))
            except DeviceError as problem:
                self.hear(point.name, DeviceError(f"what came on {message.topic} {problem}"))
            except (ValueError, RecursionError):
                self.hear(
                    point.name, DeviceError(f"what came on {message.topic} is no {'text' if address.text else 'JSON'}")
                )

    def _publish(self, message: Message, payload: str) -> None:
        self._require_connection()  # a stop is sent also to a device that says that it is offline
        client, abandoned = self._client, self._abandoned
        sent = client.publish(message.topic, payload, message.qos, message.retain)
        if sent.rc != 0:
            self._let_go()
            raise DeviceLost(f"the connection to {self._where} is lost; nothing was sent")
        if message.qos == 0:
            return
        ends = time.monotonic() + self.timeout_s
        with self.changed:
            while sent.mid not in self._acknowledged:
                left = ends - time.monotonic()
                if self._state != "ready" or left <= 0 or self._abandoned != abandoned:
                    break
                self.changed.wait(left)
            acknowledged, state = sent.mid in self._acknowledged, self._state
            self._acknowledged.discard(sent.mid)
        if acknowledged:
            return
        self._let_go()  # with what it would send again
        unknown = "whether the message arrived is not known"
        if state != "ready":
            raise DeviceLost(f"{self._where}: {state}; {unknown}")
        raise DeviceTimeout(f"{self._where} did not acknowledge within {self.timeout_s:g} s; {unknown}")


def _topic(section: Section, key: str) -> str:
    topic = section.need(key, str)
    if not topic or any(character in topic for character in "+#\0"):
        section.fail(f"expected a topic without wildcards, got {topic!r}", key)
    return topic


def _message(section: Section, topic: str, payload: str = "") -> Message:
    return Message(
        topic=_topic(section, topic),
        qos=section.whole("qos", 1, 0, 2),
        retain=section.get("retain", bool, False),
        payload=section.get(payload, str, "") if payload else "",
    )
