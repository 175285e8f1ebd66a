"""A robot's description: its model file, its limits and where they come from, as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from codeact.errors import TaskError

Vector = tuple[float, ...]


@dataclass(frozen=True)
class JointLimits:
    """Limits of the arm's joints, in radians and seconds, and newton metres for `effort`; one entry a joint.

    `margin` (radians) is kept from `lower` and `upper` by every planned motion.
    """

    names: tuple[str, ...]
    lower: Vector
    upper: Vector
    velocity: Vector
    acceleration: Vector
    jerk: Vector
    effort: Vector
    margin: float
    home: Vector


@dataclass(frozen=True)
class ToolLimits:
    """The maker's limits of the tool centre point, in metres and seconds."""

    velocity: float
    acceleration: float
    jerk: float


@dataclass(frozen=True)
class MotionSettings:
    """What the controller plans with.

    Attributes:
        stop_time: seconds within which a stop brings the arm to rest; bounds every joint's planned velocity.
        acceleration_scale, jerk_scale: share of the maker's limits that planned motions use; stops use all of it.
        tool_speed: of straight lines by default, metres per second.
        tool_speed_limit: the most that a program may ask for, metres per second.
    """

    stop_time: float
    acceleration_scale: float
    jerk_scale: float
    tool_speed: float
    tool_speed_limit: float


@dataclass(frozen=True)
class Volume:
    """An axis-aligned box in the world frame, metres."""

    name: str
    lower: Vector
    upper: Vector

    def contains(self, x: float, y: float, z: float) -> bool:
        return all(low <= value <= high for low, value, high in zip(self.lower, (x, y, z), self.upper, strict=True))


@dataclass(frozen=True)
class GripperDescription:
    """A parallel gripper. Lengths in metres, forces in newtons, each of one finger; see panda.yaml for the shape."""

    fingers: tuple[str, str]
    opening: float
    speed: float
    force: float
    friction: float
    finger_width: float
    finger_thickness: float
    tip_below_tool: float
    palm_above_tool: float
    palm_size: Vector


@dataclass(frozen=True)
class ArmDescription:
    """An arm on a fixed base with a parallel gripper. The world frame is the frame of its base link."""

    name: str
    title: str
    urdf: Path
    base_link: str
    tool_link: str
    tool_offset: Vector
    joints: JointLimits
    tool: ToolLimits
    motion: MotionSettings
    workspace: Volume
    keep_out: tuple[Volume, ...]
    gripper: GripperDescription


def _frozen(kind: Any, data: dict[str, Any]) -> Any:
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})


@lru_cache(maxsize=16)
def load_robot(name: str) -> ArmDescription:
    """The description named `name`: one of ours, or the path of a user's YAML file.

    Raises:
        TaskError: there is no such description, or a field of it is missing or unknown.
    """
    folder = files("codeact_envs.bullet.robots")
    source = Path(name) if name.endswith((".yaml", ".yml")) else Path(str(folder / f"{name}.yaml"))
    if not source.is_file():
        known = sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))
        raise TaskError(f"no robot {name!r}: name one of {', '.join(known)}, or the path of a YAML description")
    data = yaml.safe_load(source.read_text(encoding="utf-8"))
    try:
        if data["kind"] != "arm":
            raise TaskError(f"{source}: kind {data['kind']!r} is unknown; 'arm' is known")
        return ArmDescription(
            name=data["name"],
            title=data["title"],
            urdf=_model_file(source, data["urdf"]),
            base_link=data["base_link"],
            tool_link=data["tool_link"],
            tool_offset=tuple(data["tool_offset"]),
            joints=_frozen(JointLimits, data["joints"]),
            tool=_frozen(ToolLimits, data["tool"]),
            motion=_frozen(MotionSettings, data["motion"]),
            workspace=Volume("the workspace", tuple(data["workspace"]["lower"]), tuple(data["workspace"]["upper"])),
            keep_out=tuple(_frozen(Volume, volume) for volume in data["workspace"].get("keep_out", [])),
            gripper=_frozen(GripperDescription, data["gripper"]),
        )
    except (KeyError, TypeError) as error:
        raise TaskError(f"{source}: a field is missing or unknown: {error}") from error


def _model_file(source: Path, urdf: str | dict[str, str]) -> Path:
    path = source.parent / urdf if isinstance(urdf, str) else Path(str(files(urdf["package"]))) / urdf["path"]
    if not path.is_file():
        raise TaskError(f"{source}: the model file {path} does not exist")
    return path
