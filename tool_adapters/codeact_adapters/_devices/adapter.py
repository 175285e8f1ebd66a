"""The functions that make toolboxes of devices, one a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codeact.tools import Toolbox
from codeact_adapters._devices.device import Device
from codeact_adapters._devices.errors import (
    ERRORS,
    DeviceError,
    DeviceLost,
    DeviceRefused,
    DeviceStopped,
    DeviceTimeout,
)
from codeact_adapters._devices.functions import tools_of
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.manifest import Manifest, read_manifest

__all__ = [
    "DeviceError",
    "DeviceLost",
    "DeviceRefused",
    "DeviceStopped",
    "DeviceTimeout",
    "modbus",
    "mqtt",
    "opcua",
    "ros",
    "serial",
]


def modbus(
    manifest: Manifest, *, host: str | None = None, port: int | None = None, unit: int | None = None, name: str = ""
) -> Toolbox:
    """Make a toolbox of a device that speaks Modbus TCP.

    Args:
        manifest: a YAML file, or what stands in one; `docs/devices.md` describes it.
        host, port, unit: instead of what the manifest says.
        name: the name of the group; by default the device's own.

    Raises:
        ToolError: the manifest is wrong, or pymodbus is not installed.
        DeviceError: the device cannot be reached.
    """
    from codeact_adapters._devices.modbus import ModbusLink

    return _toolbox(manifest, ModbusLink(), {"host": host, "port": port, "unit": unit}, name)


def mqtt(
    manifest: Manifest,
    *,
    host: str | None = None,
    port: int | None = None,
    username: str | None = None,
    password: str | None = None,
    name: str = "",
) -> Toolbox:
    """Make a toolbox of a device behind an MQTT broker.

    Args:
        manifest: a YAML file, or what stands in one; `docs/devices.md` describes it.
        host, port, username, password: of the broker, instead of what the manifest says.
        name: the name of the group; by default the device's own.

    Raises:
        ToolError: the manifest is wrong, or paho-mqtt is not installed.
        DeviceError: the broker cannot be reached, or refuses.
    """
    from codeact_adapters._devices.mqtt import MqttLink

    settings = {"host": host, "port": port, "username": username, "password": password}
    return _toolbox(manifest, MqttLink(), settings, name)


def opcua(
    manifest: Manifest,
    *,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    name: str = "",
) -> Toolbox:
    """Make a toolbox of an OPC UA server.

    Args:
        manifest: a YAML file, or what stands in one; `docs/devices.md` describes it.
        url, username, password: of the server, instead of what the manifest says.
        name: the name of the group; by default the device's own.

    Raises:
        ToolError: the manifest is wrong, or asyncua is not installed.
        DeviceError: the server cannot be reached, refuses, or has other variables than the manifest says.
    """
    from codeact_adapters._devices.opcua import OpcUaLink

    return _toolbox(manifest, OpcUaLink(), {"url": url, "username": username, "password": password}, name)


def ros(manifest: Manifest, *, host: str | None = None, port: int | None = None, name: str = "") -> Toolbox:
    """Make a toolbox of what a rosbridge server reaches: topics and services of ROS 1 or 2.

    Args:
        manifest: a YAML file, or what stands in one; `docs/devices.md` describes it.
        host, port: of the server, instead of what the manifest says.
        name: the name of the group; by default the device's own.

    Raises:
        ToolError: the manifest is wrong, or roslibpy is not installed.
        DeviceError: the server cannot be reached.
    """
    from codeact_adapters._devices.ros import RosLink

    return _toolbox(manifest, RosLink(), {"host": host, "port": port}, name)


def serial(manifest: Manifest, *, port: str | None = None, name: str = "") -> Toolbox:
    """Make a toolbox of a device on a serial line that answers lines of text.

    Args:
        manifest: a YAML file, or what stands in one; `docs/devices.md` describes it.
        port: instead of what the manifest says: `/dev/ttyUSB0`, or `socket://host:port` for a server of serial lines.
        name: the name of the group; by default the device's own.

    Raises:
        ToolError: the manifest is wrong, or pyserial is not installed.
        DeviceError: the port cannot be opened.
    """
    from codeact_adapters._devices.serial_lines import SerialLink

    return _toolbox(manifest, SerialLink(), {"port": port}, name)


def _toolbox(manifest: Manifest, link: Link, settings: Mapping[str, Any], name: str) -> Toolbox:
    description = read_manifest(manifest, type(link), settings)
    device = Device(description, link)
    try:
        return Toolbox(
            tools_of(device),
            name=name or description.name,
            doc=description.doc or f"The device {description.name}, reached by {link.protocol}.",
            errors=ERRORS,
            stop=device.stop if description.stop else None,
            lingers=True,
            closing=device.close,
        )
    except BaseException:
        device.close()
        raise
