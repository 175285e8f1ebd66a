"""Single calls are held against the signatures of the tools before they are made."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from codeact import Toolbox, tool
from codeact.agent.formats import Broken, Program, find_format


@pytest.fixture(scope="module")
def tools() -> Toolbox:
    @tool(effect="read")
    def look(name: str, within: float = 1.0, kind: Literal["cube", "ball"] | None = None) -> str:
        """Look for something."""
        return name

    @tool
    def pack(boxes: list[str], size: tuple[float, float], weight: float | str = 0.0) -> bool:
        """Pack them."""
        return True

    return Toolbox([look, Toolbox([pack], name="shop")])


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ({"tool": "lok"}, "There is no function 'lok'; did you mean 'look'?"),
        ({"tool": "fly"}, "There is no function 'fly'; there are look and shop.pack."),
        ({"tool": "look"}, "ArgumentError: look() is missing argument 'name' (a string)."),
        (
            {"tool": "look", "args": {"name": 5}},
            "ArgumentError: look() argument 'name': expected a string, got 5 (int).",
        ),
        ({"tool": "look", "args": {"name": "a", "kind": "cone"}}, "one of 'cube', 'ball'"),
        ({"tool": "look", "args": {"name": "a", "within": "far"}}, "argument 'within': expected a number"),
        ({"tool": "look", "args": {"name": "a", "on": 1}}, "look() has no argument 'on'"),
        ({"tool": "shop.pack", "args": {"boxes": ["a", 1], "size": [1, 2]}}, "argument 'boxes[1]': expected a string"),
        ({"tool": "shop.pack", "args": {"boxes": [], "size": [1]}}, "argument 'size"),
    ],
)
def test_calls_are_held_against_the_signatures(tools: Toolbox, call: dict[str, Any], why: str) -> None:
    reply = find_format("json", tools).parse(json.dumps(call))
    assert isinstance(reply, Broken)
    assert why in reply.why


def test_right_calls_become_programs(tools: Toolbox) -> None:
    reply = find_format("json", tools).parse('{"tool": "shop.pack", "args": {"boxes": ["a"], "size": [1, 2.5]}}')
    assert isinstance(reply, Program)
    assert reply.code == "print(shop.pack(boxes=['a'], size=[1, 2.5]))"


def test_what_takes_text_alone_is_text_whatever_it_looks_like(tools: Toolbox) -> None:
    read = find_format("text", tools).parse

    def code(action: str) -> str:
        reply = read(f"Action: {action}")
        assert isinstance(reply, Program), reply
        return reply.code

    assert code("look, 12, 0.5") == "print(look('12', 0.5))"
    assert code("look, name=007, kind=cube") == "print(look(name='007', kind='cube'))"
    assert code('look, "12"') == "print(look('12'))"
    assert code("look, [a], 1, None") == "print(look('[a]', 1, None))"
    assert code("shop.pack, ['a', 'b, c'], (1, 2), 3") == "print(shop.pack(['a', 'b, c'], (1, 2), 3))"
    assert code("look, -x-, kind=ball") == "print(look('-x-', kind='ball'))"
    assert read("Action: look, one, two, three, four") == Broken(
        "ArgumentError: look() takes at most 3 arguments by position, got 4; its arguments are name, within and kind."
    )
