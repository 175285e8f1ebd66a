"""What goes wrong between a host and its robot. Each message names the joint or the port, and what to do."""

from __future__ import annotations

from codeact.errors import ToolError


class DriverError(ToolError):
    """The robot did not do, or could not say, what was asked of it. It holds where it is, unless the message says
    otherwise."""


class ConnectionLost(DriverError):
    """The port is gone, or nobody answers on it. `reconnect()` may bring it back."""


class JointFault(DriverError):
    """A joint reports overload, heat, a wrong voltage or a broken sensor."""


class Blocked(DriverError):
    """A joint does not follow what it is sent: something is in its way."""


class UnsafeRow(DriverError):
    """A row of joint positions was not sent: outside the limits, or too far from the row before."""
