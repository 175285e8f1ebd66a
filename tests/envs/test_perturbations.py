"""Episodes in which something goes otherwise than planned: still exact, and told to whoever acts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import closing

import gymnasium
import numpy as np
import pytest

import codeact_envs  # noqa: F401
from codeact.errors import TaskError
from codeact.evaluation import evaluate
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks.snapshot import Snapshot

ID = "CodeAct/Stack2-v0"


def made(task: str = ID, **options: object) -> CodeEnv:
    env = gymnasium.make(task, **options).unwrapped
    assert isinstance(env, CodeEnv)
    return env


@pytest.fixture
def plain() -> Iterator[CodeEnv]:
    env = made()
    yield env
    env.close()


def played(env: CodeEnv, seed: int) -> str:
    env.reset(seed=seed)
    found: str = env.step(env.oracle())[4]["state_hash"]
    return found


@pytest.mark.parametrize("perturb", ["push", "dynamics", "failed_grasp", "push,dynamics,failed_grasp"])
def test_a_seed_keeps_its_scene_and_its_way(plain: CodeEnv, perturb: str) -> None:
    env = made(perturb=perturb)
    observation, info = env.reset(seed=3)
    assert (observation, info["instruction"]) == (plain.reset(seed=3)[0], plain.instruction)
    assert info["state_hash"] != plain.state_hash(), "what perturbs an episode is part of its state"
    state = env.save_state()
    way = env.step(env.oracle())[4]["state_hash"]
    assert way != played(plain, 3)
    played(env, 4)
    env.restore_state(state)
    with_future = env.branch()
    assert with_future.step(with_future.oracle())[4]["state_hash"] == way
    with_future.close()
    assert env.step(env.oracle())[4]["state_hash"] == way
    assert played(env, 3) == way
    env.close()


def test_the_next_episode_has_its_own_masses(plain: CodeEnv) -> None:
    """A world that was perturbed and is no more goes the way of one that never was."""
    env, wanted = made(perturb="dynamics"), played(plain, 0)
    played(env, 0)
    env.task, perturbed = plain.task, env.task
    assert played(env, 0) == wanted
    env.task = perturbed
    env.close()


def test_a_push_slides_one_body(plain: CodeEnv) -> None:
    env = made(perturb="push")
    for seed in range(3):
        before, after = _bodies_after(plain, seed), _bodies_after(env, seed)
        moved = [math.dist(before[name], after[name]) for name in before]
        assert sum(distance > 0.005 for distance in moved) == 1
        assert max(moved) < 0.05
    env.close()


def _bodies_after(env: CodeEnv, seed: int) -> dict[str, tuple[float, float, float]]:
    env.reset(seed=seed)
    world = env._make_world()
    world.settle(5.0)
    snapshot = world.snapshot()
    assert isinstance(snapshot, Snapshot)
    return {name: body.position for name, body in snapshot.bodies.items()}


def test_a_program_is_told_of_the_failed_grasp() -> None:
    env = made("CodeAct/Lift-v0", perturb="failed_grasp")
    env.reset(seed=0)
    thing = env.oracle().split("'")[1]
    info = env.step(f"first = pick({thing!r})\nsecond = pick({thing!r})\nprint(first, second)")[4]
    assert info["execution"].stdout == "False True\n"
    env.close()


@pytest.mark.parametrize(
    ("task", "seed"),
    [("Lift", 0), ("HammerPeg", 0), ("Handover", 0), ("PutInDrawerAndClose", 0), ("InfeasibleOrUnsafe", 2)],
)
def test_a_reference_program_grasps_again(task: str, seed: int) -> None:
    env = made(f"CodeAct/{task}-v0", perturb="failed_grasp")
    env.reset(seed=seed)
    info = env.step(env.oracle())[4]
    assert info["success"], info["execution"].calls
    assert False in [call.value for call in info["execution"].calls]
    env.close()


def test_pictures_have_noise_that_the_state_decides() -> None:
    program = "picture, depths = camera.rgb('overhead'), camera.depth('overhead')"
    env, clean = (
        made("CodeAct/PickPlace-v0", tier="low", perturb="camera_noise"),
        made("CodeAct/PickPlace-v0", tier="low"),
    )
    taken = []
    for one in (env, env, clean):
        one.reset(seed=1)
        values = [one.step(f"{program}\n{name}")[4]["execution"].value for name in ("picture", "depths")]
        taken.append([np.asarray(value, dtype=float) for value in values])
    (colors, depths), (again, depths_again), (clear, true_depths) = taken
    assert np.array_equal(colors, again)
    assert np.array_equal(depths, depths_again)
    assert 1.0 < np.abs(colors - clear).mean() < 10.0
    measured = np.isfinite(depths) & np.isfinite(true_depths)
    assert 0.99 < measured.sum() / np.isfinite(true_depths).sum() < 1.0
    assert 1e-4 < np.abs(depths - true_depths)[measured].mean() < 5e-3
    env.close()
    clean.close()


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        (ID, {"perturb": "shake"}, "'push', 'dynamics', 'failed_grasp', 'camera_noise', not 'shake'"),
        (ID, {"perturb": "camera_noise"}, "see no pictures"),
        ("CodeAct/Hover-v0", {"perturb": "failed_grasp"}, "no gripper"),
        ("CodeAct/PressButton-v0", {"perturb": "push"}, "nothing in it is free to move"),
        ("CodeAct/Trade1-v0", {"perturb": "push"}, "has no robot; leave out perturb='push'"),
        (ID, {"perturb": "failed_grasp", "action": "cartesian"}, "the fingers follow every action"),
    ],
)
def test_what_changes_nothing_is_refused(task: str, options: dict[str, str], said: str) -> None:
    with pytest.raises(TaskError, match=re.escape(said)), closing(gymnasium.make(task, **options)) as env:
        env.reset(seed=0)


def test_results_state_it() -> None:
    result = evaluate(["CodeAct/Lift-v0"], [0], "oracle", workers=1, perturb="push,failed_grasp")
    (episode,) = result.results
    assert episode.tier == "high, privileged, push, failed_grasp"
