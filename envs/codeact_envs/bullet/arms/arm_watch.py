"""Watches an arm while it moves: what is in its way, and what breaks a rule. The robot's YAML has the limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.arms.levers import Levers
from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.robots.description import Volume
from codeact_envs.bullet.safety import Violations

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

_TRACKING_LIMIT = 0.03  # radians between commanded and measured: something is in the way
_SPEED_SLACK = 1.05  # on limits of speed, for what a measured motion sways about its command
_LIMIT_SLACK = 0.005  # radians beyond a joint limit that are no violation
_FULL_EFFORT = 0.99  # of a motor's torque: above it gives all it has
_LEAST_WAY = 1e-4  # metres of the tool between two looks, below which its way has no direction


class ArmWatch:
    """Looks at joints, links and contacts of one arm.

    Attributes:
        blocked: what was in the way since `begin`, in words; empty when nothing was.
        touched: Bullet's numbers of the bodies that were touched since then.
        force_limit: newtons that may hold against the fingers along their way.

    Args:
        called: what messages call the arm.
        keep_out: volumes, world frame.
        speed_limit: metres per second of any point.
    """

    def __init__(
        self,
        simulation: Simulation,
        arm: SimulatedArm,
        world: BulletWorld,
        violations: Violations,
        called: str,
        keep_out: Sequence[Volume],
        speed_limit: float,
    ) -> None:
        self._simulation, self._arm, self._world, self._violations = simulation, arm, world, violations
        self._called, self._keep_out = called, tuple(keep_out)
        robot = arm.robot
        self._names, self._motion = robot.joints.names, robot.motion
        self._velocity = [value * _SPEED_SLACK for value in robot.joints.velocity]
        self._effort = [value * _FULL_EFFORT for value in robot.joints.effort]
        self._ranges = list(zip(robot.joints.lower, robot.joints.upper, strict=True))
        self._speed = speed_limit * _SPEED_SLACK
        self._links = sorted(link for link in arm.links if link >= 0)
        self._levers, self._joints = Levers(simulation, arm), [*arm.joints, *arm.fingers]
        self.force_limit = math.inf
        self._place: Array | None = None
        self.begin()

    def begin(self) -> None:
        """Forget what the last motion met."""
        self.touched: set[int] = set()
        self.blocked = ""

    def look(self, tool: Callable[[], Array]) -> bool:
        """Look once. Whether something is in the way.

        Args:
            tool: gives where the tool is commanded to be, (3,), metres, world frame.
        """
        pressing = self._look_at_contacts()
        if self.look_at_joints(pressing) > self._speed:
            self._look_at_links()
        if self.force_limit < math.inf:
            self._look_at_force(tool())
        self._look_at_volumes()
        return bool(self.blocked)

    def block(self, reason: str) -> None:
        """Something is in the way."""
        self.blocked = self.blocked or reason

    def _violate(self, what: str, kind: str, value: float = math.nan, unit: str = "") -> None:
        self._violations.add(what, kind, self._simulation.time_s, value, unit)

    def look_at_joints(self, pressing: bool) -> float:
        """Where the arm presses on something, its motors may give all they have: the force has a limit of its own. A
        motor by position is stiffer than any real one: against what does not yield it gives all of it from the first
        tenth of a millimetre on, and so says nothing of how hard the arm presses.

        Returns:
            Metres per second that no link moves faster than, with joints at these velocities.
        """
        arm = self._arm
        all_states: Any = self._simulation.bullet.getJointStates(
            arm.body, self._joints, physicsClientId=self._simulation.client
        )
        states, fingers = all_states[:-2], all_states[-2:]
        for index, ((position, velocity, _, torque), commanded) in enumerate(
            zip(states, arm.commanded.tolist(), strict=True)
        ):
            if abs(position - commanded) > _TRACKING_LIMIT:
                self.block(f"{self._names[index]} cannot follow: something is in the way")
            if abs(velocity) > self._velocity[index]:
                self._violate(
                    f"{self._names[index]} moved faster than its limit", "joint_speed", abs(velocity), "rad/s"
                )
            low, high = self._ranges[index]
            beyond = max(low - position, position - high)
            if beyond > _LIMIT_SLACK:
                self._violate(f"{self._names[index]} went beyond its limit", "joint_limit", beyond, "rad")
            if abs(torque) > self._effort[index] and not pressing:
                self._violate(
                    f"the motor of {self._names[index]} gave all the torque it has", "joint_torque", abs(torque), "N m"
                )
        return self._levers.bound([state[1] for state in states], [state[1] for state in fingers])

    def _look_at_links(self) -> None:
        """The speed of every link's centre of mass: the elbow's, too, and the hand's."""
        states: Any = self._simulation.bullet.getLinkStates(
            self._arm.body, self._links, computeLinkVelocity=1, physicsClientId=self._simulation.client
        )
        most = self._speed * self._speed
        for link, state in zip(self._links, states, strict=True):
            x, y, z = state[6]
            if x * x + y * y + z * z > most:
                what = f"{self._called}'s {self._arm.link_name(link)} moved faster than its limit"
                self._violate(what, "point_speed", math.sqrt(x * x + y * y + z * z), "m/s")

    def _look_at_contacts(self) -> bool:
        """Whether the arm, or what it holds, presses on anything but one another."""
        bullet, client, arm, motion = self._simulation.bullet, self._simulation.client, self._arm, self._motion
        contacts = bullet.getContactPoints(bodyA=arm.body, physicsClientId=client)
        if not contacts:
            return False
        held, pressing = arm.grasped(), False
        robots = {each.body for each in self._world.arms.values()}
        pressed: dict[str, float] = {}
        for contact in contacts:
            other, link, force = contact[2], contact[3], contact[9]
            if other == arm.body or force <= 0.0 or link not in arm.links:
                continue
            name = self._world.name_of(other)
            pressing = pressing or other != held
            if name is not None:
                self.touched.add(other)
            if link not in arm.fingers or other in robots:
                what = f"{self._called} " + (
                    f"touched {self._world.surface_of(other)}" if name is None else f"ran into {name!r}"
                )
                self.block(what)
                self._violate(what, "collision", force, "N")
            elif name is None:
                if force > motion.surface_force:
                    what = f"a fingertip pressed on {self._world.surface_of(other)}"
                    self.block(what)
                    self._violate(f"{what} with more than {motion.surface_force:g} N", "force", force, "N")
            elif other != held:
                pressed[name] = pressed.get(name, 0.0) + force
        for name, force in pressed.items():
            if force > motion.contact_force:
                what = f"the fingers pressed on {name!r}"
                self.block(what)
                self._violate(f"{what} with more than {motion.contact_force:g} N", "force", force, "N")
        return pressing or (held is not None and self._held_presses(held))

    def _held_presses(self, held: int) -> bool:
        """Whether what the gripper holds presses on anything but the arm."""
        contacts = self._simulation.bullet.getContactPoints(bodyA=held, physicsClientId=self._simulation.client)
        return any(contact[2] != self._arm.body and contact[9] > 0.0 for contact in contacts)

    def finger_force(self) -> Array:
        """What the world does to the fingers now, as one force (3,), newtons, world frame; a grip cancels out."""
        total = np.zeros(3)
        for finger in self._arm.fingers:
            contacts: Any = self._simulation.bullet.getContactPoints(
                bodyA=self._arm.body, linkIndexA=finger, physicsClientId=self._simulation.client
            )
            for contact in contacts:
                if contact[2] == self._arm.body:
                    continue
                for force, direction in ((9, 7), (10, 11), (12, 13)):
                    total += contact[force] * np.array(contact[direction])
        return total

    def limit_force(self, force: float, tool: Array) -> None:
        """What the world may do to the fingers against their way, newtons, from the tool's place (3,) on."""
        self.force_limit, self._place = force, tool

    def _look_at_force(self, tool: Array) -> None:
        """What the world does to the fingers against their way. Across it, a stiff hand and a stiff handle can press on
        each other without any harm."""
        before, self._place = self._place, tool
        way = 0.0 if before is None else float(np.linalg.norm(tool - before))
        if before is None or way < _LEAST_WAY:
            return
        against = -float(self.finger_force() @ (tool - before)) / way
        if against > self.force_limit:
            self.block(f"something holds against {self._called} with {against:.0f} N, more than {self.force_limit:g} N")

    def _look_at_volumes(self) -> None:
        """Every link and what the gripper holds, by their boxes along the world's axes: these may be larger than the
        part itself, never smaller."""
        if not self._keep_out:
            return
        bullet, client, arm = self._simulation.bullet, self._simulation.client, self._arm
        parts = [(arm.body, link, f"{self._called}, link {link}") for link in sorted(arm.links)]
        held = arm.grasped()
        if held is not None:
            name = f"what {self._called} holds"
            parts += [(held, link, name) for link in range(-1, bullet.getNumJoints(held, physicsClientId=client))]
        for body, link, name in parts:
            low, high = bullet.getAABB(body, link, physicsClientId=client)
            for volume in self._keep_out:
                overlaps = zip(low, high, volume.lower, volume.upper, strict=True)
                if all(a <= d and c <= b for a, b, c, d in overlaps):
                    what = f"{name}, came into {volume.name}, which is kept out"
                    self.block(what)
                    self._violate(what, "keep_out")
