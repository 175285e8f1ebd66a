"""How fast the links of an arm can move at most, told from the velocities of its joints alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.engine.simulation import Simulation


class Levers:
    """A bound on the speed of every link's centre of mass, at any posture.

    A joint that turns at one radian a second moves nothing faster than its distance from there, and that is at most the
    way along the joints in between.

    Attributes:
        lengths: of the joints, metres; None where there is no such bound: the arm is carried, or not all that moves it
            are turning joints and two fingers.
    """

    def __init__(self, simulation: Simulation, arm: SimulatedArm) -> None:
        self.lengths = None if arm.carried else _lengths(simulation, arm)

    def bound(self, turning: Sequence[float], fingers: Sequence[float]) -> float:
        """Metres per second that no link exceeds; infinite where nothing is known.

        Args:
            turning: velocities of the arm's joints, radians per second.
            fingers: velocities of the two fingers, metres per second.
        """
        if self.lengths is None:
            return math.inf
        most = max(map(abs, fingers))
        for velocity, length in zip(turning, self.lengths, strict=True):
            most += abs(velocity) * length
        return most


def _lengths(simulation: Simulation, arm: SimulatedArm) -> list[float] | None:
    bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
    infos = {link: bullet.getJointInfo(arm.body, link, **on) for link in arm.links if link >= 0}
    for link, info in infos.items():
        known = link in arm.fingers or (info[2] == bullet.JOINT_REVOLUTE and link in arm.joints)
        if not known and info[2] != bullet.JOINT_FIXED:
            return None
    states = {link: bullet.getLinkState(arm.body, link, computeForwardKinematics=True, **on) for link in infos}
    # A joint's origin stays where it is in the link before, so that the ways from one to the next never change.
    origins = [np.array(states[joint][4]) for joint in arm.joints]
    hops = [float(np.linalg.norm(b - a)) for a, b in pairwise(origins)]
    along = np.cumsum([0.0, *hops]).tolist()
    farthest = 0.0
    for link in infos:
        joint, slack = link, 0.0
        while joint in infos and joint not in arm.joints:
            slack += arm.robot.gripper.opening / 2.0 if joint in arm.fingers else 0.0
            joint = infos[joint][16]
        if joint in arm.joints:
            index = arm.joints.index(joint)
            away = float(np.linalg.norm(np.array(states[link][0]) - origins[index]))
            farthest = max(farthest, along[index] + away + slack)
    return [farthest - before for before in along]
