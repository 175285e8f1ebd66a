"""Bodies that lie still, far from everything that moves, and cost nothing while they do.

Bullet leaves a sleeping body out of a step: its pose stays as it is, to the last bit, and its velocity is zero. Whether
a body may sleep is read from the state alone (`Sleepers.update`). While it sleeps it meets only what never moves: else
Bullet would wake it for a step whenever something else came near by its own measure, which depends on the past.

While all of them sleep and the arm is clear of the ground, nothing can touch anything, and the motors of the joints are
all that there is to solve: then fewer iterations do. With six the tool stays within 0.4 mm of where it is commanded
(0.1 mm with all of them).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.engine.simulation import ITERATIONS, Simulation

_SLOW, _SLOW_TURN = 1e-3, 1e-2  # metres and radians per second: less is rest
_UPRIGHT = 0.9999  # cosine: less is tilted
_ON_GROUND = 1e-3  # metres between the underside and what things stand on
_ROBOT_AWAY = 0.12  # metres from the boxes around the robot's links: more than these move in the time of one update
_OTHERS_AWAY = 0.10  # metres from what is awake, beside what its velocity covers
_DEFAULT, _STATIC, _SLEEPING = 1, 2, 64  # collision groups: the first two are Bullet's own
_STEPS_TO_SLEEP, _STEPS_TO_WAKE = 2, 1  # that Bullet takes
_MOTION = 0.10  # metres that no part of a robot moves in the time of one update
_CALM_ITERATIONS = 6
_UP = (0.0, 0.0, 1.0)

Lying = tuple[tuple[float, float, float], tuple[float, float, float, float]]


@dataclass(frozen=True)
class SleepMemory:
    """Which bodies were switched since the reset, by Bullet's number and in this order, and whether each sleeps now;
    and whether nothing can touch anything."""

    switched: tuple[tuple[int, bool], ...] = ()
    calm: bool = False


AWAKE = SleepMemory()


@dataclass(frozen=True)
class _Sleeper:
    """A body that may sleep: Bullet's number, its colliders' links, half extents and a radius around it, metres."""

    number: int
    links: tuple[int, ...]
    half: tuple[float, float, float]
    radius: float
    any_side: bool


class Sleepers:
    """Which bodies of a simulation sleep.

    Attributes:
        asleep: Bullet's numbers of those that do.
        lying: position and quaternion (x, y, z, w) of those that have done so since the update before the last, by
            Bullet's number: they stay as they are for as long as they are listed here.
    """

    def __init__(self, simulation: Simulation, bodies: Iterable[tuple[int, BodySpec]], robots: Iterable[int]) -> None:
        self._simulation, self._bullet = simulation, simulation.bullet
        self._client, self._on = simulation.client, {"physicsClientId": simulation.client}
        solid = [(number, spec) for number, spec in bodies if spec.shape != "zone"]
        # Where there is furniture, nothing sleeps: its parts move, and things stand on it.
        self._all_known = all(spec.shape in ("box", "cylinder", "bowl") for _, spec in solid)
        self._bodies = [self._sleeper(number, spec) for number, spec in solid] if self._all_known else []
        links = [
            (robot, link)
            for robot in robots
            for link in range(-1, self._bullet.getNumJoints(robot, **self._on))
            if self._bullet.getCollisionShapeData(robot, link, **self._on)
        ]
        # A base cannot sink, nor what only turns about a vertical axis.
        self._standing = [
            (robot, link)
            for robot, link in links
            if link < 0 or (link == 0 and self._bullet.getJointInfo(robot, 0, **self._on)[13] == _UP)
        ]
        self._sinking = [link for link in links if link not in self._standing]
        self.asleep: frozenset[int] = frozenset()
        self.lying: dict[int, Lying] = {}
        # In which order colliders were made anew since the reset: Bullet treats contacts in the order of its colliders.
        self._order: list[int] = []
        self._calm = False
        self._sure = 0  # how many updates cannot find anything new, because the robot is too far away

    def _sleeper(self, number: int, spec: BodySpec) -> _Sleeper:
        x, y, z = (extent / 2.0 for extent in spec.size)
        links = range(-1, self._bullet.getNumJoints(number, **self._on))
        return _Sleeper(number, tuple(links), (x, y, z), (x * x + y * y + z * z) ** 0.5, spec.shape == "box")

    def update(self, used: Collection[int], seconds: float) -> None:
        """Let bodies sleep that nothing can reach in the next `seconds`, and wake the others.

        Args:
            used: Bullet's numbers of the bodies of this episode.
            seconds: at most 0.1, and simulated before the next call.
        """
        if self._sure > 0:
            self._sure -= 1
            return
        bullet, client = self._bullet, self._client
        sinking = [bullet.getAABB(robot, link, client) for robot, link in self._sinking]
        standing = [bullet.getAABB(robot, link, client) for robot, link in self._standing]
        lowest = min([box[0][2] for box in sinking], default=0.0)
        room = lowest
        still, awake = [], []
        for body in self._bodies:
            number, radius = body.number, body.radius
            if number not in used:
                continue
            if number in self.lying:
                place, turn = self.lying[number]
                speed, rests = 0.0, True
            else:
                place, turn = bullet.getBasePositionAndOrientation(number, client)
                (vx, vy, vz), (wx, wy, wz) = bullet.getBaseVelocity(number, client)
                speed = math.sqrt(vx * vx + vy * vy + vz * vz)
                rests = speed <= _SLOW and wx * wx + wy * wy + wz * wz <= _SLOW_TURN**2 and _lies(body, place[2], turn)
            # Where all that can sink is high above, its height will do for the distance.
            away = lowest - place[2]
            if away - radius < _ROBOT_AWAY + _MOTION:
                away = _nearest(place, sinking)
            room = min(room, away - radius)
            gap = min(away, _nearest(place, standing)) - radius
            if rests and gap >= _ROBOT_AWAY:
                still.append((body, place, turn))
            else:
                awake.append((place, radius + _OTHERS_AWAY + speed * seconds))
        for place, reach in awake:  # grows: what is near something awake stays awake itself
            for one in [*still]:
                if math.dist(one[1], place) < reach + one[0].radius:
                    still.remove(one)
                    awake.append((one[1], one[0].radius + _OTHERS_AWAY))
        before = self.asleep
        self._set(frozenset(body.number for body, _, _ in still))
        self.lying = {body.number: (place, turn) for body, place, turn in still if body.number in before}
        self._be_calm(self._all_known and not awake and room >= _ROBOT_AWAY)
        if self._calm:
            self._sure = int((room - _ROBOT_AWAY) / _MOTION)

    def wake(self) -> None:
        """Wake all bodies, before one is moved by something else than the robot. Until the next update."""
        self._sure = 0
        self.lying = {}
        self._set(frozenset())
        self._be_calm(False)

    def _be_calm(self, calm: bool) -> None:
        if calm != self._calm:
            self._calm = calm
            self._simulation.set_iterations(_CALM_ITERATIONS if calm else ITERATIONS)

    def _set(self, asleep: frozenset[int]) -> None:
        if asleep == self.asleep:
            return
        for body in self._bodies:
            if (body.number in asleep) != (body.number in self.asleep):
                self._switch(body, body.number in asleep)
        self.asleep = asleep

    def _switch(self, body: _Sleeper, asleep: bool) -> None:
        bullet, number = self._bullet, body.number
        group, mask = (_SLEEPING, _STATIC) if asleep else (_DEFAULT, -1)
        for link in body.links:
            bullet.setCollisionFilterGroupMask(number, link, group, mask, **self._on)
        state = (
            bullet.ACTIVATION_STATE_ENABLE_SLEEPING | bullet.ACTIVATION_STATE_SLEEP
            if asleep
            else bullet.ACTIVATION_STATE_DISABLE_SLEEPING | bullet.ACTIVATION_STATE_WAKE_UP
        )
        bullet.changeDynamics(number, -1, activationState=state, **self._on)
        if number in self._order:
            self._order.remove(number)
        self._order.append(number)

    # State

    def memory(self) -> SleepMemory:
        return SleepMemory(tuple((number, number in self.asleep) for number in self._order), self._calm)

    def recall(self, memory: SleepMemory = AWAKE) -> int:
        """Go back to what `memory` said, by default to all awake as at first. Returns how many steps Bullet needs to
        take it over, for which everything must be apart."""
        self._sure = 0
        self.lying = {}
        before = self.memory()
        self._be_calm(memory.calm)
        if memory.switched == before.switched:
            return 0
        by_number = {body.number: body for body in self._bodies}
        for body in self._bodies:  # in the order in which they were loaded
            self._switch(body, False)
        self._order.clear()
        for number, asleep in memory.switched:
            self._switch(by_number[number], asleep)
        self.asleep = frozenset(number for number, asleep in memory.switched if asleep)
        return _STEPS_TO_SLEEP if self.asleep else _STEPS_TO_WAKE


def _lies(body: _Sleeper, z: float, turn: tuple[float, float, float, float]) -> bool:
    """Whether a body stands upright on the ground, z = 0; a box on any side."""
    x, y, zq, w = turn
    up = (abs(2.0 * (x * zq - w * y)), abs(2.0 * (y * zq + w * x)), abs(1.0 - 2.0 * (x * x + y * y)))
    for axis in (0, 1, 2) if body.any_side else (2,):
        if up[axis] >= _UPRIGHT:
            return abs(z - body.half[axis]) <= _ON_GROUND
    return False


def _nearest(place: tuple[float, float, float], boxes: list[Any]) -> float:
    """Metres from a point to the nearest of boxes along the axes."""
    x, y, z = place
    least = math.inf
    for (ax, ay, az), (bx, by, bz) in boxes:
        dx = ax - x if x < ax else max(x - bx, 0.0)
        dy = ay - y if y < ay else max(y - by, 0.0)
        dz = az - z if z < az else max(z - bz, 0.0)
        least = min(least, dx * dx + dy * dy + dz * dz)
    return math.sqrt(least)
