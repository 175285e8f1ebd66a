"""The same tasks by arrays of numbers, for ordinary reinforcement learning."""

from __future__ import annotations

import math
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import codeact_envs  # noqa: F401  (registers the tasks)
from codeact.errors import TaskError


def run(env: Any, steps: int, seed: int) -> list[Any]:
    random = np.random.default_rng(seed)
    found = [env.reset(seed=seed)[0]]
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = env.step(
            random.uniform(-1.0, 1.0, env.action_space.shape).astype(np.float32)
        )
        found.append((observation, reward))
        if terminated or truncated:
            break
    return found


@pytest.mark.parametrize("action", ["cartesian", "joint"])
@pytest.mark.parametrize("name", ["PickPlace", "Lift"])
def test_gymnasium_finds_nothing_wrong(name: str, action: str) -> None:
    env = gymnasium.make(f"CodeAct/{name}-v0", action=action).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
    env.close()


@pytest.mark.parametrize("action", ["cartesian", "joint"])
def test_the_same_seed_gives_the_same_numbers_whatever_ran_before(action: str) -> None:
    env = gymnasium.make("CodeAct/PickPlace-v0", action=action, max_steps=60).unwrapped
    first = run(env, 40, 3)
    run(env, 25, 4)
    again = run(env, 40, 3)
    env.close()
    for (one, reward), (other, same) in zip(first[1:], again[1:], strict=True):
        assert reward == same
        assert all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("action", ["cartesian", "joint"])
def test_whatever_is_asked_for_the_commanded_arm_stays_inside_its_limits(action: str) -> None:
    env: Any = gymnasium.make("CodeAct/PickPlace-v0", action=action, max_steps=400).unwrapped
    world, rows = env._bullet, []
    robot, kinematics = world.robot, world.controller.kinematics
    random = np.random.default_rng(1)
    env.reset(seed=1)
    world.reset(())  # nothing to run into
    env._servo.reset()
    world.arm.recorder = rows.extend
    for step in range(300):
        if step % 4 == 0:
            wanted = random.choice([-1.0, 0.0, 1.0], env.action_space.shape)
        env._servo.step(wanted)
    joints = np.array(rows)[:, : len(robot.joints.names)]
    velocity = np.diff(joints, axis=0) * 240.0
    places = np.array([kinematics.forward(row)[:3, 3] for row in joints])
    assert (np.abs(velocity) <= np.array(robot.joints.velocity)).all()
    assert (np.abs(np.diff(velocity, axis=0)) * 240.0 <= np.array(robot.joints.acceleration)).all()
    assert (joints >= kinematics.lower).all()
    assert (joints <= kinematics.upper).all()
    assert (np.linalg.norm(np.diff(places, axis=0), axis=1) * 240.0 <= robot.motion.tool_speed_limit).all()
    assert (places >= np.array(robot.workspace.lower)).all()
    assert (places <= np.array(robot.workspace.upper)).all()
    assert env._servo.cuts["speed"] > 0
    assert env._servo.cuts["workspace"] > 0
    env.close()


def test_rewards_are_computed_for_one_goal_and_for_many() -> None:
    goals = np.zeros((3, 3), np.float32)
    achieved = np.array([[0.0, 0.0, 0.0], [0.04, 0.0, 0.0], [0.3, 0.4, 0.0]], np.float32)
    for kind, wanted in (("sparse", [0.0, 0.0, -1.0]), ("dense", [0.0, -0.04, -0.5])):
        env: Any = gymnasium.make("CodeAct/PickPlace-v0", action="cartesian", reward=kind).unwrapped
        assert np.allclose(env.compute_reward(achieved, goals, None), wanted)
        assert np.isclose(env.compute_reward(achieved[2], goals[2], None), wanted[2])
        env.close()


