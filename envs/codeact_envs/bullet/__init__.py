"""The robot side: a bit-exact PyBullet world, the arm's controller with its limits, and the tools that programs call.

`BulletWorld` holds table, robot and bodies; `TabletopApi` is the high tier of tools over it. The names below are loaded
on first use, so that importing this package needs no simulator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact_envs.bullet.bodies import COLORS as COLORS
    from codeact_envs.bullet.bodies import BodySpec as BodySpec
    from codeact_envs.bullet.bodies import Placement as Placement
    from codeact_envs.bullet.bodies import Pose as Pose
    from codeact_envs.bullet.controller import MotionResult as MotionResult
    from codeact_envs.bullet.tabletop import TabletopApi as TabletopApi
    from codeact_envs.bullet.world import BulletWorld as BulletWorld
    from codeact_envs.bullet.world_state import WorldState as WorldState

_HOME = {
    "COLORS": "bodies",
    "BodySpec": "bodies",
    "BulletWorld": "world",
    "MotionResult": "controller",
    "Placement": "bodies",
    "Pose": "bodies",
    "TabletopApi": "tabletop",
    "WorldState": "world_state",
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
