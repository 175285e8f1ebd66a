"""What programs get to drive a robot with, by its kind and by the tier of its tools."""

from __future__ import annotations

from codeact.errors import TaskError
from codeact.tools import Toolbox
from codeact_envs.bullet.errors import Ambiguous, NotArticulated, NotUnderstood, UnknownObject
from codeact_envs.bullet.perception.camera_tools import CameraApi
from codeact_envs.bullet.perception.view import Perception
from codeact_envs.bullet.tools.low_tier import ArmApi
from codeact_envs.bullet.tools.moving_robots import BaseApi, DroneApi
from codeact_envs.bullet.tools.skills.looking import Looking
from codeact_envs.bullet.tools.skills.two_arms import TwoArmsApi
from codeact_envs.bullet.tools.tabletop import LOOKING_TOOLS, TabletopApi
from codeact_envs.bullet.world import BulletWorld

LOOKING_ERRORS = (UnknownObject, Ambiguous, NotUnderstood, NotArticulated)


def robot_toolbox(world: BulletWorld, perception: Perception, tier: str) -> Toolbox:
    """The tools of a world's robot.

    An arm at a table: flat in the `high` tier, `arm.*` in the `low` one. Two arms: `left.*` and `right.*`. A wheeled
    base: `base.*`, and `arm.*` where it carries one. A drone: `drone.*`. Questions about objects, flat, come with them
    where something else than the program finds things. Pictures, `camera.*`, come in the low tier, for robots that move
    about, and where programs see by cameras; never in the noisy tier of perception, for they show no noise.

    Raises:
        TaskError: this robot has no such tier.
    """
    by_cameras = perception.tier == "camera"
    pictures = [] if perception.tier == "noisy" else [CameraApi(world, named=not by_cameras).toolbox()]
    found = Toolbox.of(Looking(perception), allow=LOOKING_TOOLS, errors=LOOKING_ERRORS)
    looking = [] if by_cameras else [found]
    if tier == "low":
        if not world.arms:
            raise TaskError(f"the low tier is for arms, and {world.description.title} has none")
        wheels = [BaseApi(world).toolbox()] if world.base is not None else []
        arms = [ArmApi(world, name).toolbox(name) for name in world.arms]
        return Toolbox([*looking, *pictures, *wheels, *arms])
    if world.drone is not None:
        return Toolbox([*looking, *pictures, DroneApi(world).toolbox()])
    if world.base is not None:
        carried = [TabletopApi(world, name, perception).toolbox(name="arm") for name in world.arms]
        return Toolbox([*looking, *pictures, BaseApi(world).toolbox(), *carried])
    if len(world.arms) > 1:
        return TwoArmsApi(world, perception).toolbox()
    high = TabletopApi(world, perception=perception).toolbox()
    return Toolbox([high, *pictures]) if by_cameras else high
