"""What programs get to drive a robot with, by its kind and by the tier of its tools."""

from __future__ import annotations

from codeact.tools import Toolbox
from codeact_envs.bullet.errors import Ambiguous, NotUnderstood, UnknownObject
from codeact_envs.bullet.low_tier import ArmApi
from codeact_envs.bullet.perception.camera_tools import CameraApi
from codeact_envs.bullet.perception.view import Perception
from codeact_envs.bullet.tabletop import TabletopApi
from codeact_envs.bullet.world import BulletWorld

LOOKING_TOOLS = ("objects", "position", "pose", "size", "color", "find", "find_all")
LOOKING_ERRORS = (UnknownObject, Ambiguous, NotUnderstood)


def arm_toolbox(world: BulletWorld, perception: Perception, tier: str) -> Toolbox:
    """The tools of an arm at a table: `high`, flat, or `low`: `arm.*`. Questions about objects come with them where
    something else than the program finds things; pictures where programs see by cameras, and in the low tier."""
    high = TabletopApi(world, perception=perception)
    by_cameras = perception.tier == "camera"
    pictures = CameraApi(world, named=not by_cameras).toolbox()
    if tier == "high":
        return Toolbox([high.toolbox(), pictures]) if by_cameras else high.toolbox()
    looking = Toolbox.of(high, allow=LOOKING_TOOLS, errors=LOOKING_ERRORS)
    # Pictures show no noise: in the tier that adds it there are none.
    seeing = {"privileged": [looking, pictures], "noisy": [looking], "camera": [pictures]}
    return Toolbox([*seeing[perception.tier], ArmApi(world).toolbox()])
