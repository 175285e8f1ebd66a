"""Reads a device's manifest: one language of points, commands and the way to rest for all protocols."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from codeact.errors import ToolError
from codeact.tools import Effect
from codeact.tools.tool import check_name
from codeact.tools.wording import did_you_mean, listed, value_text
from codeact.yaml_files import YamlFile
from codeact_adapters._devices.description import Command, Description, Heartbeat, Point, Step
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.structures import Structure, read_any_value
from codeact_adapters._devices.values import Value

Manifest = str | os.PathLike[str] | Mapping[str, Any]
TOOLS = ("values", "wait_for", "wait_for_next", "age", "stop")
"""What a device offers besides its points and commands."""

_ACCESS = ("read", "write", "read-write")
_SLOWEST_S = 600.0


def read_manifest(manifest: Manifest, link: type[Link], settings: Mapping[str, Any]) -> Description:
    """Read a manifest.

    Args:
        manifest: a YAML file, or what stands in one.
        link: the protocol that it must be for.
        settings: of the connection, instead of what the manifest says; None for what it says.

    Raises:
        ToolError: something is wrong; the message has the place in the file and says what would be right.
    """
    top = _top(manifest)
    name = top.need("device", str)
    doc = top.get("description", str, "").strip()
    connection = top.section(link.protocol)
    if connection is None:
        connection = Section({}, top.place, (link.protocol,))
    connection.data.update({key: value for key, value in settings.items() if value is not None})
    read_settings = link.read_settings(connection)
    connection.done()
    points, commands = _points(top, link, name), _commands(top, link, name)
    if not points and not commands:
        top.lacks("points", "or `commands`: a device needs some", ", ")
    _require_distinct(top, points, commands)
    description = Description(
        name=_name(top, name, "device"),
        doc=doc,
        settings=read_settings,
        points=points,
        commands=commands,
        stop=_stop(top, points, commands),
        heartbeat=_heartbeat(top, points),
    )
    top.done()
    return description


def _top(manifest: Manifest) -> Section:
    if isinstance(manifest, Mapping):
        return Section(manifest, lambda *keys: "" if keys else "the manifest")
    file = YamlFile(Path(manifest), ToolError)
    return Section(file.data, file.place)


def _name(section: Section, name: str, what: str) -> str:
    try:
        return check_name(name, what)
    except ToolError as problem:
        section.fail(str(problem).removesuffix("; pass name=..."))


def _points(top: Section, link: type[Link], device: str) -> dict[str, Point]:
    listed_points = top.section("points")
    found: dict[str, Point] = {}
    for name, section in listed_points.items() if listed_points else ():
        _name(section, name, "point")
        value = read_any_value(section, link.encodings, link.structures, device)
        access = section.choice("access", _ACCESS, "read")
        reads, writes = "read" in access, "write" in access
        effect = _effect(section) if writes else "read"
        found[name] = Point(
            name=name,
            doc=section.get("description", str, "").strip(),
            value=value,
            reads=reads,
            writes=writes,
            effect=effect,
            confirm=_confirm(section, name, reads, writes),
            tolerance=_tolerance(section),
            rate=_rate(section, value, reads, writes),
            max_age_s=section.number("max_age_s", 1.0, 0.0) if "max_age_s" in section else None,
            address=link.read_point(section, value, reads, writes),
        )
        section.done()
        if found[name].max_age_s is not None and not (reads and link.hears(found[name])):
            section.fail("only what comes by itself has an age; this is asked for each time", "max_age_s")
    for name, point in found.items():
        other = found.get(point.confirm)
        if point.confirm and (other is None or not other.reads):
            assert listed_points is not None
            readable = [name for name, each in found.items() if each.reads]
            hint = did_you_mean(point.confirm, readable)
            listed_points.fail(f"there is no point {point.confirm!r} that can be read{hint}", name, "confirm")
        if other is not None and (other.value.kind, other.value.many) != (point.value.kind, point.value.many):
            assert listed_points is not None
            listed_points.fail(f"{point.confirm} is of another type", name, "confirm")
    return found


def _effect(section: Section) -> Effect:
    if "effect" not in section:
        section.lacks("effect", "physical if writing it can move something, else write", ": ")
    return cast(Effect, section.choice("effect", ("write", "physical")))


def _confirm(section: Section, name: str, reads: bool, writes: bool) -> str:
    if "confirm" not in section:
        return ""
    asked = section.data["confirm"]
    if asked is False:
        return ""
    if not writes:
        section.fail("only what is written can be confirmed", "confirm")
    if asked is True and not reads:
        section.fail("the point cannot be read; name one that can", "confirm")
    return name if asked is True else section.typed(asked, str, "confirm")


def _tolerance(section: Section) -> float:
    tolerance = section.get("tolerance", float, 0.0)
    if tolerance < 0:
        section.fail(f"expected a number of at least 0, got {tolerance:g}", "tolerance")
    return tolerance


def _rate(section: Section, value: Value, reads: bool, writes: bool) -> float | None:
    if "rate" not in section:
        return None
    if value.many or value.kind not in (int, float) or not (reads and writes):
        section.fail("only a single number with access: read-write has a rate", "rate")
    return section.number("rate", 1.0, 0.0)


def _commands(top: Section, link: type[Link], device: str) -> dict[str, Command]:
    listed_commands = top.section("commands")
    found: dict[str, Command] = {}
    for name, section in listed_commands.items() if listed_commands else ():
        _name(section, name, "command")
        arguments: dict[str, tuple[Section, Value]] = {}
        given = section.section("arguments")
        for argument, described in given.items() if given else ():
            _name(described, argument, "argument")
            arguments[argument] = (
                described,
                read_any_value(described, link.encodings, link.structures, device),
            )
        answer = section.section("returns")
        returns = read_any_value(answer, link.encodings, link.structures, device) if answer is not None else None
        found[name] = Command(
            name=name,
            doc=section.get("description", str, "").strip(),
            effect=_effect(section) if section.data.get("effect") != "read" else "read",
            arguments={argument: value for argument, (_, value) in arguments.items()},
            returns=returns,
            timeout_s=section.number("timeout_s", 5.0, 0.0, _SLOWEST_S),
            address=link.read_command(section, {key: part for key, (part, _) in arguments.items()}, answer),
        )
        section.get("effect", str)
        for part in (*(part for part, _ in arguments.values()), *([answer] if answer is not None else ())):
            part.done()
        section.done()
    return found


def _require_distinct(top: Section, points: Mapping[str, Point], commands: Mapping[str, Command]) -> None:
    owners = dict.fromkeys(TOOLS, "a function of every device")
    functions = [(name, f"points.{name}", "points", name) for name, point in points.items() if point.reads]
    functions += [(f"set_{name}", f"points.{name}", "points", name) for name, point in points.items() if point.writes]
    functions += [(name, f"commands.{name}", "commands", name) for name in commands]
    for function, owner, *keys in functions:
        if function in owners:
            top.fail(f"{function}() would be made twice: it is {owners[function]} already; rename one of them", *keys)
        owners[function] = f"made of {owner}"


def _stop(top: Section, points: Mapping[str, Point], commands: Mapping[str, Command]) -> tuple[Step, ...]:
    moving = [
        *(f"points.{name}" for name, point in points.items() if point.effect == "physical"),
        *(f"commands.{name}" for name, command in commands.items() if command.effect == "physical"),
    ]
    if "stop" not in top:
        if moving:
            top.fail(
                f"{moving[0]} is physical, and nothing says how it comes to rest: write `stop:` with what is to be "
                "written, such as {speed: 0}, or `stop: []` if nothing has to be"
            )
        return ()
    asked = top.data["stop"]
    if isinstance(asked, Mapping):
        asked = [{name: value} for name, value in asked.items()]
    steps = []
    for number, step in enumerate(top.typed(asked, list, "stop")):
        if isinstance(step, str):
            step = {step: {}}
        if not isinstance(step, Mapping) or len(step) != 1:
            top.fail("expected a point and its value, or a command", "stop", number)
        ((name, value),) = step.items()
        if name in points and points[name].writes:
            steps.append(Step(points[name], _fitting(top, points[name].value, value, "stop", name)))
        elif name in commands:
            steps.append(Step(commands[name], _arguments(top, commands[name], value)))
        else:
            known = [*(name for name, point in points.items() if point.writes), *commands]
            hint = did_you_mean(str(name), known) or f"; there are {listed(known)}"
            top.fail(f"there is no point to write and no command {name!r}{hint}", "stop", number)
    return tuple(steps)


def _arguments(top: Section, command: Command, given: object) -> dict[str, Any]:
    section = Section(given, top.place, ("stop", command.name))
    for name, value in command.arguments.items():
        if name not in section:
            section.fail(f"lacks the argument {name!r}")
        section.data[name] = _fitting(section, value, section.data[name], name)
    section.done()
    return section.data


def _fitting(section: Section, value: Value, given: Any, *keys: str) -> Any:
    """A value that a program could write, but for the range: what is at rest may lie outside it."""
    if value.names:
        if given not in value.names:
            section.fail(f"expected one of {listed(value.names)}, got {value_text(given)}", *keys)
        return given
    if isinstance(value, Structure):
        if value.many:
            return [_fitting_one(section, value, item, *keys) for item in section.typed(given, list, *keys)]
        return _fitting_one(section, value, given, *keys)
    if value.many:
        return [section.typed(item, value.kind, *keys) for item in section.typed(given, list, *keys)]
    checked: Any = section.typed(given, value.kind, *keys)
    raw = value.to_raw(checked)
    if value.raw_kind in (int, float) and not value.raw_low <= raw <= value.raw_high:
        section.fail(f"{value.text(checked)} does not fit {value.encoding}", *keys)
    return checked


def _fitting_one(section: Section, value: Structure, given: Any, *keys: str) -> Any:
    part = Section(given, section.place, (*section.keys, *keys))
    for name in value.fields:
        if name not in part:
            part.fail(f"lacks the field {name!r}")
    part.done()
    return value.kind(**{name: _fitting(part, field, part.data[name], name) for name, field in value.fields.items()})


def _heartbeat(top: Section, points: Mapping[str, Point]) -> Heartbeat | None:
    section = top.section("heartbeat")
    if section is None:
        return None
    name = section.need("point", str)
    point = points.get(name)
    if point is None or not point.writes or point.value.raw_kind not in (bool, int) or point.value.many:
        section.fail(f"expected a point that is written, of whole numbers or true and false, got {name!r}", "point")
    period_s = section.number("period_s", 0.5, 0.0, 60.0)
    section.done()
    return Heartbeat(point, period_s)
