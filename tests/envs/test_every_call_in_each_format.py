"""Every call that a single JSON or text action can make is made by it, with just the arguments that were meant."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import enum
import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest

from codeact.agent.formats import Program, find_format
from codeact.errors import ProgramEnd
from codeact.tools import Toolbox
from codeact.tools import annotations as kinds
from codeact_envs.tasks import RobotTask, load_task
from codeact_envs.tool_use import load_tool_use_task, tool_use_names

SEEDS = range(3)
AWKWARD = 'it\'s a "red", (big) [cube], {1}; x=2\\n\n# ü'


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def as_text(name: str, value: Any) -> str:
    return f"{name}={value!r}"


def made(box: Toolbox, program: str) -> tuple[str, dict[str, Any]]:
    """The tool that a program calls, and its arguments as the tool gets them."""
    (statement,) = ast.parse(program).body
    (call,) = statement.value.args  # type: ignore[attr-defined]
    name = ast.unparse(call.func)
    named = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    return name, box[name].bind([ast.literal_eval(each) for each in call.args], named)


def check(box: Toolbox, name: str, arguments: dict[str, Any]) -> None:
    wanted = box[name].bind((), plain(arguments))
    actions = {
        "json": json.dumps({"tool": name, "args": plain(arguments)}),
        "text": "Action: " + ", ".join([name, *(as_text(each, plain(value)) for each, value in arguments.items())]),
    }
    for action_format, action in actions.items():
        reply = find_format(action_format, box).parse(f"I call it now.\n{action}\n")
        assert isinstance(reply, Program), f"{action}: {reply}"
        assert repr(made(box, reply.code)) == repr((name, wanted)), action


def calls_of(task: Any, world: Any, oracle: str) -> Iterator[tuple[str, dict[str, Any]]]:
    made_calls: list[tuple[str, dict[str, Any]]] = []

    def called(tool: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            arguments = tool.bind(args, kwargs)
            made_calls.append((tool.full_name, arguments))
            return tool.invoke(arguments)

        return call

    def finish(answer: Any = None) -> None:
        raise ProgramEnd(answer)

    names = {tool.full_name: called(tool) for tool in world.toolbox} | {"finish": finish}
    names |= {error.__name__: error for error in world.toolbox.errors.values()}
    with contextlib.suppress(ProgramEnd):
        exec(oracle, names)
    yield from made_calls


@pytest.mark.parametrize("name", tool_use_names())
def test_all_calls_of_the_reference_programs(name: str) -> None:
    task = load_tool_use_task(name)
    world = task.make_world()
    try:
        for seed in SEEDS:
            plan = task.draw(np.random.default_rng(seed), "seen")
            world.reset(plan.setup)
            calls = list(calls_of(task, world, plan.oracle))
            assert calls
            for tool, arguments in calls:
                check(world.toolbox, tool, arguments)
    finally:
        world.close()


def example_of(annotation: Any) -> Any:
    """A value that the annotation takes, the most awkward of its kind."""
    options = [option for option in kinds.options(annotation) if option is not type(None)]
    inner = kinds.bare(options[0] if options else annotation)
    origin = get_origin(inner)
    if origin is Literal:
        return get_args(inner)[-1]
    if origin in (list, tuple) or inner in (list, tuple):
        parts = [part for part in get_args(inner) if part is not Ellipsis]
        return [example_of(part) for part in parts]
    if kinds.is_enum(inner):
        return next(iter(inner)).value
    if kinds.is_dataclass(inner):
        return {name: example_of(part) for name, part in kinds.field_types(inner).items()}
    if kinds.is_array(inner):
        return [0.5, -1e-9]
    return {str: AWKWARD, bool: True, int: 2, float: 0.25}.get(inner, [AWKWARD, None, {"a": 1}])


@pytest.mark.parametrize(
    ("task", "tier"),
    [("lift", "high"), ("reach", "low"), ("handover", "high"), ("fetch_and_deliver", "high"), ("hover", "high")],
)
def test_all_tools_of_the_robots(task: str, tier: str) -> None:
    found = load_task(task)
    assert isinstance(found, RobotTask)
    world = found.tiered(tier).make_world()
    try:
        for tool in world.toolbox:
            arguments = {name: example_of(each.annotation) for name, each in tool.signature.parameters.items()}
            check(world.toolbox, tool.full_name, arguments)
    finally:
        world.close()
