"""What programs get to drive a robot with, by its kind and by the tier of its tools."""

from __future__ import annotations

from codeact.tools import Toolbox
from codeact_envs.bullet.errors import Ambiguous, NotUnderstood, UnknownObject
from codeact_envs.bullet.low_tier import ArmApi
from codeact_envs.bullet.perception.view import Perception
from codeact_envs.bullet.tabletop import TabletopApi
from codeact_envs.bullet.world import BulletWorld

LOOKING_TOOLS = ("objects", "position", "pose", "size", "color", "find", "find_all")
LOOKING_ERRORS = (UnknownObject, Ambiguous, NotUnderstood)


def arm_toolbox(world: BulletWorld, perception: Perception, tier: str) -> Toolbox:
    """The tools of an arm at a table: `high`, flat, or `low`: `arm.*`, and the questions about objects where something
    else than the program finds them."""
    high = TabletopApi(world, perception=perception)
    if tier == "high":
        return high.toolbox()
    low = ArmApi(world).toolbox()
    if perception.tier == "camera":
        return low
    return Toolbox([Toolbox.of(high, allow=LOOKING_TOOLS, errors=LOOKING_ERRORS), low])
