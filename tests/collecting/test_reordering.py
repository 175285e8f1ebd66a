"""Conversations with the tools of the prompt in another order, and fewer of them."""

from __future__ import annotations

from typing import Any

import pytest

from codeact.collecting.errors import CollectionError
from codeact.collecting.reordering import reordered

SYSTEM = """You act by writing Python. Call finish(answer) when the task cannot be done.

Functions that are ready:
Area: center: (float, float), x: (float, float), y: (float, float)
objects() -> list[str]  # Names of all objects
size(name: str) -> (float, float, float)  # Full extents (x, y, z)
pick(name: str) -> bool  # Grasp an object
place_on(target: str) -> bool  # Put the held object on another
held() -> str | None  # Name of the object in the gripper, or None
finish(answer: Any = None)  # End the task
Also: push, tip"""
STUBS = SYSTEM.split("\n")[4:-1]


def conversation(program: str = "pick('red cube')\nplace_on('bowl')", system: str = SYSTEM) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": "Put the red cube in the bowl."},
            {"role": "assistant", "content": program, "learn": True},
        ],
        "number": 3,
    }


def systems(count: int, **options: Any) -> list[str]:
    given: dict[str, Any] = {"share": 1.0, "orders": 40, "fewer": 0.0, **options}
    return [each["messages"][0]["content"] for each in reordered([conversation()] * count, **given)]


def test_the_same_stubs_stand_in_the_same_place_in_another_order() -> None:
    [system] = systems(1)
    lines = system.split("\n")
    assert lines[:4] == SYSTEM.split("\n")[:4]
    assert sorted(lines[4:-1]) == sorted(STUBS)
    assert lines[4:-1] != STUBS
    assert sorted(lines[-1].removeprefix("Also: ").split(", ")) == ["push", "tip"]


def test_there_are_so_many_orders_and_a_seed_gives_the_same() -> None:
    assert len(set(systems(12, orders=4))) == 4
    assert systems(6) == systems(6)
    assert systems(6) != systems(6, seed=1)


def test_each_prompt_has_so_many_orders_whatever_the_share() -> None:
    other = SYSTEM.replace("Call finish(answer)", "Answer")
    both = [conversation(), conversation(), conversation(system=other), conversation(system=other)] * 8
    told = [each["messages"][0]["content"] for each in reordered(both, share=0.5, orders=4, fewer=0.0)]
    for begin in ("You act by writing Python. Call", "You act by writing Python. Answer"):
        lists = {system for system in told if system.startswith(begin)}
        assert len(lists - {SYSTEM, other}) == 4


def test_a_line_of_several_tools_is_one_of_the_list() -> None:
    system = SYSTEM.replace("pick(name", "left.pick, right.pick(name").replace("held()", "left.held, right.held()")
    used = conversation("right.pick('red cube')\nplace_on('bowl')", system)
    for told in reordered([used] * 8, share=1.0, orders=8, fewer=1.0):
        *lines, also = told["messages"][0]["content"].split("\n")
        assert sorted(line.partition("(")[0] for line in lines[4:]) == ["left.pick, right.pick", "place_on"]
        assert {"left.held", "right.held"} <= set(also.removeprefix("Also: ").split(", "))


def test_how_many_more_there_are_is_said_at_the_end() -> None:
    system = SYSTEM.replace("push, tip", 'push, tip and 7 more: see help("words")')
    for told in reordered([conversation(system=system)] * 8, share=1.0, orders=8, fewer=1.0):
        also = told["messages"][0]["content"].split("\n")[-1]
        assert also.endswith(' and 7 more: see help("words")')
        names = also.removeprefix("Also: ").partition(" and ")[0].split(", ")
        assert sorted(names) == ["finish", "held", "objects", "push", "size", "tip"]


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(CollectionError, match=r"not 1\.5, 0 and 5"):
        reordered([conversation()], share=1.5, orders=5, fewer=0.0)
    with pytest.raises(CollectionError, match="orders from 1 up"):
        reordered([conversation()], share=0.5, orders=0, fewer=0.0)


def test_what_is_used_is_never_left_out_and_what_is_left_out_is_named_as_callable() -> None:
    for system in systems(20, fewer=1.0):
        stubs, also = system.split("\n")[4:-1], system.split("\n")[-1].removeprefix("Also: ").split(", ")
        assert sorted(stub.partition("(")[0] for stub in stubs) == ["pick", "place_on"]
        assert sorted(also) == ["finish", "held", "objects", "push", "size", "tip"]


def test_a_prompt_that_names_no_others_just_lacks_them() -> None:
    system = SYSTEM.removesuffix("\nAlso: push, tip")
    [told] = reordered([conversation(system=system)], share=1.0, orders=1, fewer=1.0)
    assert "objects" not in told["messages"][0]["content"]
    assert told["messages"][1:] == conversation()["messages"][1:]


def test_a_share_is_told_so_and_what_shows_no_stubs_stays_as_it_is() -> None:
    told = list(reordered([conversation()] * 10, share=0.3, orders=5, fewer=0.0))
    assert ["order" in each for each in told].count(True) == 3
    plain = conversation(system="Answer in plain words.")
    assert list(reordered([plain], share=1.0, orders=5, fewer=0.0)) == [plain]
