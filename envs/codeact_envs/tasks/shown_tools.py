"""Which of a robot's tools a task's prompt shows with their docstrings; the others are named there, and `help` tells.

All can be called in every task. What all families need is always shown; what only some need, where it is needed.
"""

from __future__ import annotations

from collections.abc import Collection

from codeact.tools import Toolbox

_DESCRIBING = ("find", "find_all", "color")
_AREAS = ("areas", "area", "direction_vector")
_JOINTED = ("opened", "pull_open", "push_shut", "press", "turn")
_LEADING = ("move_held", "pour", "open_gripper")
_STRIKING = ("shove", "tip")
_MOVING = ("push", "move_to", "close_gripper")
SOMETIMES = frozenset((*_DESCRIBING, *_AREAS, *_JOINTED, *_LEADING, *_STRIKING, *_MOVING))
BY_FAMILY: dict[str, tuple[str, ...]] = {
    "A": ("push", "move_to"),
    "B": (*_DESCRIBING, *_AREAS),
    "C": ("push",),
    "D": _JOINTED,
    "E": ("opened", *_LEADING),
    "F": ("push", "move_to", "open_gripper"),
    "G": (),
    "I": ("move_to",),
}


def showing(box: Toolbox, family: str, also: Collection[str] = ()) -> Toolbox:
    """The tools of a robot with the stubs that a family of tasks needs, and of those that the task itself names.

    A family that is not known here is shown all tools. Names are bare: `pick` is `left.pick` as well.
    """
    if family not in BY_FAMILY:
        return box
    hidden = SOMETIMES - {*BY_FAMILY[family], *also}
    shown = [name for name in box.tools if name.rpartition(".")[2] not in hidden]
    return box.showing(*shown) if shown else box
