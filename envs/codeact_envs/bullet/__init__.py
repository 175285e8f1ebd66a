"""The robot side: a bit-exact PyBullet world, the arm's controller with its limits, and the tools that programs call.

`BulletWorld` holds table, robot and bodies; `TabletopApi` is the high tier of tools over it. The names below are loaded
on first use, so that importing this package needs no simulator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact_envs.bullet.arms.controller import MotionResult as MotionResult
    from codeact_envs.bullet.bodies.body import BodySpec as BodySpec
    from codeact_envs.bullet.bodies.body import Placement as Placement
    from codeact_envs.bullet.bodies.colors import COLORS as COLORS
    from codeact_envs.bullet.engine.world_state import WorldState as WorldState
    from codeact_envs.bullet.geometry.poses import Pose as Pose
    from codeact_envs.bullet.tools.tabletop import TabletopApi as TabletopApi
    from codeact_envs.bullet.world import BulletWorld as BulletWorld

_HOME = {
    "COLORS": "bodies.colors",
    "BodySpec": "bodies.body",
    "BulletWorld": "world",
    "MotionResult": "arms.controller",
    "Placement": "bodies.body",
    "Pose": "geometry.poses",
    "TabletopApi": "tools.tabletop",
    "WorldState": "engine.world_state",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}") from None
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
