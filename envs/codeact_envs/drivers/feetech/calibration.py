"""Where each servo of one arm has its zero, which way it turns, and how far: a YAML file, or LeRobot's JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.bullet.robots.description import validated
from codeact_envs.drivers.feetech.registers import STEPS

_STEP = math.tau / STEPS  # radians


@dataclass(frozen=True)
class ServoCalibration:
    """One joint's servo.

    Attributes:
        id: on the bus.
        zero: the reading at the joint's zero, steps.
        direction: 1 where readings grow with the joint's angle, -1 where they fall.
        lowest, highest: readings that the arm may never leave, steps.
    """

    id: int
    zero: int = STEPS // 2
    direction: int = 1
    lowest: int = 0
    highest: int = STEPS - 1

    def __post_init__(self) -> None:
        if not 0 <= self.id <= 253:
            raise ValueError("id must lie from 0 to 253")
        if self.direction not in (1, -1):
            raise ValueError("direction must be 1 or -1")
        if not 0 <= self.lowest < self.highest < STEPS:
            raise ValueError(f"lowest and highest must rise, from 0 to {STEPS - 1}")

    def steps(self, radians: float) -> int:
        """The reading at an angle."""
        return self.zero + round(self.direction * radians / _STEP)

    def radians(self, steps: float) -> float:
        """The angle at a reading."""
        return self.direction * (steps - self.zero) * _STEP


@dataclass(frozen=True)
class GripperCalibration:
    """The gripper's servo: readings at which the jaws touch, and at which the pads are `opening` metres apart.

    Between the two the opening is taken to follow the reading in proportion.
    """

    id: int
    closed: int
    open: int
    opening: float

    def __post_init__(self) -> None:
        if self.closed == self.open or self.opening <= 0.0:
            raise ValueError("closed and open must differ, and opening must be above 0")

    def steps(self, opening: float) -> int:
        """The reading at an opening, metres."""
        return round(self.closed + (self.open - self.closed) * opening / self.opening)

    def metres(self, steps: float) -> float:
        """The opening at a reading."""
        return (steps - self.closed) * self.opening / (self.open - self.closed)


@dataclass(frozen=True)
class Calibration:
    """All servos of one arm, joints by name."""

    joints: dict[str, ServoCalibration]
    gripper: GripperCalibration

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  a misspelt key must not be silently left out

    @staticmethod
    def load(path: str | Path, robot: ArmDescription) -> Calibration:
        """Read a calibration file: our YAML, or the JSON that LeRobot writes for its followers.

        Raises:
            TaskError: there is no such file, or it does not fit the robot; the message names the key.
        """
        source = Path(path)
        data = read_yaml(source, TaskError)  # what LeRobot writes as JSON is YAML, too
        if not isinstance(data, dict):
            raise TaskError(f"{source}: a calibration is a mapping with the keys joints and gripper")
        if source.suffix == ".json":
            data = _from_lerobot(source, data, robot)
        found = validated(source, Calibration, data)
        if set(found.joints) != set(robot.joints.names):
            raise TaskError(f"{source}: joints: {robot.title} has {', '.join(robot.joints.names)}")
        ids = [*(servo.id for servo in found.joints.values()), found.gripper.id]
        if len(set(ids)) != len(ids):
            raise TaskError(f"{source}: two servos share an id among {ids}")
        return replace(found, joints={name: found.joints[name] for name in robot.joints.names})

    def save(self, path: str | Path) -> None:
        """Write it as YAML, for `load`."""
        Path(path).write_text(yaml.safe_dump(asdict(self), sort_keys=False), encoding="utf-8")


def so101_default() -> Calibration:
    """An SO-101 that was assembled so that each servo reads 2048 in the middle of its joint's range."""
    names = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll")
    joints = {name: ServoCalibration(number) for number, name in enumerate(names, 1)}
    return Calibration(joints, GripperCalibration(6, closed=2048, open=2700, opening=0.06))


# Of LeRobot's gripper range, which ends at about 1.9 rad: the share at which the jaw tips are 6 cm apart, with the tips
# 0.08 m from the jaw's axle.
_LEROBOT_SHARE, _LEROBOT_OPENING = 0.4, 0.06


def _from_lerobot(source: Path, data: dict[str, Any], robot: ArmDescription) -> dict[str, Any]:
    """LeRobot's file: by motor, `id`, `range_min`, `range_max`, and offsets that it has written into the servos. Its
    zero is the middle of the range, as the model's is."""
    try:
        joints = {
            name: {
                "id": data[name]["id"],
                "zero": round((data[name]["range_min"] + data[name]["range_max"]) / 2),
                "direction": -1 if data[name]["drive_mode"] else 1,
                "lowest": data[name]["range_min"],
                "highest": data[name]["range_max"],
            }
            for name in robot.joints.names
        }
        jaw = data["gripper"]
        closed, widest = jaw["range_min"], jaw["range_max"]
        if jaw["drive_mode"]:
            closed, widest = widest, closed
        opened = round(closed + _LEROBOT_SHARE * (widest - closed))
        return {
            "joints": joints,
            "gripper": {"id": jaw["id"], "closed": closed, "open": opened, "opening": _LEROBOT_OPENING},
        }
    except (KeyError, TypeError) as error:
        raise TaskError(f"{source}: this is no calibration of LeRobot for {robot.title}: {error} is missing") from error
