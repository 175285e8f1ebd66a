"""A robot's description: its model file, its limits and where they come from, as data. One dataclass a kind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.bullet.robots.model import Attachment, RobotModel, Vector

Ground = Literal["table", "floor"]
T = TypeVar("T")


class _Strict:
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  a misspelt key must not be silently left out


@dataclass(frozen=True)
class JointLimits(_Strict):
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

    def __post_init__(self) -> None:
        count = len(self.names)
        for name in ("lower", "upper", "velocity", "acceleration", "jerk", "effort", "home"):
            found = len(getattr(self, name))
            if found != count:
                raise ValueError(f"{name} has {found} entries, and there are {count} joints")


@dataclass(frozen=True)
class ToolLimits(_Strict):
    """The maker's limits of the tool centre point, in metres and seconds."""

    velocity: float
    acceleration: float
    jerk: float


@dataclass(frozen=True)
class MotionSettings(_Strict):
    """What the controller plans with.

    Attributes:
        stop_time: seconds within which a stop brings the arm to rest; bounds every joint's planned velocity.
        acceleration_scale, jerk_scale: share of the maker's limits that planned motions use; stops use all of it.
        tool_speed: of straight lines by default, metres per second.
        tool_speed_limit: the most that a program may ask for, metres per second.
        surface_force: newtons that a fingertip may press on what stands still, such as the table.
        contact_force: newtons that the fingers may press on a body that they do not hold. By default what hands and
            fingers may be met with for a moment, twice 140 N: ISO/TS 15066:2016, table A.2.
    """

    stop_time: float
    acceleration_scale: float
    jerk_scale: float
    tool_speed: float
    tool_speed_limit: float
    surface_force: float = 25.0
    contact_force: float = 280.0


@dataclass(frozen=True)
class Volume(_Strict):
    """An axis-aligned box, metres: a robot's own in the frame of its base link, a world's in the world frame."""

    name: str
    lower: Vector
    upper: Vector

    def __post_init__(self) -> None:
        # A box that is inside out, or has no number for a side, would keep nothing out.
        if not all(low <= high for low, high in zip(self.lower, self.upper, strict=True)):
            raise ValueError(f"each number of lower must be at most that of upper, not {self.lower} and {self.upper}")

    def meets(self, start: Vector, end: Vector) -> bool:
        """Whether the straight line between two points comes into it: the slabs of its three axes."""
        enter, leave = 0.0, 1.0
        for low, high, a, b in zip(self.lower, self.upper, start, end, strict=True):
            if a == b:
                if not low <= a <= high:
                    return False
                continue
            first, last = sorted(((low - a) / (b - a), (high - a) / (b - a)))
            enter, leave = max(enter, first), min(leave, last)
        return enter <= leave

    @property
    def ranges(self) -> str:
        """Its ranges, for messages."""
        return ", ".join(
            f"{axis} from {low:g} to {high:g}" for axis, low, high in zip("xyz", self.lower, self.upper, strict=True)
        )

    def grown(self, x: float, y: float, z: float) -> Volume:
        """Larger by so much on both sides along each axis, metres."""
        lower, upper = (
            (corner[0] + side * x, corner[1] + side * y, corner[2] + side * z)
            for side, corner in ((-1.0, self.lower), (1.0, self.upper))
        )
        return Volume(self.name, lower, upper)

    def contains(self, x: float, y: float, z: float) -> bool:
        return all(low <= value <= high for low, value, high in zip(self.lower, (x, y, z), self.upper, strict=True))


@dataclass(frozen=True)
class GripperDescription(_Strict):
    """A parallel gripper. Lengths in metres, forces in newtons, each of one finger; see panda.yaml for the shape.

    `fingers` are prismatic joints; each one's position is the distance of its pad from the middle.
    """

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
class CameraMount(_Strict):
    """A camera fixed to a link. Its frame: x to the right in the picture, y down, z into it.

    Attributes:
        link: which it is fixed to.
        position: in the link's frame, metres.
        rotation: of the camera's frame in the link's: roll, pitch, yaw, radians.
        field_of_view: vertical, degrees.
    """

    link: str
    position: Vector
    rotation: Vector = (0.0, 0.0, 0.0)
    field_of_view: float = 60.0


