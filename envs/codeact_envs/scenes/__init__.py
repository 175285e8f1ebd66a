"""Scenes as data: what may stand where, drawn from a seed. Tasks' `scene` blocks and scene files of their own are one
language. `docs/scenes.md` explains every key."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact_envs.scenes.description import SceneDescription as SceneDescription
    from codeact_envs.scenes.description import load_scene as load_scene
    from codeact_envs.scenes.drawing import DrawnScene as DrawnScene
    from codeact_envs.scenes.drawing import Placed as Placed
    from codeact_envs.scenes.specification import Attribute as Attribute
    from codeact_envs.scenes.specification import Kind as Kind
    from codeact_envs.scenes.specification import Region as Region
    from codeact_envs.scenes.specification import RoleSpec as RoleSpec
    from codeact_envs.scenes.specification import SceneSpec as SceneSpec

_HOME = {  # where each is, so that `random_numbers` can be had without the bodies of a scene
    "Attribute": "specification",
    "DrawnScene": "drawing",
    "Kind": "specification",
    "Placed": "drawing",
    "Region": "specification",
    "RoleSpec": "specification",
    "SceneDescription": "description",
    "SceneSpec": "specification",
    "load_scene": "description",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
