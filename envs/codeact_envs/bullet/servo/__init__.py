"""The arm moved a short step at a time, by displacements, as ordinary reinforcement learning wants it.

A step lasts `SUBSTEPS` of the simulation, 1/12 s. The action is what the tool or the joints should do in it, as a mean
velocity. A servo brings the arm's commanded velocity there as fast as the limits allow, and keeps it while the action
stays; an action of zeros brings the arm to rest. Whatever is asked for, from every state that is commanded the arm can
still come to rest inside the workspace, outside what is kept out and inside the joint limits: a request that would end
this is cut, and the cut is counted.

Within a step the joints follow cubics, which meet positions and velocities at both ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codeact_envs.bullet.servo.base import Servo as Servo
from codeact_envs.bullet.servo.cartesian import CartesianServo as CartesianServo
from codeact_envs.bullet.servo.joint import JointServo as JointServo

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld


def make_servo(world: BulletWorld, action: str) -> Servo:
    """The servo for `cartesian` or `joint` actions."""
    return CartesianServo(world) if action == "cartesian" else JointServo(world)