@dataclass(frozen=True)
class ArmDescription(_Strict):
    """An arm with a parallel gripper. The world frame is the frame of its base link, unless it is put elsewhere.

    Attributes:
        postures: joint positions to start inverse kinematics from, with the tool pointing down straight ahead (over the
            base's x axis, the tool's own x axis forward). The first joint turns the arm about its base, the last one
            the tool about itself.
        leave_out: links of the model that are fixed to another, without shape or mass, and only cost time.
    """

    name: str
    title: str
    urdf: Path
    license: str
    base_link: str
    tool_link: str
    tool_offset: Vector
    joints: JointLimits
    tool: ToolLimits
    motion: MotionSettings
    workspace: Volume
    gripper: GripperDescription
    postures: tuple[Vector, ...]
    keep_out: tuple[Volume, ...] = ()
    attach: tuple[Attachment, ...] = ()
    leave_out: tuple[str, ...] = ()
    cameras: dict[str, CameraMount] = field(default_factory=dict)
    ground: Ground = "table"

    @cached_property
    def model(self) -> RobotModel:
        """The URDF with everything attached."""
        return RobotModel(self.urdf, self.attach, self.leave_out)

    def __hash__(self) -> int:
        return hash((self.name, self.urdf))


@dataclass(frozen=True)
class Stand:
    """An arm and where its base link stands: metres in the world frame, and radians about z."""

    robot: ArmDescription
    position: Vector = (0.0, 0.0, 0.0)
    yaw: float = 0.0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The base link's pose, 4x4, world frame."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        x, y, z = self.position
        return np.array([[c, -s, 0.0, x], [s, c, 0.0, y], [0.0, 0.0, 1.0, z], [0.0, 0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class ArmsDescription:
    """Several arms in one world, by name."""

    name: str
    title: str
    license: str
    members: dict[str, Stand]
    ground: Ground = "table"


@dataclass(frozen=True)
class DriveLimits(_Strict):
    """Limits of a base, SI: along its x axis, and about z."""

    speed: float
    acceleration: float
    turn_rate: float
    turn_acceleration: float


@dataclass(frozen=True)
class DriveSettings(_Strict):
    """What the controller of a base plans with.

    Attributes:
        stop_time: seconds within which a stop brings the base to rest, with the full acceleration.
        acceleration_scale: share of the acceleration that planned motions use.
        speed: by default, metres per second.
        turn_rate: radians per second.
    """

    stop_time: float
    acceleration_scale: float
    speed: float
    turn_rate: float


@dataclass(frozen=True)
class BaseDescription(_Strict):
    """A wheeled base with differential or skid steering. Its frame: x forward, y left, on the ground amid its wheels.

    Attributes:
        left_wheels, right_wheels: joints that turn about the base's y axis.
        wheel_radius, wheel_separation: metres.
        separation_scale: by how much more than the separation says the wheels must turn, because they scrub.
        wheel_effort: newton metres of each wheel.
        wheel_friction: along the tyre; `scrub` is the share of it across.
        turning_centre: metres ahead of the frame's origin of the point that stays where it is when the base turns.
        footprint: (x, y) extents in metres about the frame's origin.
        height: metres.
        area: half the side of the square, about the world's origin, that it may drive in; metres.
    """

    name: str
    title: str
    urdf: Path
    license: str
    base_link: str
    left_wheels: tuple[str, ...]
    right_wheels: tuple[str, ...]
    wheel_radius: float
    wheel_separation: float
    separation_scale: float
    wheel_effort: float
    wheel_friction: float
    scrub: float
    turning_centre: float
    limits: DriveLimits
    motion: DriveSettings
    footprint: tuple[float, float]
    height: float
    area: float = 10.0
    attach: tuple[Attachment, ...] = ()
    leave_out: tuple[str, ...] = ()
    cameras: dict[str, CameraMount] = field(default_factory=dict)
    ground: Ground = "floor"

    @cached_property
    def model(self) -> RobotModel:
        """The URDF with everything attached."""
        return RobotModel(self.urdf, self.attach, self.leave_out)

    def __hash__(self) -> int:
        return hash((self.name, self.urdf))


@dataclass(frozen=True)
class MobileArmDescription:
    """An arm on a wheeled base: one model. The arm's workspace is in the frame of its own base link."""

    name: str
    title: str
    license: str
    base: BaseDescription
    arm: ArmDescription
    ground: Ground = "floor"


@dataclass(frozen=True)
class FlightLimits(_Strict):
    """Limits of a quadcopter, SI: along any direction, about z, and how far its thrust may lean from upright."""

    speed: float
    acceleration: float
    turn_rate: float
    tilt: float


@dataclass(frozen=True)
class DroneDescription(_Strict):
    """A quadcopter with its rotors on the diagonals. Its frame: x forward, y left, z up, at the centre of mass.

    Attributes:
        rotor_distance: metres from the middle.
        thrust_to_weight: of all rotors at full speed.
        torque_per_thrust: newton metres about z for each newton of a rotor's thrust.
        motion: what the controller plans with; `stop_time`: seconds within which a stop brings it to hover in place.
        size: (x, y, z) extents in metres.
        space: where its centre may be, world frame; the ground is left and reached by taking off and landing only.
    """

    name: str
    title: str
    urdf: Path
    license: str
    base_link: str
    rotor_distance: float
    thrust_to_weight: float
    torque_per_thrust: float
    limits: FlightLimits
    motion: DriveSettings
    size: tuple[float, float, float]
    space: Volume
    attach: tuple[Attachment, ...] = ()
    leave_out: tuple[str, ...] = ()
    cameras: dict[str, CameraMount] = field(default_factory=dict)
    ground: Ground = "floor"

    @cached_property
    def model(self) -> RobotModel:
        """The URDF with everything attached."""
        return RobotModel(self.urdf, self.attach, self.leave_out)

    def __hash__(self) -> int:
        return hash((self.name, self.urdf))


RobotDescription = ArmDescription | ArmsDescription | BaseDescription | DroneDescription | MobileArmDescription

_KINDS = "arm, arms, base, drone, mobile_arm"


@lru_cache(maxsize=32)
def load_robot(name: str) -> RobotDescription:
    """The description named `name`: one of ours, or the path of a user's YAML file.

    Raises:
        TaskError: there is no such description, or a field of it is missing, unknown or wrong.
    """
    source = _source(name)
    data = read_yaml(source, TaskError)
    if not isinstance(data, dict):
        raise TaskError(f"{source}: a robot is a mapping of keys such as name, kind and urdf")
    kind = data.pop("kind", None)
    if kind == "arm":
        return _arm(source, data)
    if kind == "arms":
        return _arms(source, data)
    if kind == "base":
        return _base(source, data)
    if kind == "drone":
        return validated(source, DroneDescription, _with_files(source, data))
    if kind == "mobile_arm":
        return _mobile_arm(source, data)
    raise TaskError(f"{source}: kind {kind!r} is unknown; known are {_KINDS}")


def load_arm(name: str) -> ArmDescription:
    """As `load_robot`, for what must be a single arm.

    Raises:
        TaskError: as `load_robot`; or it is another kind of robot.
    """
    robot = load_robot(name)
    if not isinstance(robot, ArmDescription):
        raise TaskError(f"the robot {name!r} is not a single arm")
    return robot


def robot_names() -> tuple[str, ...]:
    """Names of the robots that come with the package."""
    folder = files("codeact_envs.bullet.robots")
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def _source(name: str) -> Path:
    own = Path(str(files("codeact_envs.bullet.robots") / f"{name}.yaml"))
    source = Path(name) if name.endswith((".yaml", ".yml")) else own
    if not source.is_file():
        raise TaskError(f"no robot {name!r}: name one of {', '.join(robot_names())}, or the path of a YAML description")
    return source


def _with_files(source: Path, data: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(data.get("attach", []), list):
        raise TaskError(f"{source}: attach: give a list of parts, each with its urdf")
    attach = [
        {**part, "urdf": model_file(source, part.get("urdf"))} if isinstance(part, dict) else part
        for part in data.get("attach", [])
    ]
    return {**data, "urdf": model_file(source, data.get("urdf")), "attach": attach}


def _with_workspace(data: dict[str, Any]) -> dict[str, Any]:
    workspace = data.get("workspace")
    if not isinstance(workspace, dict):
        return data
    box = {key: value for key, value in workspace.items() if key != "keep_out"}
    return {**data, "workspace": {"name": "the workspace", **box}, "keep_out": workspace.get("keep_out", [])}


def _arm(source: Path, data: dict[str, Any]) -> ArmDescription:
    data = _with_workspace(_with_files(source, data))
    data.setdefault("postures", [(data.get("joints") or {}).get("home")])
    return validated(source, ArmDescription, data)


def _arms(source: Path, data: dict[str, Any]) -> ArmsDescription:
    members = {}
    given = data.get("members") or {}
    if not isinstance(given, dict):
        raise TaskError(f"{source}: members: give a mapping from names to robots, each with position and yaw")
    for name, member in given.items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise TaskError(f"{source}: members.{name}: a member's name must be a Python name, such as left")
        if not isinstance(member, dict):
            raise TaskError(f"{source}: members.{name}: give a mapping of robot, position and yaw, not {member!r:.40}")
        members[name] = {**member, "robot": load_arm(_beside(source, member.get("robot", "")))}
    if not members:
        raise TaskError(f"{source}: members: name at least one arm, each with its robot, position and yaw")
    return validated(source, ArmsDescription, {**data, "members": members})


def _base(source: Path, data: dict[str, Any]) -> BaseDescription:
    return validated(source, BaseDescription, _with_files(source, data))


@dataclass(frozen=True)
class _Mount(_Strict):
    """How an arm sits on a base, and what is different about it there."""

    robot: ArmDescription
    link: str
    position: Vector
    workspace: Volume
    keep_out: tuple[Volume, ...]
    yaw: float = 0.0
    postures: tuple[Vector, ...] = ()


@dataclass(frozen=True)
class _MobileArm(_Strict):
    name: str
    title: str
    license: str
    base: str
    arm: _Mount
    turning_centre: float
    height: float


def _mobile_arm(source: Path, data: dict[str, Any]) -> MobileArmDescription:
    arm = data.get("arm")
    if isinstance(arm, dict):
        data = {**data, "arm": _with_workspace({**arm, "robot": load_arm(_beside(source, arm.get("robot", "")))})}
    found = validated(source, _MobileArm, data)
    base, mount = load_robot(_beside(source, found.base)), found.arm
    if not isinstance(base, BaseDescription):
        raise TaskError(f"{source}: base: the robot {found.base!r} is not a wheeled base")
    robot = mount.robot
    parts = (Attachment(robot.urdf, mount.link, mount.position, (0.0, 0.0, mount.yaw)), *robot.attach)
    carrier = replace(
        base,
        name=found.name,
        attach=(*base.attach, *parts),
        leave_out=(*base.leave_out, *robot.leave_out),
        turning_centre=found.turning_centre,
        height=found.height,
    )
    carried = replace(
        robot,
        name=found.name,
        urdf=base.urdf,
        attach=carrier.attach,
        leave_out=carrier.leave_out,
        workspace=mount.workspace,
        keep_out=mount.keep_out,
        postures=mount.postures or robot.postures,
    )
    return MobileArmDescription(found.name, found.title, found.license, carrier, carried)


def _beside(source: Path, name: Any) -> str:
    if not isinstance(name, str):
        raise TaskError(f"{source}: robot: give a name or the path of a YAML description, not {name!r:.40}")
    if not name.endswith((".yaml", ".yml")):
        return name
    _require_inside(source, "robot", source.parent, name)
    path = source.parent / name
    if path.resolve() == source.resolve():
        raise TaskError(f"{source}: robot: the description is made of itself")
    return str(path)


def _require_inside(source: Path, key: str, folder: Path, name: str) -> None:
    """Raise `TaskError` when a path leads out of its folder."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise TaskError(f"{source}: {key}: {name!r:.100} leads out of {folder}: put the file there, or a link to it")


def validated(source: Path, kind: type[T], data: dict[str, Any]) -> T:
    """`data` as a description.

    Raises:
        TaskError: names the file and every key that is missing, unknown or wrong.
    """
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem["loc"])
            lines.append(f"{source}: {key.removeprefix('.')}: {problem['msg'].removeprefix('Value error, ')}")
        raise TaskError("\n".join(lines)) from error


def model_file(source: Path, urdf: Any) -> Path:
    """Where a model file is: a path in the folder of the description, or `{package: ..., path: ...}` in that of a
    Python package. A description may come from anybody, so it names nothing outside of these.

    Raises:
        TaskError: there is no such file, or it lies elsewhere.
    """
    if isinstance(urdf, dict) and set(urdf) == {"package", "path"}:
        if not (isinstance(urdf["package"], str) and urdf["package"].isidentifier() and isinstance(urdf["path"], str)):
            raise TaskError(f"{source}: urdf: {urdf['package']!r:.40} is no name of a Python package")
        spec = find_spec(urdf["package"])
        if spec is None or not spec.submodule_search_locations:
            raise TaskError(f"{source}: urdf: there is no package {urdf['package']!r}; install it with pip")
        folder, name = Path(spec.submodule_search_locations[0]), urdf["path"]
    elif isinstance(urdf, str):
        folder, name = source.parent, urdf
    else:
        raise TaskError(f"{source}: urdf: give a path, or {{package: ..., path: ...}}, not {urdf!r}")
    path = folder / name
    _require_inside(source, "urdf", folder, name)
    if not path.is_file():
        raise TaskError(f"{source}: urdf: the model file {path} does not exist")
    return path
