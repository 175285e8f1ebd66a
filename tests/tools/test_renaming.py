"""Tools under other names: what speaks of them, and programs that were written before."""

from __future__ import annotations

import pytest

from codeact import Sandbox
from codeact.errors import ToolError
from codeact.tools import Toolbox, tool
from codeact.tools.renaming import Renaming


class Empty(Exception):
    """There is nothing in `find`, or find_all() gave nothing. To find it, look."""


@tool(effect="read")
def find(words: str) -> str:
    """Find a thing, as `find_all` does. `words` may be anything; find takes care. Raises Empty."""
    raise Empty(f"nothing fits {words!r}; see find_all() or `find`")


@tool(effect="read")
def find_all(find: str = "") -> list[str]:
    """All that find(words) would find, for each `find`."""
    return [find]


box = Toolbox([find, find_all], errors=[Empty])


def test_stubs_help_and_errors_give_the_new_names() -> None:
    other = box.renamed({"find": "look_up", "find_all": "look_up_all"})
    assert list(other.tools) == ["look_up", "look_up_all"]
    stubs = other.stubs()
    assert "def look_up(words: str)" in stubs
    assert "def look_up_all(find: str = '')" in stubs
    assert "Find a thing, as `look_up_all` does. `words` may be anything; find takes care." in stubs
    assert "All that look_up(words) would find, for each `find`." in stubs  # a parameter's name stays
    assert "There is nothing in `look_up`, or look_up_all() gave nothing. To find it, look." in stubs
    with Sandbox(other) as sandbox:
        result = sandbox.run("help(look_up)\ntry:\n    look_up('x')\nexcept Empty as error:\n    print(error)")
        assert "as `look_up_all` does" in result.stdout
        assert "nothing fits 'x'; see look_up_all() or `look_up`" in result.stdout
        assert result.calls[0].tool == "look_up"
        assert result.calls[0].error == "Empty: nothing fits 'x'; see look_up_all() or `look_up`"
        error = sandbox.run("find('x')").error
        assert error is not None
        assert error.type == "NameError"
    assert list(box.tools) == ["find", "find_all"]
    assert "look_up" not in box.stubs()


def test_two_tools_can_change_names_and_be_renamed_again() -> None:
    other = box.renamed({"find": "find_all", "find_all": "find"}).renamed({"find_all": "seek"})
    assert list(other.tools) == ["seek", "find"]
    assert other.renaming.names == {"find": "seek", "find_all": "find"}
    assert "as `find` does" in other["seek"].doc


def test_a_group_keeps_its_name_and_what_is_shown() -> None:
    arms = Toolbox([Toolbox([find, find_all], name="left", doc="See find_all().").showing("left.find")])
    other = arms.renamed({"left.find": "seek", "left.find_all": "seek_all"}).with_tools()
    assert list(other.tools) == ["left.seek", "left.seek_all"]
    assert "def seek(" in other.stubs()
    assert "def seek_all(" not in other.stubs()
    assert "See seek_all()." in other.stubs()
    assert "help(left.seek_all)" in other.stubs()
    assert other.renaming.program("left.find(x.left.find)") == "left.seek(x.left.find)"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"fnid": "seek"}, "no tool 'fnid'; did you mean 'find'"),
        ({"find": "find_all"}, "'find' cannot be renamed to 'find_all': another tool"),
        ({"find": "seek", "find_all": "seek"}, "cannot be renamed to 'seek'"),
        ({"find": "print"}, "hide Python's own print"),
        ({"find": "Empty"}, "is the name of a tool and of a error"),
        ({"find": "a.b"}, "'a.b' cannot be the name of a tool"),
    ],
)
def test_what_cannot_be_a_name_is_said(names: dict[str, str], message: str) -> None:
    with pytest.raises(ToolError, match=message):
        box.renamed(names)


RENAMING = Renaming({"pick": "grab", "color": "hue", "pose": "stance"})


@pytest.mark.parametrize(
    ("program", "renamed"),
    [
        ("# pick it\nif pick( a ):   pick(b)\n", "# pick it\nif grab( a ):   grab(b)\n"),
        ("print(f'é {color(x)} bowl', f\"{pick('é')}\")", "print(f'é {hue(x)} bowl', f\"{grab('é')}\")"),
        ("robot.pick = pick\nd = {'pick': 1}\nf(pick=2)", "robot.pick = grab\nd = {'pick': 1}\nf(pick=2)"),
        ("def g(color):\n    return color\ncolor(1)", "def g(color):\n    return color\nhue(1)"),
        ("def g(x=color(1)):\n    color = 2\n    return color", "def g(x=hue(1)):\n    color = 2\n    return color"),
        ("[color for color in color(1)] + [color(2)]", "[color for color in hue(1)] + [hue(2)]"),
        ("[pick(x) for x in a if color(x)]", "[grab(x) for x in a if hue(x)]"),
        (
            "def g():\n    def h():\n        return pose(1)\n    pose = 3",
            "def g():\n    def h():\n        return pose(1)\n    pose = 3",
        ),
        ("g = lambda pose: pose(1)\nh = lambda: pose(2)", "g = lambda pose: pose(1)\nh = lambda: stance(2)"),
        ("class A:\n    def pick(self):\n        return 1", "class A:\n    def pick(self):\n        return 1"),
        ("for pose in x:\n    pose(1)", "for pose in x:\n    pose(1)"),
        ("from robot import pick\npick(1)", "from robot import pick\npick(1)"),
        (
            "try:\n    pick(1)\nexcept E as pose:\n    print(pose)",
            "try:\n    grab(1)\nexcept E as pose:\n    print(pose)",
        ),
        ("match pick(1):\n    case color:\n        color", "match grab(1):\n    case color:\n        color"),
    ],
)
def test_programs_are_renamed_where_they_mean_the_tool(program: str, renamed: str) -> None:
    assert RENAMING.program(program) == renamed


def test_a_program_with_the_new_name_as_its_own_is_refused() -> None:
    with pytest.raises(ToolError, match="has a 'grab' of its own: give the tool 'pick' another name"):
        RENAMING.program("grab = 'red block'\npick(grab)")
    assert RENAMING.program("grab = 1\ncolor(grab)") == "grab = 1\nhue(grab)"
    with pytest.raises(ToolError, match="line 1"):
        RENAMING.program("pick(")
