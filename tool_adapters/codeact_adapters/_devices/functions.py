"""The functions of a device, made of what its manifest says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from inspect import Parameter, Signature
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Field

from codeact.tools import Effect, Tool
from codeact_adapters._devices.description import Command, Point
from codeact_adapters._devices.device import Device, How
from codeact_adapters._devices.structures import Structure

_Seconds = Annotated[float, Field(gt=0, le=600)]
_EMPTY = Parameter.empty


def tools_of(device: Device) -> list[Tool]:
    """All functions of a device, its points first."""
    description = device.description
    tools: list[Tool] = []
    for point in description.points.values():
        if point.reads:
            tools.append(_reader(device, point))
        if point.writes:
            tools.append(_writer(device, point))
    tools += [_command(device, command) for command in description.commands.values()]
    readable = [point for point in description.points.values() if point.reads]
    heard = [point for point in readable if device.link.hears(point)]
    if len(readable) - len(heard) > 1:
        tools.append(_values(device, readable))
    single = [point for point in readable if not isinstance(point.value, Structure)]
    if single:
        tools.append(_wait_for(device, single))
    if heard:
        tools += [_wait_for_next(device, heard), _age(device, heard)]
    if description.stop:
        tools.append(_stop(device))
    return tools


def _reader(device: Device, point: Point) -> Tool:
    def read() -> Any:
        return device.read(point)

    doc = f"{point.doc.rstrip('.') or f'The value of {point.name}'}{point.value.in_words()}."
    return _tool(read, point.name, doc, (), point.value.annotation(limited=False), "read")


def _writer(device: Device, point: Point) -> Tool:
    def write(value: Any) -> None:
        device.set(point, value)

    said = [f"Set {point.name}: {point.doc.rstrip('.')}." if point.doc else f"Set {point.name}."]
    if point.rate is not None:
        said.append(f"It is changed by at most {point.rate:g} {point.value.unit} each second, and this waits for that.")
    if point.confirm:
        said.append("Raises DeviceError if it cannot be read back.")
    parameters = [("value", point.value.annotation(limited=True), _EMPTY)]
    return _tool(write, f"set_{point.name}", "\n".join(said), parameters, None, point.effect)


def _command(device: Device, command: Command) -> Tool:
    def call(**arguments: Any) -> Any:
        return device.call(command, arguments)

    parameters = [(name, value.annotation(limited=True), _EMPTY) for name, value in command.arguments.items()]
    returned = command.returns.annotation(limited=False) if command.returns is not None else None
    doc = command.doc or f"Tell the device: {command.name}."
    if command.returns is not None and command.returns.unit:
        doc += f"\n\nReturns a value in {command.returns.unit}."
    return _tool(call, command.name, doc, parameters, returned, command.effect)


def _values(device: Device, points: Iterable[Point]) -> Tool:
    by_name = {point.name: point for point in points}

    def values(points: list[str] | None) -> dict[str, Any]:
        return device.values([by_name[name] for name in dict.fromkeys(by_name if points is None else points)])

    kinds: Any = reduce(or_, dict.fromkeys(point.value.annotation(limited=False) for point in by_name.values()))
    doc = "The values of several points by name, or of all; they are read together, as far as the device allows."
    parameters = [("points", list[Literal[tuple(by_name)]] | None, None)]  # type: ignore[misc]
    return _tool(values, "values", doc, parameters, dict[str, kinds], "read")


def _wait_for(device: Device, points: Iterable[Point]) -> Tool:
    by_name = {point.name: point for point in points}

    def wait_for(point: str, value: Any, timeout_s: float, how: How) -> None:
        device.wait_for(by_name[point], value, timeout_s, how)

    kinds = {point.value.kind: None for point in by_name.values()}
    parameters: list[tuple[str, Any, Any]] = [
        ("point", Literal[tuple(by_name)], _EMPTY),
        ("value", reduce(or_, kinds), _EMPTY),
        ("timeout_s", _Seconds, 10.0),
        ("how", How, "equal"),
    ]
    doc = "Wait until a point has a value. Raises DeviceTimeout if it has not within timeout_s seconds."
    return _tool(wait_for, "wait_for", doc, parameters, None, "read")


def _wait_for_next(device: Device, points: Iterable[Point]) -> Tool:
    by_name = {point.name: point for point in points}

    def wait_for_next(point: str, timeout_s: float) -> Any:
        return device.wait_for_next(by_name[point], timeout_s)

    parameters: list[tuple[str, Any, Any]] = [
        ("point", Literal[tuple(by_name)], _EMPTY),
        ("timeout_s", _Seconds, 10.0),
    ]
    returned = reduce(or_, dict.fromkeys(point.value.annotation(limited=False) for point in by_name.values()))
    doc = "Wait for the next value of a point that the device sends, and return it. Raises DeviceTimeout if none comes."
    return _tool(wait_for_next, "wait_for_next", doc, parameters, returned, "read")


def _age(device: Device, points: Iterable[Point]) -> Tool:
    by_name = {point.name: point for point in points}

    def age(point: str) -> float:
        return device.age(by_name[point])

    doc = "How many seconds ago the last value of a point came from the device."
    return _tool(age, "age", doc, [("point", Literal[tuple(by_name)], _EMPTY)], float, "read")


def _stop(device: Device) -> Tool:
    def rest() -> str:
        return device.stop()

    return _tool(rest, "stop", "Bring the device to rest at once. Returns what was done.", (), str, "physical")


def _tool(
    function: Callable[..., Any],
    name: str,
    doc: str,
    parameters: Iterable[tuple[str, Any, Any]],
    returned: Any,
    effect: Effect,
) -> Tool:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__signature__ = Signature(  # type: ignore[attr-defined]
        [Parameter(n, Parameter.POSITIONAL_OR_KEYWORD, annotation=kind, default=d) for n, kind, d in parameters],
        return_annotation=returned,
    )
    return Tool(function, effect=effect, scope={})
