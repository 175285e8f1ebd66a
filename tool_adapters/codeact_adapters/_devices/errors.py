"""What can go wrong between a program and a device, as the program sees it."""

from __future__ import annotations

from codeact.errors import CodeActError


class DeviceError(CodeActError):
    """A device did not do what was asked, or answered what cannot be understood."""


class DeviceLost(DeviceError, ConnectionError):
    """There is no connection to the device. The next call tries to connect again."""


class DeviceTimeout(DeviceError, TimeoutError):
    """The device did not answer in time, or did not come to the awaited value in time."""


class DeviceRefused(DeviceError):
    """The device refused; the message has its reason."""


class DeviceStopped(DeviceError):
    """The device was stopped while the call went on."""


ERRORS = (DeviceError, DeviceLost, DeviceTimeout, DeviceRefused, DeviceStopped)
