"""Scenes as data: what may stand where, drawn from a seed. Tasks' `scene` blocks and scene files of their own are one
language. `docs/scenes.md` explains every key."""

from __future__ import annotations

from codeact_envs.scenes.description import SceneDescription, load_scene
from codeact_envs.scenes.drawing import DrawnScene, Placed
from codeact_envs.scenes.specification import Attribute, Kind, Region, RoleSpec, SceneSpec

__all__ = [
    "Attribute",
    "DrawnScene",
    "Kind",
    "Placed",
    "Region",
    "RoleSpec",
    "SceneDescription",
    "SceneSpec",
    "load_scene",
]
