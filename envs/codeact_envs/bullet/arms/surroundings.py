"""What the links of an arm, and what it carries, could meet, and how a refusal tells of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.errors import InCollision, KeepOut, RobotRefused
from codeact_envs.bullet.motion.collisions import CollisionModel
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.bullet.motion.path_check import Meeting, PathCheck
from codeact_envs.bullet.robots.description import Volume

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]


class Surroundings:
    """Asks about postures and ways of one arm of a world.

    Args:
        kinematics: of the arm as it stands.
        keep_out: volumes, world frame.
        called: what messages call the arm.
    """

    def __init__(
        self,
        simulation: Simulation,
        arm: SimulatedArm,
        world: BulletWorld,
        kinematics: Kinematics,
        keep_out: Sequence[Volume],
        called: str,
    ) -> None:
        self._simulation, self._arm, self._world, self._kinematics = simulation, arm, world, kinematics
        self._keep_out, self._called = tuple(keep_out), called
        self._check: PathCheck | None = None

    def look(self, besides: Collection[int] = ()) -> PathCheck:
        """What checks motions, with everything as it stands now; `besides` are bodies that are not asked, by Bullet's
        numbers."""
        if self._check is None:  # the copy of the scene takes a moment, and not every world moves
            model = CollisionModel(self._simulation, self._arm.in_bullet)
            self._check = PathCheck(model, [arm.body for arm in self._world.arms.values()])
        self._check.look(self._arm.grasped(), besides)
        return self._check

    def could_stand(self, q: Array) -> bool:
        """Whether nothing is met at joint positions `q` (joints,)."""
        return self.look().free(q, self._keep_out)

    def boxes(self) -> Array:
        """Corners of boxes about the links that its joints move, and about what it holds, as all of it is commanded to
        stand now: (parts, 8, 3), metres, world frame."""
        boxes = self.look().boxes
        found: Array = boxes.corners(self._arm.commanded[None])[0][boxes.depths > 0]
        return found

    def require_free(self, rows: Array, check: PathCheck) -> None:
        """Raise `InCollision` or `KeepOut` when on its way, (n, joints), a part would meet something.

        Args:
            check: what looked around just now.
        """
        way = np.vstack([self._arm.commanded, rows])
        meeting = check.meeting(way, self._keep_out)
        if meeting is not None:
            raise self._refusal(meeting, way)

    def part_name(self, link: int | None) -> str:
        """What a refusal calls a link, by Bullet's index, or what the gripper holds: None."""
        return f"what {self._called} holds" if link is None else f"{self._called}'s {self._arm.link_name(link)}"

    def _refusal(self, meeting: Meeting, way: Array) -> RobotRefused:
        hit = meeting.hit
        part, where = self.part_name(hit.link), self._world.tell_place(hit.body, meeting.point)
        rest = self._free_part(way[: meeting.free + 1], self._world.grain(hit.body))
        if hit.volume is not None:
            return KeepOut(f"on the way {part} would come into {hit.volume.name}, which is kept out,{where}; {rest}")
        what = "the arm itself" if hit.body is None else self._world.call(hit.body)
        return InCollision(f"on the way {part} would touch {what}{where}; {rest}")

    def _free_part(self, free: Array, grain: float) -> str:
        """How far a way is free, joint positions (n, joints), in words, told in steps of `grain` metres of the tool."""
        if len(free) > 1 and grain == math.inf:
            return "a part of this way is free"
        places = np.array([self._kinematics.forward(q)[:3, 3] for q in (free if grain else free[-1:])])
        if grain:
            lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))])
            told = int(np.searchsorted(lengths, lengths[-1] // grain * grain, side="right")) - 1
            free, places = free[: told + 1], places[: told + 1]
        if len(free) < 2:
            return "no part of this way is free; go another way"
        x, y, z = places[-1]
        return f"the way is free as far as the tool at ({x:.3f}, {y:.3f}, {z:.3f}) m"
