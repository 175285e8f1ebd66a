"""An arm behind ROS: joint trajectories to its controllers, joint states from them, by a rosbridge server.

What is used of ROS is what `joint_trajectory_controller` (ROS 1 and ROS 2) listens to and what every robot publishes:
`trajectory_msgs/JointTrajectory` and `sensor_msgs/JointState`. Needs the extra `ros`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from codeact_envs.bullet.engine.simulation import STEP
from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.drivers.checks import RowGuard
from codeact_envs.drivers.errors import ConnectionLost, DriverError
from codeact_envs.drivers.protocols import ArmReading, Array

_ROWS = 4  # simulation steps from one row to the next: 60 rows a second
_CONNECT_S = 5.0
_STATES_S = 2.0  # in which the first joint states must come
_AHEAD = 1.5  # periods in which a controller shall reach a row: one that has got there before the next comes halts
_PRESSING = 0.3  # of the gripper's force, with the fingers at rest
_FINGER_AT_REST = 0.005  # metres per second
_OUTSIDE = 0.1  # radians by which a joint may stand outside its limits when the arm is enabled


@dataclass(frozen=True)
class RosNames:
    """What an arm's topics and joints are called in ROS.

    Attributes:
        states: topic of the measured joints.
        arm, gripper: topics that the two controllers take trajectories from.
        joints: names in ROS by names in the description, where they differ.
    """

    states: str = "/joint_states"
    arm: str = "/arm_controller/command"
    gripper: str = "/gripper_controller/command"
    joints: Mapping[str, str] = field(default_factory=dict)


class RosArm:
    """Drives an arm by a stream of trajectories of one point each.

    A trajectory controller goes to its last point and holds it, so that a host that dies leaves the arm at rest there.
    Power, brakes and faults belong to the robot's own controls; ROS has no common word for them.

    Args:
        robot: what it is.
        address: of the rosbridge server, "host:port".
        names: of topics and joints.
        timeout: seconds to wait for joint states, and how old they may be.

    Raises:
        ConnectionLost: there is no server, or no joint states come.
    """

    period = _ROWS * STEP
    lag = 0.2

    def __init__(
        self, robot: ArmDescription, address: str, names: RosNames | None = None, *, timeout: float = 0.25
    ) -> None:
        self.robot, self._address, self._names = robot, address, names or RosNames()
        self._timeout = timeout
        self._joints = [self._names.joints.get(name, name) for name in robot.joints.names]
        self._fingers = [self._names.joints.get(name, name) for name in robot.gripper.fingers]
        self._guard = RowGuard(robot, self.period)
        self._lock = threading.RLock()
        self._news = threading.Condition()
        self._latest: ArmReading | None = None
        self._measured: dict[str, tuple[float, float, float]] = {}
        self._opening, self._enabled = -1.0, False
        self._connect()

    def _connect(self) -> None:
        import roslibpy

        host, _, port = self._address.rpartition(":")
        if not host or not port.isdecimal():
            raise ConnectionLost(
                f"{self._address!r} is no address of a rosbridge server: give host:port, often port 9090"
            )
        self._ros: Any = roslibpy.Ros(host=host, port=int(port))
        try:
            self._ros.run(timeout=_CONNECT_S)
        except Exception as error:
            self._ros.factory.stopTrying()
            raise ConnectionLost(
                f"no rosbridge server answers at {self._address}: start it, with ROS 1 by "
                "`roslaunch rosbridge_server rosbridge_websocket.launch`"
            ) from error
        kind = "trajectory_msgs/JointTrajectory"
        self._arm = roslibpy.Topic(self._ros, self._names.arm, kind, queue_size=1)
        self._gripper = roslibpy.Topic(self._ros, self._names.gripper, kind, queue_size=1)
        for topic in (self._arm, self._gripper):
            topic.advertise()
        self._states = roslibpy.Topic(self._ros, self._names.states, "sensor_msgs/JointState")
        self._latest = None
        self._measured.clear()
        self._states.subscribe(self._hear)
        with self._news:
            if not self._news.wait_for(lambda: self._latest is not None, _STATES_S):
                missing = [name for name in (*self._joints, *self._fingers) if name not in self._measured]
                self.close()
                raise ConnectionLost(
                    f"no state of {', '.join(missing)} came on {self._names.states}: is the robot's driver running, "
                    "and are its joints called so?"
                )

    def _hear(self, message: dict[str, Any]) -> None:
        """Joint states may come in parts, and for other joints too."""
        now = time.monotonic()
        count = len(message["name"])
        speeds, efforts = (
            values if len(values) == count else [0.0] * count for values in (message["velocity"], message["effort"])
        )
        for name, *values in zip(message["name"], message["position"], speeds, efforts, strict=True):
            self._measured[name] = (float(values[0]), float(values[1] or 0.0), float(values[2] or 0.0))
        if not all(name in self._measured for name in (*self._joints, *self._fingers)):
            return
        arm = np.array([self._measured[name] for name in self._joints])
        fingers = np.array([self._measured[name] for name in self._fingers])
        still = float(np.abs(fingers[:, 1]).max()) < _FINGER_AT_REST
        strong = float(np.abs(fingers[:, 2]).min()) > _PRESSING * self.robot.gripper.force
        with self._news:
            self._latest = ArmReading(arm[:, 0], arm[:, 1], float(fingers[:, 0].sum()), still and strong, now)
            self._news.notify_all()

    def read(self) -> ArmReading:
        """What was measured last: see `ArmDriver.read`."""
        with self._news:  # a host that was busy has not heard yet what came meanwhile
            self._news.wait_for(lambda: not self._ros.is_connected or self._age() <= self._timeout, self._timeout)
            latest, age = self._latest, self._age()
        if latest is None or not self._ros.is_connected:
            raise ConnectionLost(f"the rosbridge server at {self._address} is gone: start it, then reconnect()")
        if age > self._timeout:
            raise ConnectionLost(f"no joint states on {self._names.states} for {age:.2f} s: see to the robot's driver")
        return latest

    def _age(self) -> float:
        return math.inf if self._latest is None else time.monotonic() - self._latest.time_s

    def enable(self) -> None:
        """See `ArmDriver.enable`. The robot's own controls have to have enabled it."""
        reading, joints = self.read(), self.robot.joints
        for name, at, low, high in zip(joints.names, reading.positions, joints.lower, joints.upper, strict=True):
            if not low - _OUTSIDE <= at <= high + _OUTSIDE:
                raise DriverError(
                    f"{name} stands at {at:.2f} rad, outside {low:.2f} to {high:.2f}: bring it inside first"
                )
        with self._lock:
            self._enabled, self._opening = True, -1.0
            self._stay(reading)

    def send(self, positions: Array, opening: float, force: float) -> None:
        """See `ArmDriver.send`. A trajectory has no force: the gripper's controller has its own."""
        with self._lock:
            self._guard.require(positions, opening, force)
            self.read()
            self._publish(self._arm, self._joints, positions.tolist())
            if opening != self._opening:
                self._publish(self._gripper, self._fingers, [opening / 2.0] * len(self._fingers))
                self._opening = opening

    def hold(self) -> None:
        """See `ArmDriver.hold`. What the gripper holds stays held."""
        with self._lock:
            if self._enabled:
                self._stay(self.read())

    def _stay(self, reading: ArmReading) -> None:
        self._publish(self._arm, self._joints, reading.positions.tolist())
        self._guard.start(reading.positions)

    def _publish(self, topic: Any, names: Sequence[str], positions: Sequence[float]) -> None:
        ahead = {"secs": 0, "nsecs": round(_AHEAD * self.period * 1e9)}  # a stamp of zero: from now on
        point = {
            "positions": list(positions),
            "velocities": [],
            "accelerations": [],
            "effort": [],
            "time_from_start": ahead,
        }
        topic.publish({"joint_names": list(names), "points": [point]})

    def release(self) -> None:
        """Take no more rows until `enable`. The arm itself can be let go of by its own controls only."""
        with self._lock:
            self._enabled = False
            self._guard.forget()

    def reconnect(self) -> None:
        """See `ArmDriver.reconnect`."""
        self.close()
        self._connect()

    def close(self) -> None:
        """See `ArmDriver.close`."""
        self._enabled, self._latest = False, None
        self._guard.forget()
        if self._ros.is_connected:
            self._states.unsubscribe()
            self._ros.close()
        self._ros.factory.stopTrying()
