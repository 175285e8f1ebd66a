"""Toolboxes: names, groups, types, errors and stop paths put together."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from codeact.errors import ArgumentError, Refused, ToolError
from codeact.tools import Tool, Toolbox, tool


@dataclass
class Pose:
    x: float


class Mode(Enum):
    SLOW = 1


@dataclass
class Plan:
    poses: list[Pose]
    mode: Mode = Mode.SLOW


class OutOfReach(Refused):
    """The target cannot be reached."""


@tool(effect="physical")
def move(plan: Plan) -> Pose:
    return plan.poses[-1]


class Camera:
    """A camera on the wall.

    Of no further interest.
    """

    limit = 3

    def __init__(self) -> None:
        self.stopped = 0

    @tool(effect="read")
    def snapshot(self, exposure: float = 0.1) -> list[int]:
        return [1]

    def zoom(self, factor: int) -> int:
        return factor

    def secret(self) -> str:
        return "secret"

    def halt(self) -> None:
        self.stopped += 1


def test_tools_and_groups_keep_their_order_under_dotted_names() -> None:
    camera = Toolbox.of(Camera(), name="camera", allow=["snapshot", "zoom"])
    box = Toolbox([move, camera, Toolbox([camera], name="wall")])
    assert list(box.tools) == ["move", "camera.snapshot", "camera.zoom", "wall.camera.snapshot", "wall.camera.zoom"]
    assert box["wall.camera.zoom"].invoke({"factor": 2}) == 2
    assert list(camera.tools) == ["camera.snapshot", "camera.zoom"]
    with pytest.raises(ToolError, match=r"did you mean 'camera.zoom'"):
        box["camera.zom"]


def test_errors_name_the_tool_as_the_program_does() -> None:
    box = Toolbox.of(Camera(), name="camera", allow=["zoom"])
    with pytest.raises(ArgumentError, match=r"^camera\.zoom\(\) argument 'factor': expected a whole number"):
        box["camera.zoom"].bind(["x"])


def test_only_what_is_allowed_becomes_a_tool() -> None:
    box = Toolbox.of(Camera(), allow=["snapshot", "zoom"], effects={"zoom": "physical"})
    assert {name: member.effect for name, member in box.tools.items()} == {"snapshot": "read", "zoom": "physical"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"allow": ["snapshto"]}, "Camera has no method 'snapshto'; did you mean 'snapshot'?"),
        ({"allow": ["__init__"]}, "'__init__' is private to Camera"),
        ({"allow": ["limit"]}, "Camera.limit is int, not a method"),
        ({"allow": ["zoom"], "effects": {"snapshot": "read"}}, "effects names 'snapshot', which allow does not"),
        ({"allow": ["zoom"], "effects": {"zoom": "loud"}}, "an effect is one of read, write, physical"),
    ],
)
def test_a_wrong_allow_list_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError) as caught:
        Toolbox.of(Camera(), **options)
    assert message in str(caught.value)


def test_types_are_collected_through_fields_with_parts_first() -> None:
    assert list(Toolbox([move]).types.items()) == [("Pose", Pose), ("Mode", Mode), ("Plan", Plan)]


def test_errors_that_programs_may_catch() -> None:
    box = Toolbox([Toolbox([move], errors=[OutOfReach])], errors=[ValueError])
    assert dict(box.errors) == {
        "ToolError": ToolError,
        "ArgumentError": ArgumentError,
        "Refused": Refused,
        "OutOfReach": OutOfReach,
    }


def _named(name: str, annotation: Any = None) -> Tool:
    def f(x: Any = None) -> None: ...

    f.__annotations__["x"] = annotation
    return Tool(f, name=name)


def _class(name: str) -> type:
    return dataclass(type(name, (), {"__annotations__": {"x": int}}))


def test_names_that_clash_or_hide_python_are_refused() -> None:
    for members, message in (
        ([_named("go"), _named("go")], "two tools named 'go'"),
        ([_named("print")], "would hide Python's own print"),
        ([_named("go", _class("Image"))], "would hide Python's own Image"),
        ([_named("go", _class("Pose")), _named("run", _class("Pose"))], "two different types named Pose"),
        ([_named("arm"), Toolbox([_named("go")], name="arm")], "'arm' is both a tool and a group"),
        ([_named("Pose"), _named("go", _class("Pose"))], "'Pose' is the name of a tool and of a type"),
        ([_named("go", _class("Refused"))], "'Refused' is the name of a type and of a error"),
    ):
        with pytest.raises(ToolError, match=message):
            Toolbox(members)
    with pytest.raises(ToolError, match="would hide Python's own list"):
        Toolbox([_named("go")], name="list")
    assert list(Toolbox([_named("print")], name="printer").tools) == ["printer.print"]


def test_stop_paths_are_each_called_once() -> None:
    calls: list[str] = []
    camera = Camera()
    own = Tool(lambda: None, name="own", effect="physical", stop=lambda: calls.append("own"))
    box = Toolbox(
        [own, Toolbox.of(camera, name="camera", allow=["zoom", "snapshot"], stop=camera.halt)],
        stop=lambda: calls.append("box"),
    )
    assert box["camera.zoom"].stop == camera.halt
    assert box["own"].stop is own.stop
    box.stop()
    assert (calls, camera.stopped) == (["box", "own"], 1)


def test_a_stop_path_that_fails_does_not_keep_the_others_from_running() -> None:
    calls: list[str] = []

    def broken() -> None:
        raise OSError("no power")

    first, second = Tool(lambda: 0, name="a", stop=broken), Tool(lambda: 0, name="b", stop=lambda: calls.append("b"))
    with pytest.raises(ToolError, match="1 of 2 stop paths failed: OSError: no power"):
        Toolbox([first, second]).stop()
    assert calls == ["b"]


def test_boxes_add_up_and_stay_as_they_were() -> None:
    camera = Toolbox.of(Camera(), name="camera", allow=["zoom"])
    both = camera + Toolbox([move])
    assert list(both.tools) == ["camera.zoom", "move"]
    assert list(both.with_tools(_named("go"), errors=[OutOfReach]).tools) == ["camera.zoom", "move", "go"]
    assert list(camera.tools) == ["camera.zoom"]


def test_a_copy_of_a_box_is_the_box() -> None:
    """Gymnasium copies what an environment is made with, and a robot cannot be copied."""
    box = Toolbox.of(Camera(), allow=["zoom"])
    assert copy.deepcopy(box) is box
    assert copy.deepcopy(box["zoom"]) is box["zoom"]


def test_a_plain_function_becomes_a_tool_that_writes() -> None:
    def note(text: str) -> None: ...

    assert Toolbox([note])["note"].effect == "write"


def test_one_tool_without_a_list_is_refused_with_what_to_write() -> None:
    def greet(name: str) -> str:
        """Say hello."""
        return f"hello {name}"

    with pytest.raises(ToolError, match=r"a toolbox takes a list of tools, such as Toolbox\(\[greet\]\)"):
        Toolbox(greet)  # type: ignore[arg-type]


def test_closing_gives_back_once_what_the_tools_use_the_last_first() -> None:
    closed: list[str] = []
    camera = Toolbox.of(Camera(), name="camera", allow=["zoom"], closing=lambda: closed.append("camera"))
    box = Toolbox([camera, move, Toolbox([camera], name="wall")], closing=lambda: closed.append("box"))
    assert not box.closed
    with box as entered:
        assert entered is box
        assert box["camera.zoom"].invoke({"factor": 2}) == 2
    box.close()
    camera.close()
    assert closed == ["box", "camera"]
    assert box.closed
    assert camera.closed


def test_a_call_after_closing_says_so_and_tools_that_use_nothing_go_on() -> None:
    def add(a: int, b: int) -> int:
        return a + b

    camera = Toolbox.of(Camera(), name="camera", allow=["zoom"], closing=lambda: None)
    box = Toolbox([camera, add])
    camera.close()
    for tools in (camera, box):
        with pytest.raises(ToolError, match=r"camera\.zoom\(\) cannot be called any more: its toolbox is closed"):
            tools["camera.zoom"].invoke({"factor": 2})
    assert box["add"].invoke({"a": 1, "b": 2}) == 3
    with Toolbox([add]) as plain:
        pass
    assert plain["add"].invoke({"a": 1, "b": 2}) == 3
    assert not plain.closed


def test_what_cannot_be_closed_does_not_keep_the_rest_open() -> None:
    closed: list[str] = []

    def broken() -> None:
        raise OSError("the line is dead")

    box = Toolbox(
        [
            Toolbox([_named("a")], closing=lambda: closed.append("a")),
            Toolbox([_named("b")], closing=broken),
            Toolbox([_named("c")], closing=lambda: closed.append("c")),
        ]
    )
    with pytest.raises(ToolError, match="closing failed: OSError: the line is dead"):
        box.close()
    assert closed == ["c", "a"]
    box.close()


def test_a_part_of_a_toolbox_is_chosen_by_patterns() -> None:
    closed: list[str] = []
    camera = Toolbox.of(Camera(), name="camera", allow=["snapshot", "zoom"], closing=lambda: closed.append("camera"))
    box = Toolbox([move, camera])
    part = box.only("camera.*")
    assert list(part.tools) == ["camera.snapshot", "camera.zoom"]
    assert "Pose" in box.types
    assert part.types == {}
    assert list(box.only("camera.zoom", "move").tools) == ["move", "camera.zoom"]
    assert list(box.tools) == ["move", "camera.snapshot", "camera.zoom"]
    with pytest.raises(ToolError, match=r"'camera.zom' matches no tool; did you mean 'camera.zoom'\?"):
        box.only("camera.zom")
    part.close()
    assert closed == ["camera"]


def test_effects_are_given_by_patterns_and_the_last_one_decides() -> None:
    box = Toolbox([move, Toolbox.of(Camera(), name="camera", allow=["snapshot", "zoom"])])
    changed = box.with_effects({"camera.*": "write", "*.zoom": "physical"})
    assert [member.effect for member in changed] == ["physical", "write", "physical"]
    assert [member.effect for member in box] == ["physical", "read", "write"]
    with pytest.raises(ToolError, match="an effect is one of read, write, physical"):
        box.with_effects({"move": "loud"})  # type: ignore[dict-item]
    with pytest.raises(ToolError, match="'mov' matches no tool; did you mean 'move'"):
        box.with_effects({"mov": "read"})


def test_each_tool_can_be_changed_behind_its_signature() -> None:
    box = Toolbox.of(Camera(), name="camera", allow=["zoom"])

    def doubled(each: Tool) -> Tool:
        return each.with_function(lambda **arguments: 2 * each.function(**arguments))

    changed = box.changed(doubled)
    assert changed.stubs() == box.stubs()
    assert changed["camera.zoom"].invoke({"factor": 2}) == 4
    assert box["camera.zoom"].invoke({"factor": 2}) == 2
