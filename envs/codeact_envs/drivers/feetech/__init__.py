"""Feetech's serial bus servos: wire format, bus, an arm's driver, and a simulator of the other side.

Small servos with a position loop of their own, which many open arms are built of. Start at `arm`.
"""

from codeact_envs.drivers.feetech.arm import FeetechArm
from codeact_envs.drivers.feetech.calibration import Calibration, so101_default

__all__ = ["Calibration", "FeetechArm", "so101_default"]
