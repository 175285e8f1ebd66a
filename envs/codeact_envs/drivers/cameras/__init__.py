"""Real cameras: what must be known of one (`calibration`), those that FFmpeg reads (`video`), a simulated one beside
them (`simulated`), and the tools of a program (`tools`).
"""

from codeact_envs.drivers.cameras.calibration import CameraCalibration
from codeact_envs.drivers.cameras.simulated import SimulatedCamera
from codeact_envs.drivers.cameras.video import VideoCamera, connect_camera

__all__ = ["CameraCalibration", "SimulatedCamera", "VideoCamera", "connect_camera"]
