"""The high tier of the arm's interface: what a program on the table top calls."""

from __future__ import annotations

from collections.abc import Callable

from codeact.tools import Toolbox
from codeact_envs.bullet.errors import (
    AlreadyHolding,
    Ambiguous,
    InCollision,
    KeepOut,
    NotArticulated,
    NotGraspable,
    NothingHeld,
    NotUnderstood,
    OutOfReach,
    Stopped,
    TooFast,
    TooStrong,
    UnknownObject,
)
from codeact_envs.bullet.tools.skills.areas import Areas
from codeact_envs.bullet.tools.skills.articulated import Articulated
from codeact_envs.bullet.tools.skills.looking import Looking
from codeact_envs.bullet.tools.skills.moving import Moving
from codeact_envs.bullet.tools.skills.pick_and_place import PickAndPlace
from codeact_envs.bullet.tools.skills.pouring import Pouring
from codeact_envs.bullet.tools.skills.pushing import Pushing
from codeact_envs.bullet.tools.skills.tipping import Tipping
from codeact_envs.bullet.tools.skills.using import Using

ERRORS = (
    OutOfReach,
    KeepOut,
    TooFast,
    TooStrong,
    InCollision,
    Stopped,
    UnknownObject,
    Ambiguous,
    NotUnderstood,
    NothingHeld,
    AlreadyHolding,
    NotGraspable,
    NotArticulated,
)


class TabletopApi(PickAndPlace, Pushing, Tipping, Using, Pouring, Articulated, Moving, Looking, Areas):
    """Drive a robot arm at a table.

    World frame: origin at the robot's base on the table top, x forward, y left, z up, metres; the table top is z = 0.
    The tool centre point lies between the finger pads; the hand points straight down, quaternion (1, 0, 0, 0) turned
    about z. Refusals (`OutOfReach`, `KeepOut`, ...) move nothing and say what would be allowed; False means that it was
    tried and failed.
    """

    def toolbox(self, name: str = "") -> Toolbox:
        """The tools by flat names, or those of the arm alone in a group of that name, with the world's stop path."""
        allow = ARM_TOOLS if name else TABLETOP_TOOLS
        return Toolbox.of(self, allow=allow, name=name, errors=ERRORS, stop=self._stop)

    def _stop(self) -> Callable[[], str]:
        self._world.stop()
        return self.at_rest

    def at_rest(self) -> str:
        """For a report: where the tool centre point is; to be asked when nothing moves any more."""
        x, y, z = self._controller.tool()[:3, 3]
        return f"at rest at ({x:.2f}, {y:.2f}, {z:.2f}) m"


LOOKING_TOOLS = ("objects", "position", "pose", "size", "color", "find", "find_all", "opened")
ARM_TOOLS = (
    "pick",
    "place_on",
    "place_at",
    "push",
    "shove",
    "tip",
    "move_held",
    "pour",
    "pull_open",
    "push_shut",
    "press",
    "turn",
    "move_to",
    "open_gripper",
    "close_gripper",
    "held",
    "home",
)
AREA_TOOLS = ("areas", "area", "direction_vector")
TABLETOP_TOOLS = (*LOOKING_TOOLS, *AREA_TOOLS, *ARM_TOOLS)
