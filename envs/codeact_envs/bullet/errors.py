"""Why a robot refuses. Each message says what was asked, which limit it meets and what would be allowed."""

from __future__ import annotations

from codeact.errors import Refused


class RobotRefused(Refused):
    """Base of the robot's own refusals: nothing was moved, unless the message says so."""


class OutOfReach(RobotRefused):
    """The place lies outside the workspace box, or no arm posture inside the joint limits reaches it."""


class KeepOut(RobotRefused):
    """The place lies inside a volume that the tool may not enter, such as the table or the robot's own column."""


class TooFast(RobotRefused):
    """The speed asked for is above the limit."""


class TooStrong(RobotRefused):
    """The force asked for is above the limit."""


class InCollision(RobotRefused):
    """The gripper, or what it holds, would run into an object."""


class Stopped(RobotRefused):
    """The robot was stopped. A running motion ends with this at rest; later ones are refused until resume or reset."""


class UnknownObject(RobotRefused):
    """No object of that name is on the table."""


class NothingHeld(RobotRefused):
    """The action needs something in the gripper, and it is empty."""


class AlreadyHolding(RobotRefused):
    """The action needs an empty gripper."""


class NotGraspable(RobotRefused):
    """The object is too wide for the gripper, or is not a body at all (a flat zone)."""


class Ambiguous(RobotRefused):
    """A description fits several objects; the message names them."""


class NotUnderstood(RobotRefused):
    """A description holds a word that is not known, or makes no sense."""


class NotArticulated(RobotRefused):
    """The object has no part that opens, turns or is pressed."""


class NotHollow(RobotRefused):
    """Nothing can be put into the object."""


class NoDepth(RobotRefused):
    """The camera takes pictures, and measures no distances."""