def test_a_step_says_what_compute_reward_says() -> None:
    env: Any = gymnasium.make("CodeAct/PickPlace-v0", action="cartesian", reward="dense").unwrapped
    for observation, reward in run(env, 5, 1)[1:]:
        assert reward == float(env.compute_reward(observation["achieved_goal"], observation["desired_goal"], {}))
    env.close()


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_relabelled_goals_of_a_batch_have_the_rewards_of_their_steps(kind: str) -> None:
    env: Any = gymnasium.make("CodeAct/Push-v0", action="cartesian", reward=kind).unwrapped
    steps = run(env, 30, 2)[1:]
    env.close()
    achieved = np.array([observation["achieved_goal"] for observation, _ in steps])
    desired = np.array([observation["desired_goal"] for observation, _ in steps])
    assert env.compute_reward(achieved, desired, None).tolist() == [reward for _, reward in steps]
    later = np.random.default_rng(0).integers(np.arange(len(steps)), len(steps))  # the strategy "future"
    batch = env.compute_reward(achieved, achieved[later], [{}] * len(steps))
    assert batch.shape == (len(steps),)
    assert batch.tolist() == [
        float(env.compute_reward(*pair, {})) for pair in zip(achieved, achieved[later], strict=True)
    ]
    assert (env.compute_reward(achieved, achieved, None) == 0.0).all(), "what was reached is reached"


def test_the_tool_reaches_a_place_and_the_episode_ends() -> None:
    env: Any = gymnasium.make("CodeAct/Reach-v0", action="cartesian").unwrapped
    observation, _ = env.reset(seed=0)
    for _ in range(50):
        away = observation["desired_goal"] - observation["achieved_goal"]
        action = np.append(np.clip(away / 0.1, -1.0, 1.0), 0.0).astype(np.float32)
        observation, _, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            break
    assert (terminated, truncated, info["is_success"], info["score"]) == (True, False, True, 1.0)
    env.close()


def test_the_velocity_in_an_observation_is_that_of_the_tool() -> None:
    env: Any = gymnasium.make("CodeAct/Reach-v0", action="cartesian").unwrapped
    env.reset(seed=0)
    seen = [env.step(np.array([-0.3, 0.4, -0.2, 0.0], np.float32))[0]["observation"] for _ in range(8)]
    env.close()
    moved = (seen[-1][:3] - seen[-2][:3]) * 12.0
    assert np.allclose(seen[-1][3:6], moved, atol=0.01)


def test_processes_run_environments_side_by_side() -> None:
    envs = gymnasium.make_vec(
        "codeact_envs:CodeAct/PickPlace-v0", num_envs=2, vectorization_mode="async", action="cartesian"
    )
    observation, _ = envs.reset(seed=[3, 3])
    assert np.array_equal(observation["observation"][0], observation["observation"][1])
    observation, reward, *_ = envs.step(envs.action_space.sample())
    assert reward.shape == (2,)
    envs.close()


def test_pictures_and_depth() -> None:
    env: Any = gymnasium.make(
        "CodeAct/PickPlace-v0", action="cartesian", observation="rgbd", width=64, height=48
    ).unwrapped
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation["rgb"].shape == (48, 64, 3)
    assert 0.3 < float(observation["depth"].min()) < float(observation["depth"].max())
    assert observation["observation"].shape == (7,), "where the bodies are is to be seen, not told"
    env.close()


@pytest.mark.parametrize("action", [[0.0, 0.0, math.nan, 0.0], [0.0, 0.0, 0.0], [[0.0, 0.0, 0.0, 0.0]], 0.0])
def test_an_action_of_another_shape_or_that_is_not_finite_is_refused(action: Any) -> None:
    env: Any = gymnasium.make("CodeAct/Reach-v0", action="cartesian").unwrapped
    env.reset(seed=0)
    before = env.state_hash()
    with pytest.raises(TaskError, match="finite numbers"):
        env.step(np.array(action, np.float32))
    assert env.state_hash() == before
    env.close()


@pytest.mark.parametrize(
    "wrong", [{"action": "fly"}, {"action": "joint", "observation": "text"}, {"action": "joint", "max_steps": 0}]
)
def test_a_wrong_argument_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(TaskError, match=next(reversed(wrong))):
        gymnasium.make("CodeAct/PickPlace-v0", **wrong)


def test_a_robot_that_has_no_table_is_refused_and_its_world_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    from codeact_envs.tasks.floor_world import FloorWorld

    closed: list[FloorWorld] = []
    close = FloorWorld.close

    def note(world: FloorWorld) -> None:
        closed.append(world)
        close(world)

    monkeypatch.setattr(FloorWorld, "close", note)
    with pytest.raises(TaskError, match="needs a task of a robot at a table; hover's world is another"):
        gymnasium.make("CodeAct/Hover-v0", action="cartesian")
    assert len(closed) == 1
