"""What programs get to drive a robot with, by its kind and by the tier of its tools."""

from __future__ import annotations

from codeact.errors import TaskError
from codeact.tools import Toolbox
from codeact_envs.bullet.errors import Ambiguous, NotArticulated, NotUnderstood, UnknownObject
from codeact_envs.bullet.low_tier import ArmApi
from codeact_envs.bullet.moving_robots import BaseApi, DroneApi
from codeact_envs.bullet.perception.camera_tools import CameraApi
from codeact_envs.bullet.perception.view import Perception
from codeact_envs.bullet.skills.looking import Looking
from codeact_envs.bullet.skills.two_arms import TwoArmsApi
from codeact_envs.bullet.tabletop import LOOKING_TOOLS, TabletopApi
from codeact_envs.bullet.world import BulletWorld

LOOKING_ERRORS = (UnknownObject, Ambiguous, NotUnderstood, NotArticulated)


def robot_toolbox(world: BulletWorld, perception: Perception, tier: str) -> Toolbox:
    """The tools of a world's robot.

    An arm at a table: flat in the `high` tier, `arm.*` in the `low` one. Two arms: `left.*` and `right.*`. A wheeled
    base: `base.*`, and `arm.*` where it carries one. A drone: `drone.*`. Questions about objects, flat, come with them
    where something else than the program finds things; pictures where programs see by cameras, and in the low tier.

    Raises:
        TaskError: this robot has no such tier.
    """
    by_cameras = perception.tier == "camera"
    pictures = CameraApi(world, named=not by_cameras).toolbox()
    looking = Toolbox.of(Looking(perception), allow=LOOKING_TOOLS, errors=LOOKING_ERRORS)
    if tier == "low":
        if not world.arms:
            raise TaskError(f"the low tier is for arms, and {world.description.title} has none")
        # Pictures show no noise: in the tier that adds it there are none.
        seeing = {"privileged": [looking, pictures], "noisy": [looking], "camera": [pictures]}
        return Toolbox([*seeing[perception.tier], *(ArmApi(world, name).toolbox(name) for name in world.arms)])
    if world.drone is not None:
        return Toolbox([looking, DroneApi(world).toolbox()])
    if world.base is not None:
        base, arms = BaseApi(world).toolbox(), [TabletopApi(world, arm, perception) for arm in world.arms]
        return Toolbox([looking, base, *(arm.toolbox(name="arm") for arm in arms)])
    if len(world.arms) > 1:
        return TwoArmsApi(world, perception).toolbox()
    high = TabletopApi(world, perception=perception).toolbox()
    return Toolbox([high, pictures]) if by_cameras else high
