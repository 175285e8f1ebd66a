"""A scene file: read, drawn from a seed, and set up around a robot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.bodies.colors import COLORS
from codeact_envs.scenes.drawing import DrawnScene, draw, slots
from codeact_envs.scenes.random_numbers import RandomNumbers
from codeact_envs.scenes.reading import problems
from codeact_envs.scenes.specification import Attribute, SceneSpec, check_colors, check_scene

if TYPE_CHECKING:
    from codeact_envs.bullet import BulletWorld

_COLOR = Attribute(seen=list(COLORS))


class _File(SceneSpec):
    attributes: dict[str, Attribute] = Field(default={"color": _COLOR})


@dataclass(frozen=True)
class SceneDescription:
    """What may stand around a robot.

    Attributes:
        source: what messages call it: the file, or what was given in its place.
        scene: robot, region, kinds and roles.
        attributes: what is drawn for each episode, such as colours.
    """

    source: str
    scene: SceneSpec
    attributes: Mapping[str, Attribute]

    @property
    def robot(self) -> str:
        return self.scene.robot

    @property
    def bodies(self) -> tuple[BodySpec, ...]:
        """Every body that some episode needs."""
        return tuple(
            BodySpec(slot, kind.shape, kind.extents, kind.mass)
            for slot, kind in slots(self.scene, self.attributes).items()
        )

    def draw(self, seed: int, values: Literal["seen", "unseen"] = "seen") -> DrawnScene:
        """The scene of a seed: the same in every process.

        Raises:
            TaskError: the bodies do not fit into the region, or two have one name.
        """
        return draw(self.scene, self.attributes, RandomNumbers(np.random.default_rng(seed)), values, called=self.source)

    def make_world(self, *, gui: bool = False, real_time: bool = False) -> BulletWorld:
        """A simulated robot and every body that some episode needs; `reset(scene.draw(seed).layout)` sets them up.

        Raises:
            TaskError: there is no such robot, or no display for `gui`.
        """
        from codeact_envs.bullet import BulletWorld

        return BulletWorld(
            self.bodies,
            robot=self.scene.robot,
            gui=gui,
            real_time=real_time,
            keep_out=self.scene.keep_out,
            speed_limit=self.scene.speed_limit,
        )


def load_scene(source: str | Path | Mapping[str, Any]) -> SceneDescription:
    """Read a scene.

    Args:
        source: the path of a YAML file, or what such a file says.

    Raises:
        TaskError: the file is missing or wrong; the message names the file, each key, and what would be right.
    """
    called = "scene" if isinstance(source, Mapping) else str(source)
    data = dict(source) if isinstance(source, Mapping) else read_yaml(Path(source), TaskError)
    if not isinstance(data, dict):
        raise TaskError(f"{called}: a scene is a mapping of keys such as region, kinds and roles, not {data!r:.40}")
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        raise TaskError("\n".join(f"{called}: {line}" for line in problems(error))) from error
    wrong = [*check_scene(file, file.attributes), *check_colors(file, file.attributes, "seen")]
    if wrong:
        raise TaskError("\n".join(f"{called}: {line}" for line in wrong))
    return SceneDescription(called, file, file.attributes)
