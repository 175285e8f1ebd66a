"""Several arms that move in step: one clock, one end, one stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arms.controller import BACK_OFF_STEPS, WATCH_EVERY, MotionResult
from codeact_envs.bullet.engine.simulation import STEP
from codeact_envs.bullet.errors import InCollision, OutOfReach, Stopped
from codeact_envs.bullet.motion.trajectories import Path, SplinePath, StraightPath, in_step, pace
from codeact_envs.bullet.motion.two_moving import meeting_of_two

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

_STRETCH = 4  # steps between two looks at a requested stop, as one arm alone


class Together:
    """Moves arms of one world with a common time law.

    All begin and end together, and at each moment each is the same share of its way along; each stays inside its own
    limits. What stops one stops all: a refusal before anything moves, a requested stop, or something in the way.

    Args:
        arms: names of arms of that world; all of them when left out.

    Raises:
        TaskError: there is no such arm.
    """

    def __init__(self, world: BulletWorld, arms: Sequence[str] = ()) -> None:
        self.names = tuple(world.arm_name(name) for name in arms or world.arms)
        self._simulation = world.simulation
        self._arms = [world.arms[name] for name in self.names]
        self._controllers = [world.controllers[name] for name in self.names]

    def move_lines(self, goals: Mapping[str, Sequence[float]], speed: float | None = None) -> dict[str, MotionResult]:
        """Each tool in a straight line to its goal, orientation kept.

        Args:
            goals: (3,) metres, world frame, by arm; an arm that is not named holds still.
            speed: metres per second of the tool with the longest way, at most; joint limits may make it slower.

        Raises:
            OutOfReach: an arm has no such line inside its joint limits; nothing was moved.
            InCollision, KeepOut: an arm would meet something that stands still, or two arms would come nearer to each
                other than 1 cm on their ways; nothing was moved.
            Stopped: the robot is stopped, or was stopped on the way; all arms are at rest.
        """
        paths: list[Path] = []
        ends, lengths, limits = [], [], [math.inf if speed is None else speed]
        for name, arm, controller in zip(self.names, self._arms, self._controllers, strict=True):
            goal = np.asarray(goals.get(name, controller.tool()[:3, 3]), dtype=float)
            lengths.append(float(np.linalg.norm(goal - controller.tool()[:3, 3])))
            limits.append(controller.require_speed())
            if lengths[-1] < 1e-6:
                ends.append(arm.commanded.copy())
                paths.append(StraightPath(arm.commanded, arm.commanded))
                continue
            line = controller.kinematics.line(arm.commanded, goal)
            if line is None:
                x, y, z = goal.tolist()
                raise OutOfReach(
                    f"the {name} arm cannot follow a straight line to ({x:.3f}, {y:.3f}, {z:.3f}) inside its joint "
                    "limits; neither arm was moved"
                )
            ends.append(line[0][-1])
            paths.append(SplinePath(*line))
        return self._run(paths, ends, min(limits), lengths)

    def move_joints(self, goals: Mapping[str, Array]) -> dict[str, MotionResult]:
        """Each arm in a straight line in joint space to its goal, (joints,), radians. Raises as `move_lines`."""
        ends = [
            np.asarray(goals.get(name, arm.commanded), dtype=float)
            for name, arm in zip(self.names, self._arms, strict=True)
        ]
        paths = [StraightPath(arm.commanded, end) for arm, end in zip(self._arms, ends, strict=True)]
        return self._run(paths, ends, math.inf, [0.0] * len(ends))

    def _run(
        self, paths: Sequence[Path], ends: Sequence[Array], speed: float, lengths: Sequence[float]
    ) -> dict[str, MotionResult]:
        start = self._simulation.steps
        for controller, end in zip(self._controllers, ends, strict=True):
            controller.require_running()
            controller.require_joint_limits(end[None])
        paces = [
            pace(path, controller.bounds, *controller.slower(path, speed, length))
            for path, controller, length in zip(paths, self._controllers, lengths, strict=True)
        ]
        rows = in_step(paths, paces, STEP)
        for controller, own in zip(self._controllers, rows, strict=True):
            if len(own):
                controller.require_joint_limits(own)
                controller.require_free(own, besides=[arm.body for arm in self._arms])
            controller.begin()
        self._require_apart(rows)
        before = [arm.commanded.copy() for arm in self._arms]
        done = self._follow(rows, self._watch)
        if done < len(rows[0]):
            self._brake(before, rows, done)
            if not any(controller.blocked for controller in self._controllers):
                for controller, end in zip(self._controllers, ends, strict=True):
                    controller.note_stop(end, start)
                raise Stopped("the robot was stopped on its way; all arms are at rest")
            self._back_off([own[max(0, done - BACK_OFF_STEPS)] for own in rows])
        why = next((controller.blocked for controller in self._controllers if controller.blocked), "")
        for controller in self._controllers:
            controller.blocked = controller.blocked or why
        return {
            name: controller.result(end, start)
            for name, controller, end in zip(self.names, self._controllers, ends, strict=True)
        }

    def _require_apart(self, rows: Sequence[Array]) -> None:
        """Raise `InCollision` when two arms, or what they carry, would meet while each goes through its rows."""
        ways = [np.vstack([arm.commanded, own]) for arm, own in zip(self._arms, rows, strict=True)]
        checks = [controller.look_around() for controller in self._controllers]
        for one, other in combinations(range(len(self._arms)), 2):
            meeting = meeting_of_two(checks[one], checks[other], ways[one], ways[other])
            if meeting is None:
                continue
            part = self._controllers[one].surroundings.part_name(meeting.link)
            other_part = self._controllers[other].surroundings.part_name(meeting.other)
            rest = "they come too near from the start; go other ways, or one after the other"
            if meeting.free:
                places = [
                    "({:.3f}, {:.3f}, {:.3f})".format(
                        *self._controllers[index].kinematics.forward(ways[index][meeting.free])[:3, 3]
                    )
                    for index in (one, other)
                ]
                rest = f"the ways are free as far as the tools at {places[0]} and {places[1]} m"
            x, y, z = meeting.point
            raise InCollision(f"on the way {part} would meet {other_part} near ({x:.3f}, {y:.3f}, {z:.3f}) m; {rest}")

    def _watch(self) -> bool:
        found = [controller.watch() for controller in self._controllers]  # each counts its own violations
        return any(found)

    def _brake(self, before: Sequence[Array], rows: Sequence[Array], done: int) -> None:
        stops = [
            controller.braking(begin, own, done)
            for controller, begin, own in zip(self._controllers, before, rows, strict=True)
        ]
        longest = max(len(stop) for stop in stops)
        at_rest = [
            np.vstack(
                [
                    stop,
                    np.broadcast_to(
                        stop[-1] if len(stop) else arm.commanded, (longest - len(stop), len(arm.commanded))
                    ),
                ]
            )
            for stop, arm in zip(stops, self._arms, strict=True)
        ]
        self._follow(at_rest, lambda: False, braking=True)

    def _back_off(self, goals: Sequence[Array]) -> None:
        paths = [StraightPath(arm.commanded, goal) for arm, goal in zip(self._arms, goals, strict=True)]
        paces = [pace(path, controller.bounds) for path, controller in zip(paths, self._controllers, strict=True)]
        self._follow(in_step(paths, paces, STEP), lambda: False)

    def _follow(self, rows: Sequence[Array], watch: Callable[[], bool], braking: bool = False) -> int:
        """Command one row of each arm a step. Returns the number of steps done."""
        with self._simulation.alone():
            return self._play(rows, watch, braking)

    def _play(self, rows: Sequence[Array], watch: Callable[[], bool], braking: bool) -> int:
        simulation, arms = self._simulation, self._arms
        step, client = simulation.bullet.stepSimulation, simulation.client
        count, done, next_watch = len(rows[0]), 0, WATCH_EVERY
        while done < count and (braking or not any(arm.stop_requested for arm in arms)):
            end = min(done + _STRETCH, next_watch, count, done + simulation.steps_to_frame())
            for index in range(done, end):
                for arm, own in zip(arms, rows, strict=True):
                    arm.command(own[index])
                step(client)
            simulation.count(end - done)
            done = end
            if done in (next_watch, count):
                next_watch = done + WATCH_EVERY
                if watch():
                    break
        for arm, own in zip(arms, rows, strict=True):
            if arm.recorder is not None:
                arm.recorder([[*row, arm.finger, arm.finger] for row in own[:done].tolist()])
            if done:
                arm.commanded = own[done - 1].copy()
        return done
