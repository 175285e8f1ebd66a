"""Real robots: what a driver has to do (`protocols`), the drivers that there are, and a check for those to come.

A driver takes rows of joint positions and says what the joints measure. Plans, limits, keep-out volumes, stops and the
tools of a program come from the same controllers as in simulation, which move a model of the robot at the same time.
"""

from codeact_envs.drivers.cameras import CameraCalibration, SimulatedCamera, VideoCamera, connect_camera
from codeact_envs.drivers.conformance import check_driver
from codeact_envs.drivers.errors import Blocked, ConnectionLost, DriverError, JointFault, UnsafeRow
from codeact_envs.drivers.protocols import ArmDriver, ArmReading, BaseDriver, Camera, CameraFrame
from codeact_envs.drivers.real_arm import RealArm, connect
from codeact_envs.drivers.ros_arm import RosArm, RosNames

__all__ = [
    "ArmDriver",
    "ArmReading",
    "BaseDriver",
    "Blocked",
    "Camera",
    "CameraCalibration",
    "CameraFrame",
    "ConnectionLost",
    "DriverError",
    "JointFault",
    "RealArm",
    "RosArm",
    "RosNames",
    "SimulatedCamera",
    "UnsafeRow",
    "VideoCamera",
    "check_driver",
    "connect",
    "connect_camera",
]
