"""A real arm, ready for programs: `connect` finds its driver, and `RealArm` joins it with its model and its tools."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from codeact.errors import TaskError
from codeact.tools import Toolbox, tool
from codeact_envs.bullet.errors import OutOfReach
from codeact_envs.bullet.perception.robot_boxes import RobotBoxes
from codeact_envs.bullet.robots.description import Volume, load_arm
from codeact_envs.bullet.tools.low_tier import ERRORS, ArmApi
from codeact_envs.bullet.world import BulletWorld
from codeact_envs.drivers.cameras.tools import RealPictures, picture_tools
from codeact_envs.drivers.driven_arm import PATIENCE, DrivenArm
from codeact_envs.drivers.errors import Blocked, ConnectionLost, DriverError, JointFault
from codeact_envs.drivers.feetech import Calibration, FeetechArm, so101_default
from codeact_envs.drivers.keeper import Keeper
from codeact_envs.drivers.protocols import ArmDriver, Camera
from codeact_envs.drivers.ros_arm import RosArm
from codeact_envs.drivers.simulated import SimulatedDriver

DRY_RUN = "dry-run"
_LONGEST_WAIT = 60.0  # seconds
_LOOK_S = 0.02  # between two looks at a requested stop

# Those of the low tier for which a real arm has the means: it measures no torques and sees no objects.
_TOOLS = (
    "joint_names",
    "joint_limits",
    "joint_positions",
    "joint_velocities",
    "tool_pose",
    "last_motion",
    "forward_kinematics",
    "inverse_kinematics",
    "move_joints",
    "move_linear",
    "move_velocity",
    "move_twist",
    "home",
    "open_gripper",
    "close_gripper",
    "gripper_width",
    "is_holding",
)


class RealArm:
    """One arm, its driver and its model. Enabled when it is made: it holds where it is. Between motions a thread looks
    at it ten times a second, whatever the program does.

    One thread at a time may drive it; `stop` and `emergency_stop` may be called from any.

    Args:
        driver: of the arm.
        robot: the driver's robot, as `BulletWorld` takes it.
        keep_out: volumes that no part of the arm may enter, world frame.
        patience: seconds by which the host may be late in mid-motion, before the motion ends.

    Attributes:
        world: the model's world; its controllers move both.

    Raises:
        DriverError: the arm cannot be enabled.
    """

    def __init__(
        self, driver: ArmDriver, robot: str, keep_out: Sequence[Volume] = (), patience: float = PATIENCE
    ) -> None:
        if load_arm(robot) != driver.robot:
            raise TaskError(f"the driver drives {driver.robot.name!r}, and not the robot {robot!r}")
        self.driver = driver
        driver.enable()
        make_arm = partial(DrivenArm, driver=driver, patience=patience)
        self.world = BulletWorld([], robot=robot, keep_out=keep_out, make_arm=make_arm)
        self._api = ArmApi(self.world)
        self._cameras: dict[str, Camera] = {}
        self._keeper = Keeper(self.arm.look)

    @property
    def arm(self) -> DrivenArm:
        """The arm itself."""
        arm = self.world.arm
        assert isinstance(arm, DrivenArm)
        return arm

    def toolbox(self, name: str = "arm") -> Toolbox:
        """The tools of a program, in a group, with the arm's stop path; and those of its cameras, in `camera`."""
        moving = Toolbox.of(self._api, allow=_TOOLS)
        errors = (*ERRORS, DriverError, ConnectionLost, JointFault, Blocked)
        arm = Toolbox([moving, Toolbox.of(self, allow=["wait"])], name=name, errors=errors, stop=self._stop)
        if not self._cameras:
            return arm
        kinematics = self.world.controller.kinematics
        pictures = RealPictures(self._cameras, kinematics.base, lambda: kinematics.forward(self.arm.positions()))
        return Toolbox([arm, picture_tools(pictures, RobotBoxes(self.world).now)])

    def add_camera(self, name: str, camera: Camera) -> None:
        """Let programs see by a camera: toolboxes that are made from now on have `camera.rgb(name)` and its kin. It is
        closed together with the arm.

        Raises:
            TaskError: there is a camera of this name.
        """
        if name in self._cameras:
            raise TaskError(f"there is a camera {name!r} already; give this one another name")
        self._cameras[name] = camera

    def _stop(self) -> Callable[[], str]:
        self.world.stop()
        return self._at_rest

    def _at_rest(self) -> str:
        x, y, z = self.world.controller.tool()[:3, 3]
        return f"at rest at ({x:.2f}, {y:.2f}, {z:.2f}) m"

    @tool(effect="physical")
    def wait(self, seconds: float) -> None:
        """Hold still for so long, at most 60 s. Raises OutOfReach, and DriverError for what goes wrong meanwhile."""
        if not 0.0 <= seconds <= _LONGEST_WAIT:
            raise OutOfReach(f"seconds must lie between 0 and {_LONGEST_WAIT:g}, not {seconds:g}")
        until = time.monotonic() + seconds
        self.world.controller.require_running()
        while (left := until - time.monotonic()) > 0.0:
            time.sleep(min(left, _LOOK_S))
            self.world.controller.require_running()
            if self.arm.trouble is not None:
                raise self.arm.trouble

    # Stopping

    def stop(self) -> None:
        """Bring the arm to rest; nothing moves until `resume`. From any thread."""
        self.world.stop()

    def resume(self) -> None:
        """End a stop, though not an emergency."""
        self.world.resume()

    def emergency_stop(self) -> None:
        """As `stop`, until `end_emergency`; no program can end it. From any thread."""
        self.world.emergency_stop()

    def end_emergency(self) -> None:
        """End an emergency stop."""
        self.world.end_emergency()

    @property
    def trouble(self) -> DriverError | None:
        """What was wrong with the arm when it was looked at last, ten times a second between motions; None for nothing.
        The next motion raises it, unless it has passed."""
        return self.arm.trouble

    # Letting go, and coming back

    def release(self) -> None:
        """Let go of the joints: the arm sinks, so support it. Until `enable` it can be moved by hand."""
        with self.arm.talking:
            self.driver.release()

    def enable(self) -> None:
        """Take hold of the arm where it is now."""
        with self.arm.talking:
            self.driver.enable()
            self.arm.adopt()

    def reconnect(self) -> None:
        """After `ConnectionLost`: open the port again and take hold of the arm where it is now."""
        with self.arm.talking:
            self.driver.reconnect()
            self.enable()

    def close(self) -> None:
        """Stop, and give the port back. The arm goes on holding. May be called again."""
        self.world.stop()
        self._keeper.close()
        for camera in self._cameras.values():
            camera.close()
        self.driver.close()
        self.world.close()

    def __enter__(self) -> RealArm:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def connect(
    address: str,
    *,
    robot: str | None = None,
    calibration: str | Path | None = None,
    keep_out: Sequence[Volume] = (),
    patience: float = PATIENCE,
) -> RealArm:
    """Connect an arm and take hold of it where it is.

    Args:
        address: how it is reached, and where: "so101:/dev/ttyACM0" for an SO-101 on a serial port,
            "ros:localhost:9090" for an arm behind a rosbridge server, "panda:dry-run" for any arm, simulated in real
            time behind the same face.
        robot: with ROS, which arm it is: a name in `codeact_envs.bullet.robots`, or the path of a description.
        calibration: of this very SO-101, a file; None where each servo is at 2048 in the middle of its joint's range.
        keep_out: volumes that no part of the arm may enter, world frame.
        patience: seconds by which the host may be late in mid-motion, before the motion ends.

    Raises:
        TaskError: no such robot, or the calibration is wrong.
        DriverError: the arm does not answer, or cannot be enabled.
    """
    way, _, place = address.partition(":")
    if way == "camera":
        raise TaskError(f"{address!r} is a camera: connect_camera() connects it, and RealArm.add_camera() joins it")
    if not way or not place:
        raise TaskError(f"no robot at {address!r}: give a way and a place, such as so101:/dev/ttyACM0")
    driver: ArmDriver
    if place == DRY_RUN:
        robot, driver = way, SimulatedDriver(load_arm(way))
    elif way == "so101":
        robot, arm = way, load_arm(way)
        driver = FeetechArm(arm, Calibration.load(calibration, arm) if calibration else so101_default(), place)
    elif way == "ros":
        if robot is None:
            raise TaskError('ROS does not say which arm it is: give robot="panda", or the path of a description')
        driver = RosArm(load_arm(robot), place)
    else:
        raise TaskError(f"no way {way!r} to a robot: so101, ros, or a robot's name with {DRY_RUN}")
    try:
        return RealArm(driver, robot, keep_out, patience)
    except BaseException:
        driver.close()
        raise
