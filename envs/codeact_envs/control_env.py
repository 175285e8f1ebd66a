"""`ControlEnv`: a Gymnasium environment over the same tasks and worlds, whose action is an array, for ordinary RL."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.tasks import Judgement, Plan, RobotTask, Task, Values, load_task
from codeact_envs.tasks.conditions import PlaceCondition
from codeact_envs.tasks.protocol import VALUES
from codeact_envs.tasks.scene import as_snapshot

Array = NDArray[np.float32]
Observation = dict[str, Any]

_AT_REST = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # linear and angular velocity
_BOUND = 10.0  # of every number in an observation: metres, radians, and the same a second


class ControlEnv(gymnasium.Env[Any, NDArray[np.float32]]):
    """One robot task, moved a twelfth of a second at a time.

    The action is a float32 array in [-1, 1]. `cartesian`: (dx, dy, dz, gripper), the tool's displacement in the world
    frame, 0.04 m a step at 1; the hand keeps its orientation. `joint`: a displacement of each joint, 0.04 rad a step at
    1, and the gripper. Above 0 the gripper opens, below it closes, at its full speed for 1. The limits of speed,
    workspace, keep-out and joints hold whatever is asked for: a request is cut, and counted in `info["cuts"]`.

    A task that asks for one thing, that a body or the tool comes to a place (the goal is one `at` or `tool_above`), is
    goal-conditioned: the observation is a dict of `observation`, `achieved_goal` and `desired_goal` (3,), metres, and
    the reward is that of `compute_reward`: `sparse` -1 until it is near enough, then 0; `dense` minus the distance. The
    episode terminates when it is near enough, moving or not, held or not, as in panda-gym.

    Of any other task the observation is one array, with the colour of each body as red, green, blue at the end of its
    part; the reward is `dense`, the gain of the task's score, or `sparse`, -1 until the task's success, then 0.

    `observation="state"`: float32, in this order: tool position (3,) and velocity (3,), opening of the gripper in
    metres; for `joint` positions and velocities of the joints; then for each body in the order of the task's roles
    position (3,), quaternion (x, y, z, w), linear and angular velocity (3,) each. All are clipped to [-10, 10].
    `observation="rgbd"`: a dict of `rgb` (height, width, 3) uint8 and `depth` (height, width, 1) float32, metres, from
    the camera `front`, and `observation` with the robot's own numbers only; `achieved_goal` and `desired_goal` where
    the task has them.

    `info` holds `is_success`, `cuts` (requests cut since the reset, by reason), `cost` (rules broken in this step), and
    at the end of an episode `success` and `score` as the task judges the state then.

    Args:
        task: as for `CodeEnv`.
        action: `cartesian` or `joint`.
        observation: `state` or `rgbd`.
        reward: `sparse` or `dense`; by default `sparse` where the task is goal-conditioned, else `dense`.
        max_steps: after which an episode is truncated.
        values: draw from the `seen` or the `unseen` attribute values.
        render_mode: None, `rgb_array`, or `human` for Bullet's window at the pace of the clock, as in `CodeEnv`.
        width, height: of pictures, pixels.

    Raises:
        TaskError: an argument is wrong, or the task is none of a robot at a table.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 12}  # noqa: RUF012

    def __init__(
        self,
        task: str | Task,
        *,
        action: Literal["cartesian", "joint"] = "cartesian",
        observation: Literal["state", "rgbd"] = "state",
        reward: Literal["sparse", "dense"] | None = None,
        max_steps: int = 50,
        values: Values = "seen",
        render_mode: str | None = None,
        width: int = 320,
        height: int = 240,
    ) -> None:
        _require("action", action, ("cartesian", "joint"))
        _require("observation", observation, ("state", "rgbd"))
        _require("reward", reward, (None, "sparse", "dense"))
        _require("values", values, VALUES)
        _require("render_mode", render_mode, (None, "human", *self.metadata["render_modes"]))
        if max_steps < 1:
            raise TaskError(f"max_steps must be at least 1, not {max_steps!r}")
        found = load_task(task) if isinstance(task, str) else task
        if not isinstance(found, RobotTask):
            raise TaskError(f"action={action!r} needs a task of a robot at a table, not {type(found).__name__}")
        if render_mode == "human":
            found = found.watched()
            self.metadata = {**self.metadata, "render_modes": [*self.metadata["render_modes"], "human"]}
        self.task = found
        goals = found.spec.goal
        self._condition = goals[0] if len(goals) == 1 and isinstance(goals[0], PlaceCondition) else None
        self.goal_conditioned = self._condition is not None
        self.render_mode, self.max_steps = render_mode, max_steps
        self._kind = reward or ("sparse" if self.goal_conditioned else "dense")
        self._values, self._width, self._height, self._pictures = values, width, height, observation == "rgbd"
        from codeact_envs.bullet.perception.cameras import Cameras
        from codeact_envs.bullet.servo import make_servo
        from codeact_envs.tasks.tabletop_world import TabletopWorld

        world = found.make_world()
        if not isinstance(world, TabletopWorld):
            world.close()
            raise TaskError(f"action={action!r} needs a task of a robot at a table; {found.name}'s world is another")
        self._world, self._bullet = world, world.bullet
        self._cameras = Cameras(world.bullet)
        self._joints_too = action == "joint"
        self._joints = [*(world.bullet.arm.joints if self._joints_too else ()), *world.bullet.arm.fingers]
        self._servo = make_servo(world.bullet, action)
        self._plan: Plan | None = None
        self._bodies: list[int] = []
        self._colors: list[tuple[float, float, float]] = []
        self._desired: Array = np.zeros(3, np.float32)
        self._goal_body = -1
        self._start: Any = None
        self._score = 0.0
        self._steps = 0
        self._over = True
        self.action_space = spaces.Box(-1.0, 1.0, (self._servo.size + 1,), np.float32)
        self.observation_space = self._make_space()

    def _make_space(self) -> spaces.Space[Any]:
        robot = 7 + (2 * len(self._bullet.robot.joints.names) if self._joints_too else 0)
        bodies = sum(part.most for part in self.task.spec.scene.roles.values())
        each = 13 if self.goal_conditioned else 16
        state = spaces.Box(-_BOUND, _BOUND, (robot + (0 if self._pictures else bodies * each),), np.float32)
        if not self._pictures and not self.goal_conditioned:
            return state
        parts: dict[str, spaces.Space[Any]] = {"observation": state}
        if self.goal_conditioned:
            parts["achieved_goal"] = parts["desired_goal"] = spaces.Box(-_BOUND, _BOUND, (3,), np.float32)
        if self._pictures:
            parts["rgb"] = spaces.Box(0, 255, (self._height, self._width, 3), np.uint8)
            parts["depth"] = spaces.Box(0.0, _BOUND, (self._height, self._width, 1), np.float32)
        return spaces.Dict(parts)

    # Gymnasium

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, the scene that `CodeEnv` shows for the same seed, bit for bit.

        Args:
            seed: see Gymnasium.
            options: `{"values": "seen" | "unseen"}`.

        Raises:
            TaskError: an option is unknown.
        """
        super().reset(seed=seed)
        options = dict(options or {})
        values: Values = options.pop("values", self._values)
        _require("values", values, VALUES)
        if options:
            raise TaskError(f"reset() knows the option 'values', not {', '.join(map(repr, options))}")
        plan = self._plan = self.task.draw(self.np_random, values)
        self._world.reset(plan.setup)
        self._servo.reset()
        from codeact_envs.bullet import COLORS

        bullet, roles = self._bullet, plan.goal.roles
        names = [name for role in self.task.spec.scene.roles for name in roles[role]]
        self._bodies = [bullet.body(name) for name in names]
        self._start, self._score = as_snapshot(plan.setup.bodies), 0.0
        if self._condition is not None:
            goal = self._condition.place_goal(plan.goal, self._start)
            self._desired = np.array(goal.place, np.float32)
            self._goal_body = -1 if goal.body is None else bullet.body(goal.body)
        else:
            self._colors = [COLORS[bullet.color(name)] for name in names]
        self._steps = 0
        self._over = False
        return self._observe(), {"instruction": plan.instruction}

    def step(self, action: NDArray[np.float32]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Do what the action says for a twelfth of a second.

        Raises:
            ResetNeeded: there was no reset, or the episode is over.
            TaskError: the action has another shape, or a number in it is not finite.
        """
        if self._over:
            raise ResetNeeded("call reset() first: there is no episode, or it is over")
        request = np.asarray(action)
        numbers: Any = request.tolist()
        if request.shape != self.action_space.shape or not all(map(math.isfinite, numbers)):
            raise TaskError(f"an action is an array of {self.action_space.shape} finite numbers, not {action!r}")
        before = len(self._bullet.violations)
        self._servo.step([min(max(value, -1.0), 1.0) for value in numbers])
        self._steps += 1
        observation = self._observe()
        reward, success = self._reward_now(observation)
        truncated = self._steps >= self.max_steps and not success
        self._over = success or truncated
        info: dict[str, Any] = {
            "is_success": success,
            "cuts": dict(self._servo.cuts),
            "cost": float(len(self._bullet.violations) - before),
        }
        if self._over:
            judgement = self._judge()
            info["success"], info["score"] = judgement.success, judgement.score
        return observation, reward, success, truncated, info

    def compute_reward(self, achieved_goal: Array, desired_goal: Array, info: Any) -> Any:
        """The reward of goals that were achieved, for goals that were desired, for hindsight experience replay.

        Args:
            achieved_goal, desired_goal: (3,) or (n, 3), metres.
            info: not used.

        Returns:
            A float32 number, or an array (n,).

        Raises:
            TaskError: the task is not goal-conditioned.
        """
        if self._condition is None:
            raise TaskError(f"{self.task.name} is not goal-conditioned: its reward is not one of places")
        away = np.asarray(achieved_goal, np.float64) - np.asarray(desired_goal, np.float64)
        x, y, z = away[..., 0], away[..., 1], away[..., 2]
        distance = np.sqrt(x * x + y * y + z * z)  # as `_reward_now` has it, to the last bit
        if self._kind == "dense":
            return -distance.astype(np.float32)
        return -(distance > self._condition.within).astype(np.float32)

    def render(self) -> Any:
        """The scene now, uint8 of shape (height, width, 3), for `render_mode="rgb_array"`."""
        if self.render_mode is None:
            gymnasium.logger.warn(
                "render() was called without a render_mode; gymnasium.make(id, render_mode='rgb_array')"
            )
            return None
        if self._plan is None:
            raise ResetNeeded("there is nothing to render before the first reset()")
        if self.render_mode == "human":
            return None
        return self._bullet.render(self._width, self._height)

    def close(self) -> None:
        """End the world. May be called again."""
        self._plan, self._over = None, True
        self._world.close()

    def interrupt(self) -> None:
        """From any thread: bring the robot to rest within 0.1 s of simulated time. It holds still until the reset."""
        self._bullet.stop()

    # State

    @property
    def instruction(self) -> str:
        """The task of this episode in words."""
        return self._episode().instruction

    def state_hash(self) -> str:
        """SHA-256, in hex, over the world's exact state and the velocity that the servo commands."""
        self._episode()
        digest = hashlib.sha256(self._bullet.state_hash().encode())
        digest.update(struct.pack(f"<{len(self._servo.velocity)}d", *self._servo.velocity))
        return digest.hexdigest()

    # One step

    def _episode(self) -> Plan:
        if self._plan is None:
            raise ResetNeeded("call reset() first: there is no episode yet")
        return self._plan

    def _judge(self) -> Judgement:
        plan = self._episode()
        now = self._world.snapshot()
        judgement = self.task.judge(plan, self._start, now)
        if self.task.breaches(plan, self._start, now, self._bullet.violations):
            return replace(judgement, success=False, success_strict=False, score=min(judgement.score, 0.95))
        return judgement

    def _reward_now(self, observation: Any) -> tuple[float, bool]:
        if self._condition is not None:
            achieved, desired = observation["achieved_goal"].tolist(), self._desired.tolist()
            x, y, z = (a - b for a, b in zip(achieved, desired, strict=True))
            distance = math.sqrt(x * x + y * y + z * z)
            near = distance <= self._condition.within
            return (float(np.float32(-distance)) if self._kind == "dense" else float(near) - 1.0), near
        judgement = self._judge()
        gain, self._score = judgement.score - self._score, judgement.score
        return (gain if self._kind == "dense" else float(judgement.success) - 1.0), judgement.success

    def _observe(self) -> Any:
        bullet, arm = self._bullet.simulation.bullet, self._bullet.arm
        on = self._bullet.simulation.client
        tool, velocity = self._tool(bullet, on)
        states: Any = bullet.getJointStates(arm.body, self._joints, on)
        numbers = [*tool, *velocity, states[-1][0] + states[-2][0]]
        if self._joints_too:
            numbers += [state[0] for state in states[:-2]] + [state[1] for state in states[:-2]]
        if not self._pictures:
            lying = self._bullet.lying
            for index, body in enumerate(self._bodies):
                if body in lying:
                    position, quaternion = lying[body]
                    numbers += (*position, *quaternion, *_AT_REST)
                else:
                    position, quaternion = bullet.getBasePositionAndOrientation(body, on)
                    linear, angular = bullet.getBaseVelocity(body, on)
                    numbers += (*position, *quaternion, *linear, *angular)
                if self._condition is None:
                    numbers += self._colors[index]
        state = _bounded(numbers)
        if self._condition is None and not self._pictures:
            return state
        observation: dict[str, Any] = {"observation": state}
        if self._condition is not None:
            achieved = tool if self._goal_body < 0 else bullet.getBasePositionAndOrientation(self._goal_body, on)[0]
            observation["achieved_goal"] = _bounded(achieved)
            observation["desired_goal"] = self._desired.copy()
        if self._pictures:
            observation["rgb"], observation["depth"] = self._picture()
        return observation

    def _tool(self, bullet: Any, on: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Position and velocity of the tool centre point as measured, world frame."""
        link: Any = bullet.getLinkState(self._bullet.arm.body, self._bullet.arm.tool_link, 1, 1, on)
        (vx, vy, vz), (wx, wy, wz) = link[6], link[7]
        (tx, ty, tz), _ = bullet.multiplyTransforms(
            link[4], link[5], self._bullet.robot.tool_offset, (0.0, 0.0, 0.0, 1.0)
        )
        cx, cy, cz = link[0]  # the link's centre of mass, whose velocity it is
        rx, ry, rz = tx - cx, ty - cy, tz - cz
        return (tx, ty, tz), (vx + wy * rz - wz * ry, vy + wz * rx - wx * rz, vz + wx * ry - wy * rx)

    def _picture(self) -> tuple[NDArray[np.uint8], Array]:
        shot = self._cameras.take("front", self._width, self._height)
        return shot.rgb, np.minimum(shot.depth, _BOUND).astype(np.float32)[:, :, None]


def _bounded(numbers: Sequence[float]) -> Array:
    if max(numbers) > _BOUND or min(numbers) < -_BOUND:
        numbers = [min(max(value, -_BOUND), _BOUND) for value in numbers]
    return np.array(numbers, np.float32)


def _require(name: str, value: Any, known: tuple[Any, ...]) -> None:
    if value not in known:
        raise TaskError(f"{name} must be one of {', '.join(map(repr, known))}, not {value!r}")
