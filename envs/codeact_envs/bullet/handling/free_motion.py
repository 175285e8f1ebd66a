"""Collision-free motions in joint space around whatever stands there: OMPL's RRT-Connect (BSD-3), then shortcuts.

The search is seeded anew for each question and bounded by the number of postures looked at, not by the clock, so that
the same question has the same answer in every process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arms.controller import MotionResult
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, RobotRefused
from codeact_envs.bullet.handling.shown import ShownBodies
from codeact_envs.bullet.motion.collisions import CollisionModel, Hit

if TYPE_CHECKING:
    from codeact_envs.bullet.perception.view import Perception
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

RESOLUTION = 0.05  # radians between two postures that the search looks at
_TOOL_RESOLUTION = 0.02  # radians between two places where the tool is looked at
_MOST_POSTURES = 8000  # that one search looks at
_ATTEMPTS = 3
_POSTURES = 8  # different ones that are tried for a pose of the tool


class FreeMotionPlanner:
    """Paths of straight lines in joint space that keep the margin of a `CollisionModel`.

    Args:
        model: brought up to date by the caller.
        lower, upper: joint limits, (joints,), radians.
        allowed: whether the tool may go straight from where it is at the first joint positions to where it is at the
            second; without it, it may go everywhere.
    """

    def __init__(
        self,
        model: CollisionModel,
        lower: Array,
        upper: Array,
        allowed: Callable[[Array, Array], bool] = lambda start, end: True,
    ) -> None:
        self._model, self._lower, self._upper, self._allowed = model, lower, upper, allowed
        self.looked_at = 0

    def plan(self, start: Array, goals: Sequence[Array], attempts: int = _ATTEMPTS) -> list[Array] | None:
        """Joint positions to go through from `start` to one of `goals`, both ends included; None when none was found.

        The direct line is taken where it is free, to the first goal for which it is.

        Args:
            attempts: at a search, each with a seed of its own.
        """
        self.looked_at = 0
        start = np.clip(start, self._lower, self._upper)
        free = [goal for goal in goals if self._free(goal)]
        if not free:
            return None
        for goal in free:
            if self._line_is_free(start, goal, self._model.margin):
                return [start, goal]
        if not self._free(start):
            return None
        for attempt in range(attempts):
            path = self._search(start, free, attempt + 1)
            if path is not None and all(self._line_is_free(a, b, self._model.margin / 2.0) for a, b in pairwise(path)):
                return path
        return None

    def _free(self, q: Sequence[float] | Array) -> bool:
        self.looked_at += 1
        q = np.asarray(q)
        return self._allowed(q, q) and self._model.free(q)

    def _line_is_free(self, start: Array, goal: Array, margin: float) -> bool:
        count = max(1, math.ceil(float(np.abs(goal - start).max()) / _TOOL_RESOLUTION))
        on_the_way = pairwise(start + (goal - start) * (index / count) for index in range(count + 1))
        return all(self._allowed(a, b) for a, b in on_the_way) and self._model.line_hit(start, goal, margin) is None

    def _search(self, start: Array, goals: Sequence[Array], seed: int) -> list[Array] | None:
        from ompl import base, geometric, util

        # OMPL says on its log that seeding twice is of no use; it is, as every generator below is made after it.
        util.noOutputHandler()
        util.RNG.setSeed(seed)
        count = len(start)
        space = base.RealVectorStateSpace(count)
        bounds = base.RealVectorBounds(count)
        for joint in range(count):
            bounds.setLow(joint, float(self._lower[joint]))
            bounds.setHigh(joint, float(self._upper[joint]))
        space.setBounds(bounds)
        setup = geometric.SimpleSetup(space)
        setup.setStateValidityChecker(lambda state: self._free([state[joint] for joint in range(count)]))
        information = setup.getSpaceInformation()
        information.setStateValidityCheckingResolution(RESOLUTION / space.getMaximumExtent())
        setup.setStartState(self._state(space, start))
        ends = base.GoalStates(information)
        for goal in goals:
            ends.addState(self._state(space, goal))
        setup.setGoal(ends)
        setup.setPlanner(geometric.RRTConnect(information))
        limit = self.looked_at + _MOST_POSTURES
        setup.solve(base.PlannerTerminationCondition(lambda: self.looked_at >= limit))
        if not setup.haveExactSolutionPath():
            return None
        path = setup.getSolutionPath()
        simplifier = geometric.PathSimplifier(information)
        simplifier.reduceVertices(path)
        simplifier.partialShortcutPath(path)
        return [np.array([state[joint] for joint in range(count)]) for state in path.getStates()]

    @staticmethod
    def _state(space: Any, q: Array) -> Any:
        state = space.allocState()
        for joint, value in enumerate(q.tolist()):
            state[joint] = value
        return state


class FreeMotion:
    """Moves one arm of a world around everything, in any orientation of the hand.

    On the whole way the tool stays inside the workspace, and the arm and what it carries out of what is kept out.

    The copy of the scene that it asks is made once, about 20 ms, and lives until the world is closed.

    Args:
        perception: what shows the bodies of the episode; without it they are where the simulator has them.
    """

    def __init__(self, world: BulletWorld, arm: str | None = None, perception: Perception | None = None) -> None:
        name = world.arm_name(arm)
        self._world, self._arm, self._controller = world, world.arms[name], world.controllers[name]
        self._kinematics = self._controller.kinematics
        self.model = CollisionModel(world.simulation, self._arm.in_bullet, keep_out=self._controller.keep_out)
        self._shown = ShownBodies(world, perception, self.model, name) if perception is not None else None
        lower, upper = self._kinematics.lower, self._kinematics.upper
        self.planner = FreeMotionPlanner(self.model, lower, upper, self._tool_may_go)

    def _tool_may_go(self, start: Array, end: Array) -> bool:
        places = [np.array(self._kinematics.pose(q))[:3, 3] for q in (start, end)]
        return self._controller.places.allows_line(*places)

    def look(self, touching: Collection[str] = ()) -> None:
        """Take over where everything stands now. What is held moves along.

        Args:
            touching: names of bodies that may be touched, such as one that is about to be grasped.
        """
        if self._shown is not None:
            self._shown.look(touching)
            return
        held = self._arm.grasped()
        self.model.update([self._world.body(name) for name in touching], held)

    def name_of(self, body: int) -> str | None:
        """The name of what a hit tells of; None for the table and robots."""
        return self._world.name_of(body) if self._shown is None else self._shown.name_of(body)

    def postures(self, pose: Array) -> list[Array]:
        """Joint positions, free of collision by the last `look`, that put the tool at `pose` (4x4, world frame); the
        nearest to where the arm is first. Always the same for the same question."""
        random = np.random.default_rng(0)
        lower, upper, now = self._kinematics.lower, self._kinematics.upper, self._arm.commanded
        seeds = [now, self._arm.home, *(random.uniform(lower, upper) for _ in range(3 * _POSTURES))]
        found: list[Array] = []
        for seed in seeds:
            q = self._kinematics.inverse(pose, [seed])
            if q is None or any(float(np.abs(q - other).max()) < 0.05 for other in found):
                continue
            if self.model.free(q):
                found.append(q)
            if len(found) == _POSTURES:
                break
        return sorted(found, key=lambda q: round(float(np.abs(q - now).max()), 6))

    def to_joints(self, goal: Array, touching: Collection[str] = ()) -> MotionResult:
        """To joint positions, radians, around everything.

        Raises:
            OutOfReach, KeepOut: `goal` is outside the joint limits or not allowed, or no free path was found; nothing
                was moved.
            InCollision: the arm would touch something at `goal`; nothing was moved.
            Stopped: as for `ArmController.move_joints`.
        """
        goal = np.asarray(goal, dtype=float)
        if not self._kinematics.inside_limits(goal):
            raise OutOfReach(f"the joint positions {goal.round(3).tolist()} lie outside the joint limits")
        self.look(touching)
        hit = self.model.hit(goal)
        if hit is not None:
            raise self._refusal(hit)
        self._controller.require_allowed(*self._kinematics.forward(goal)[:3, 3].tolist())
        return self._go([goal])

    def to_pose(self, pose: Array, touching: Collection[str] = ()) -> MotionResult:
        """To a pose of the tool, 4x4, world frame, around everything.

        Raises:
            OutOfReach, KeepOut: the pose is out of reach or not allowed, or no free path was found; nothing was moved.
            InCollision: the arm would touch something in every posture that reaches it; nothing was moved.
            Stopped: as for `ArmController.move_joints`.
        """
        self._controller.require_allowed(*pose[:3, 3].tolist())
        self.look(touching)
        goals = self.postures(pose)
        if goals:
            return self._go(goals)
        q = self._kinematics.inverse(pose, [self._arm.commanded, self._arm.home], restarts=100)
        if q is None:
            x, y, z = pose[:3, 3].tolist()
            raise OutOfReach(
                f"the arm cannot reach ({x:.3f}, {y:.3f}, {z:.3f}) with the hand turned that way"
                + self._controller.places.near((x, y, z), "; with the hand pointing down it can reach")
            )
        hit = self.model.hit(q)
        raise self._refusal(hit) if hit else InCollision("at its goal the arm would touch something")

    def _go(self, goals: Sequence[Array]) -> MotionResult:
        now = self._kinematics.forward(self._arm.commanded)[:3, 3].tolist()
        try:
            self._controller.require_allowed(*now)
        except RobotRefused as refusal:
            raise OutOfReach(f"the tool stands where it may not be, move it out first: {refusal}") from refusal
        path = self.planner.plan(self._arm.commanded, goals)
        if path is None:
            raise OutOfReach("no way to the goal was found that is free of collision; move something out of the way")
        results: list[MotionResult] = []
        for q in path[1:]:
            results.append(self._controller.move_joints(q))
            if not results[-1].reached:
                break
        last = results[-1]
        return MotionResult(
            last.reached,
            last.reason,
            last.position_error,
            last.angle_error,
            tuple(sorted({name for result in results for name in result.contacts})),
            sum(result.duration for result in results),
        )

    def _refusal(self, hit: Hit) -> RobotRefused:
        what = f"at its goal {'what the gripper holds' if hit.link is None else 'the arm'} would"
        if hit.volume is not None:
            return KeepOut(f"{what} come into {hit.volume.name}, which is kept out")
        if hit.body is None:
            return InCollision(f"{what} touch itself")
        return InCollision(f"{what} touch {self._world.call(hit.body)}")
