"""What a driver has to do: a few methods, in SI units. Plans, limits, stops and time are built on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.robots import ArmDescription

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ArmReading:
    """What an arm measured at one moment.

    Attributes:
        positions: (joints,), radians, in the order and sense of the description.
        velocities: (joints,), radians per second.
        opening: between the pads of the gripper, metres.
        pressing: whether the gripper presses on something.
        time_s: when it was measured, by `time.monotonic()`.
        faults: what is wrong with the robot, in words; empty when nothing is.
    """

    positions: Array
    velocities: Array
    opening: float
    pressing: bool
    time_s: float
    faults: tuple[str, ...] = ()


class ArmDriver(Protocol):
    """One arm with a parallel gripper, driven by a stream of joint positions.

    A new driver is connected, and its robot limp or holding as it was found. `send` and `read` are called by one thread
    at a time; `hold` may come from any thread, also in the middle of the others.

    What a robot must do by itself: come to rest at the row that it was sent last, and stay there, when the host falls
    silent, for whatever reason. A row is at most `period` seconds of motion ahead, so that this is also the watchdog. A
    robot that would go on (one that is sent velocities) needs a watchdog of its own, set by its driver.

    Attributes:
        robot: what it is, and its limits.
        period: seconds between two rows that its bus and motors can take.
        lag: radians that a joint may be behind the row that was sent, while nothing is in its way.
    """

    @property
    def robot(self) -> ArmDescription: ...

    @property
    def period(self) -> float: ...

    @property
    def lag(self) -> float: ...

    def enable(self) -> None:
        """Take hold of the joints where they are; nothing may move.

        Raises:
            DriverError: a joint does not answer, is of another kind or reports a fault; or it stands outside the
                limits, from where a person has to bring it back.
        """

    def read(self) -> ArmReading:
        """Measure now. Between motions this comes ten times a second: a robot that wants to hear from its host may take
        it for that.

        Raises:
            ConnectionLost: nobody answers.
        """

    def send(self, positions: Array, opening: float, force: float) -> None:
        """Go to a row, to be reached within about a period.

        Args:
            positions: (joints,), radians.
            opening: between the pads, metres.
            force: that each finger may exert, newtons.

        Raises:
            UnsafeRow: outside the limits of the description, or farther from the row before than its velocities allow:
                nothing was sent (`checks.RowGuard` looks for that).
            ConnectionLost: the port is gone.
        """

    def hold(self) -> None:
        """Stay where it is now, with power. From any thread. Does nothing to a limp arm.

        Raises:
            ConnectionLost: the port is gone; the robot stays at the row that it was sent last.
        """

    def release(self) -> None:
        """Let go of the joints: the arm sinks. Until `enable` it can be moved by hand."""

    def reconnect(self) -> None:
        """Open the port again after `ConnectionLost`. What was enabled must be enabled again.

        Raises:
            ConnectionLost: it is still not there.
        """

    def close(self) -> None:
        """Give the port back. The arm goes on holding, or being limp. May be called again."""


class BaseDriver(Protocol):
    """A wheeled base, driven by a stream of velocities. `SimulatedBase` is one."""

    def command(self, speed: float, turn_rate: float) -> None:
        """Drive along its x axis, metres per second, and turn about z, radians per second, until the next command."""

    def pose(self) -> tuple[float, float, float]:
        """Measured (x, y, yaw): metres and radians, world frame."""

    def velocity(self) -> tuple[float, float]:
        """Measured speed along its x axis, metres per second, and rate about z, radians per second."""


@dataclass(frozen=True)
class CameraFrame:
    """What a camera saw at one moment, as a pinhole would: lines are straight.

    Attributes:
        rgb: uint8 (height, width, 3).
        depth: float32 (height, width), metres along the camera's z axis; infinite where nothing was measured. None for
            a camera that measures none.
        intrinsics: (3, 3): fx, 0, cx; 0, fy, cy; 0, 0, 1, pixels. The middle of the first pixel is (0, 0).
        pose: of the camera in the frame that it is fixed to, `Camera.fixed_to`: metres, quaternion (x, y, z, w). Its x
            axis looks to the right in the picture, y down, z into it.
        time_s: when it was taken, by `time.monotonic()`.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32] | None
    intrinsics: Array
    pose: Pose
    time_s: float


@runtime_checkable
class Camera(Protocol):
    """One camera. `take` may be called by one thread at a time, `close` by any.

    Attributes:
        fixed_to: "base" for one that stands still in the frame of the robot's base, "tool" for one that moves with the
            tool centre point.
        measures_depth: whether its frames have `depth`.
    """

    @property
    def fixed_to(self) -> Literal["base", "tool"]: ...

    @property
    def measures_depth(self) -> bool: ...

    def take(self) -> CameraFrame:
        """A frame of what is there now: light that fell before the call is not in it.

        Raises:
            ConnectionLost: it gives none, or is closed.
        """

    def reconnect(self) -> None:
        """Open it again after `ConnectionLost`.

        Raises:
            ConnectionLost: it is still not there.
        """

    def close(self) -> None:
        """Give it back. May be called again."""
