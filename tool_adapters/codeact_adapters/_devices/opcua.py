"""OPC UA: variables and methods of a server, by asyncua, whose event loop runs in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, TypeVar

from codeact.errors import ToolError
from codeact.tools.wording import listed
from codeact_adapters._devices.description import Command, Description, Point
from codeact_adapters._devices.errors import DeviceError, DeviceLost, DeviceRefused, DeviceTimeout
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.opcua_structures import (
    HOLDS,
    Shape,
    from_server,
    read_shape,
    require_fit,
    require_held,
    to_server,
)
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.structures import Structure
from codeact_adapters._devices.values import WORDS, Value

T = TypeVar("T")
_NODE = re.compile(r"(ns=\d+;|nsu=[^;]+;)?[isgb]=.+", re.DOTALL)
_LONGEST_MESSAGE = 10_000_000  # bytes
_FAREWELL_S = 0.1  # that a server which left a question open has for the answer to a farewell


@dataclass(frozen=True)
class Settings:
    """Of the connection. `security` is `policy,mode,certificate,key`, as asyncua takes it; empty for none."""

    url: str
    username: str
    password: str
    security: str
    timeout_s: float


@dataclass(frozen=True)
class Address:
    """A variable, and how often the server looks for changes, in seconds; None where it is asked each time."""

    node: str
    every_s: float | None


@dataclass(frozen=True)
class Method:
    """A method, and the object that it belongs to."""

    object: str
    method: str


class OpcUaLink(Link):
    """Asks for a value when it is wanted, or hears of changes. A lost connection is made anew by the next call."""

    protocol = "opcua"
    structures = True

    @classmethod
    def read_settings(cls, section: Section) -> Settings:
        url = section.need("url", str, "such as opc.tcp://host:4840/path")
        if not url.startswith("opc.tcp://"):
            section.fail(f"expected an address that begins with opc.tcp://, got {url!r}", "url")
        security = section.get("security", str, "")
        policies = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
        if security and (len(security.split(",")) < 4 or not security.startswith(policies)):
            section.fail(
                f"expected policy,mode,certificate,key; policies are {listed(policies)}, modes Sign and SignAndEncrypt",
                "security",
            )
        return Settings(
            url=url,
            username=section.get("username", str, ""),
            password=section.get("password", str, ""),
            security=security,
            timeout_s=section.number("timeout_s", 2.0, 0.0, 60.0),
        )

    @classmethod
    def read_point(cls, section: Section, value: Value, reads: bool, writes: bool) -> Address:
        node = _node(section, "node")
        if "subscribe" in section and not reads:
            section.fail("only what can be read can be subscribed to", "subscribe")
        every_s = section.number("subscribe", 0.1, 0.0, 60.0) if "subscribe" in section else None
        return Address(node, every_s)

    @classmethod
    def read_command(cls, section: Section, arguments: Mapping[str, Section], returns: Section | None) -> Method:
        return Method(_node(section, "object"), _node(section, "method"))

    def open(self, description: Description) -> None:
        try:
            import asyncua  # noqa: F401
        except ImportError as problem:
            raise ToolError("opcua needs asyncua: pip install 'codeact[opcua]'") from problem
        # What fails is raised; without a handler the library would write to the host's terminal, too.
        logging.getLogger("asyncua").addHandler(logging.NullHandler())
        self._settings: Settings = description.settings
        self.timeout_s = self._settings.timeout_s
        self._where = f"{description.name} at {self._settings.url}"
        self._description = description
        self._client: Any = None
        self._nodes: dict[str, Any] = {}
        self._types: dict[str, Any] = {}  # of points
        self._methods: dict[str, tuple[list[Any], Shape | None]] = {}  # of commands: what they take and give
        self._open = False
        self._pending: Future[Any] | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"codeact-{description.name}", daemon=True)
        self._thread.start()
        try:
            self.revive()
        except BaseException:
            self._end()
            raise

    @property
    def connected(self) -> bool:
        return self._open

    @classmethod
    def hears(cls, point: Point) -> bool:
        return point.address.every_s is not None

    def revive(self) -> None:
        if self._open:
            return
        self._drop()
        try:
            self._wait(self._connect(), 3 * self.timeout_s, "")
        except BaseException:
            self._drop()
            raise

    def read(self, point: Point) -> Any:
        self.revive()
        return self._found(point, self._wait(self._nodes[point.address.node].read_value(), self.timeout_s, ""))

    def read_together(self, points: Sequence[Point]) -> list[Any]:
        if not points:
            return []
        self.revive()
        nodes = [self._nodes[point.address.node] for point in points]
        values = self._wait(self._client.read_values(nodes), self.timeout_s, "")
        if len(values) != len(points):
            raise DeviceError(f"{self._where} sent {len(values)} values, not {len(points)}")
        return list(map(self._found, points, values))

    def write(self, point: Point, raw: Any) -> None:
        from asyncua import ua

        self.revive()
        kind = self._types[point.name]
        value = ua.DataValue(_variant(raw, kind, point.name))  # no time: servers need not take one that a client sends
        unknown = "; whether it took the value is not known"
        self._wait(self._nodes[point.address.node].write_value(value), self.timeout_s, unknown)

    def call(self, command: Command, arguments: Mapping[str, Any]) -> Any:
        self.revive()
        unknown = "; whether it was done is not known"
        return self._wait(self._call(command, arguments), command.timeout_s, unknown)

    def abandon(self) -> None:
        pending = self._pending
        if pending is not None:
            pending.cancel()

    def close(self) -> None:
        self._drop()
        self._end()

    # ---- in the thread of the calls ----

    def _found(self, point: Point, value: Any) -> Any:
        if not isinstance(point.value, Structure):
            return value
        try:
            return from_server(value, self._types[point.name], point.value.many)
        except DeviceError as problem:
            raise DeviceError(f"{point.name}: {problem}") from None

    def _wait(self, work: Coroutine[Any, Any, T], timeout_s: float, unknown: str) -> T:
        """The result of what runs in the loop; `unknown` is the end of messages where there is none."""
        from asyncua.ua.uaerrors import UaError, UaStatusCodeError

        self._pending = pending = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, timeout_s), self._loop)
        try:
            return pending.result()
        except UaStatusCodeError as problem:
            name = type(problem).__name__
            if name in ("BadConnectionClosed", "BadSecureChannelClosed", "BadSessionIdInvalid", "BadSessionClosed"):
                self._drop()
                raise DeviceLost(f"the connection to {self._where} is lost ({name}){unknown}") from problem
            raise DeviceRefused(f"{self._where} refused: {problem}") from problem
        except (CancelledError, asyncio.CancelledError):
            self._drop(_FAREWELL_S)  # a server may do one thing at a time for a connection: a stop must not queue up
            raise DeviceTimeout(f"what {self._where} was asked was broken off{unknown}") from None
        except TimeoutError as problem:
            self._drop(_FAREWELL_S)
            raise DeviceTimeout(f"{self._where} did not answer within {timeout_s:g} s{unknown}") from problem
        except DeviceError:
            raise
        except (OSError, UaError) as problem:  # ConnectionError among them
            self._drop()
            reason = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
            raise DeviceLost(f"{self._where} cannot be reached: {reason}{unknown}") from problem
        except Exception as problem:  # whatever reading a wrong answer leads to
            raise DeviceError(f"{self._where} answered what cannot be understood: {problem}{unknown}") from problem
        finally:
            self._pending = None

    def _drop(self, farewell_s: float | None = None) -> None:
        """Let go of the connection; the server has `farewell_s` seconds, or the time of an exchange, to answer that."""
        self._become(open_=False)
        client, self._client = self._client, None
        if client is not None:
            leaving = asyncio.run_coroutine_threadsafe(_leave(client, farewell_s or self.timeout_s), self._loop)
            try:
                leaving.result()
            except (Exception, asyncio.CancelledError) as problem:
                logging.getLogger(__name__).debug("%s: leaving failed: %s", self._where, problem)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    def _become(self, open_: bool) -> None:
        with self.changed:
            self._open = open_
            if not open_:
                self._heard.clear()
            self.changed.notify_all()

    # ---- in the loop ----

    async def _connect(self) -> None:
        from asyncua.client.client import Client

        settings = self._settings
        self._client = client = Client(settings.url, timeout=settings.timeout_s, watchdog_intervall=settings.timeout_s)
        client.max_messagesize = _LONGEST_MESSAGE
        client.connection_lost_callback = self._lost
        if settings.username:
            client.set_user(settings.username)
            client.set_password(settings.password)
        if settings.security:
            await client.set_security_string(settings.security)
        await client.connect()
        points = self._description.points.values()
        self._nodes, self._methods = {}, {}
        for text in {point.address.node for point in points}:
            self._nodes[text] = client.get_node(await self._id(text))
        for point in points:
            self._types[point.name] = await self._type(point)
        for command in self._description.commands.values():
            for text in (command.address.object, command.address.method):
                self._nodes[text] = client.get_node(await self._id(text))
        await self._subscribe(client)
        self._become(open_=True)

    async def _id(self, text: str) -> str:
        if not text.startswith("nsu="):
            return text
        uri, _, rest = text.removeprefix("nsu=").partition(";")
        try:
            return f"ns={await self._client.get_namespace_index(uri)};{rest}"
        except ValueError:
            raise DeviceError(f"{self._where} has no namespace {uri}") from None

    async def _type(self, point: Point) -> Any:
        """What a point's variable holds: asyncua's type of a plain one, or the shape of a structure."""
        from asyncua.ua.uaerrors import UaStatusCodeError

        try:
            if isinstance(point.value, Structure):
                data_type = await self._nodes[point.address.node].read_data_type()
                return await self._shape(data_type, point.value, point.name, point.writes)
            kind = await self._nodes[point.address.node].read_data_type_as_variant_type()
        except UaStatusCodeError as problem:
            raise DeviceRefused(f"{self._where} refused {point.address.node} of {point.name}: {problem}") from problem
        held = HOLDS.get(kind.name)
        if held is None or held[0] is not point.value.raw_kind:
            wanted = WORDS[point.value.raw_kind]
            hint = "; describe its fields" if kind.name == "ExtensionObject" else ""
            raise DeviceError(
                f"{point.name} is {wanted} in the manifest, and of type {kind.name} in {self._where}{hint}"
            )
        return kind

    async def _shape(self, data_type: Any, value: Structure, what: str, writes: bool) -> Shape:
        shape = await read_shape(self._client, data_type)
        require_fit(value, shape, what, writes)
        return shape

    async def _subscribe(self, client: Any) -> None:
        by_period: dict[float, list[Point]] = {}
        for point in self._description.points.values():
            if point.address.every_s is not None:
                by_period.setdefault(point.address.every_s, []).append(point)
        for every_s, points in by_period.items():
            subscription = await client.create_subscription(every_s * 1e3, _Hearing(self, points))
            await subscription.subscribe_data_change([self._nodes[point.address.node] for point in points])

    async def _call(self, command: Command, arguments: Mapping[str, Any]) -> Any:
        method = self._nodes[command.address.method]
        if command.name not in self._methods:
            self._methods[command.name] = await self._signature(command, method)
        kinds, shape = self._methods[command.name]
        names = arguments.items()
        given = [
            _variant(raw, kind, f"{name} of {command.name}") for (name, raw), kind in zip(names, kinds, strict=True)
        ]
        answer = await self._nodes[command.address.object].call_method(method, *given)
        if isinstance(command.returns, Structure) and shape is not None:
            return from_server(answer, shape, command.returns.many)
        return answer

    async def _signature(self, command: Command, method: Any) -> tuple[list[Any], Shape | None]:
        """What a method takes, and what structure it gives, if it gives one that programs see."""
        from asyncua import ua

        kinds: list[Any] = []
        if command.arguments:
            inputs = await (await method.get_child("0:InputArguments")).read_value()
            if len(inputs) != len(command.arguments):
                raise DeviceError(f"{command.name}() takes {len(inputs)} arguments in {self._where}")
            for (name, value), each in zip(command.arguments.items(), inputs, strict=True):
                if isinstance(value, Structure):
                    kinds.append(await self._shape(each.DataType, value, f"{name} of {command.name}()", True))
                else:
                    kinds.append(ua.VariantType(each.DataType.Identifier))
        if not isinstance(command.returns, Structure):
            return kinds, None
        outputs = await (await method.get_child("0:OutputArguments")).read_value()
        if len(outputs) != 1:
            raise DeviceError(f"{command.name}() gives {len(outputs)} values in {self._where}, and not one structure")
        what = f"what {command.name}() gives"
        return kinds, await self._shape(outputs[0].DataType, command.returns, what, False)

    async def _lost(self, _problem: Exception) -> None:
        self._become(open_=False)


class _Hearing:
    """What asyncua tells of changes."""

    def __init__(self, link: OpcUaLink, points: list[Point]) -> None:
        self._link = link
        self._points: dict[str, list[Point]] = {}
        for point in points:
            self._points.setdefault(link._nodes[point.address.node].nodeid.to_string(), []).append(point)

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        status = data.monitored_item.Value.StatusCode
        bad = None if status is None or status.is_good() else DeviceError(f"its value is {status.name}")
        for point in self._points.get(node.nodeid.to_string(), ()):
            self._link.hear(point.name, bad or self._understood(point, value))

    def _understood(self, point: Point, value: Any) -> Any:
        try:
            return self._link._found(point, value)
        except DeviceError as problem:
            return problem


async def _leave(client: Any, farewell_s: float) -> None:
    try:
        await asyncio.wait_for(client.disconnect(), farewell_s)
    finally:
        client.disconnect_socket()


def _variant(raw: Any, kind: Any, what: str) -> Any:
    from asyncua import ua

    if isinstance(kind, Shape):
        return ua.Variant(to_server(raw, kind), ua.VariantType.ExtensionObject)
    if kind.name in HOLDS:
        for each in raw if isinstance(raw, list) else [raw]:
            require_held(each, kind, what)
    return ua.Variant(raw, kind)


def _node(section: Section, key: str) -> str:
    node = section.need(key, str, "such as ns=2;s=Conveyor.Speed")
    if not _NODE.fullmatch(node):
        section.fail(f"expected a node such as ns=2;s=Conveyor.Speed or nsu=http://...;i=7, got {node!r}", key)
    return node
