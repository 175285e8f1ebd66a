"""Environments of other packages: of each, what its wrapper is for. What is not installed skips with the reason."""

from __future__ import annotations

import time
from typing import Any

import pytest

from codeact_envs import gym_tools
from codeact_envs.code_env import CodeEnv
from codeact_envs.gym_tools.packages import NotInstalled


def wrapped(name: str, **options: Any) -> CodeEnv:
    try:
        return gym_tools.wrap(name, **options)
    except NotInstalled as missing:
        pytest.skip(str(missing))


ACTIONS = {
    "FetchPush-v4": "[0.5, -0.5, 0.5, 0.0]",
    "MiniGrid-DoorKey-8x8-v0": "2",
    "PandaPush-v3": "[1.0, -0.5, -1.0]",
    "ScienceWorld/find-plant-v1": "'look around'",
    "ScienceWorld/identify-life-stages-2-v1": "'look around'",  # things of one name lie there
    "miniwob/login-user-v1": "{'action_type': 8, 'ref': 6, 'field': 0, 'coords': [0, 0], 'key': 0, 'text': ' '}",
}


@pytest.mark.parametrize("name", ACTIONS)
def test_the_same_seed_and_actions_give_the_same_state_whatever_ran_before(name: str) -> None:
    env = wrapped(name)
    hashes = []
    for seed, program in ((3, "None"), (4, "finish()"), (3, "None")):
        env.reset(seed=seed)
        env.step(f"for _ in range(5):\n    step({ACTIONS[name]})\n{program}")
        hashes.append(env.state_hash())
    assert hashes[0] == hashes[2] != hashes[1]
    with env.branch() as other:
        assert other.state_hash() == hashes[0]
    assert env.rehearse(f"step({ACTIONS[name]})").state_hash != hashes[0]
    assert env.state_hash() == hashes[0]
    env.close()


def test_minigrid_tells_what_its_numbers_mean() -> None:
    env = wrapped("MiniGrid-DoorKey-8x8-v0")
    assert "4 door, 5 key" in env.tools.stubs()
    assert "States of doors: 0 open, 1 closed, 2 locked" in env.tools.stubs()
    env.close()


@pytest.mark.slow
def test_miniwob_has_no_clock_and_is_drawn() -> None:
    env = wrapped("miniwob/click-test-2-v1", code_env={"render_mode": "rgb_array"})
    env.reset(seed=0)
    assert env.render().min() < 100 < env.render().max()
    time.sleep(11)  # the page's own limit is 10 seconds
    *_, info = env.step(
        "one = next(each['ref'] for each in observe()['dom_elements'] if each['text'] == 'ONE')\n"
        "print(sorted(observe()))\n"
        "print(step({'action_type': 8, 'ref': one, 'field': 0, 'coords': [0, 0], 'key': 0, 'text': ' '})[1:])"
    )
    assert info["execution"].stdout.splitlines() == [
        "['dom_elements', 'fields', 'utterance']",
        "(1.0, True, False, {'done': True, 'raw_reward': 1, 'reason': None})",
    ]
    assert info["success"]
    assert "8 CLICK_ELEMENT" in env.tools.stubs()
    env.close()


def test_scienceworld_says_its_task_and_counts_its_score() -> None:
    env = wrapped("ScienceWorld/find-plant-v1")
    observation, info = env.reset(seed=0)
    assert "Your task is to find a(n) plant." in observation
    assert "focus on OBJ" in info["instruction"]
    *_, info = env.step(
        "for command in ['focus on peach tree', 'nonsense']:\n    print(step(command)[:2])\nprint(last_info()['score'])"
    )
    assert info["execution"].stdout.splitlines() == [
        "('You focus on the plant.', 50.0)",
        "('No known action matches that input.', 0.0)",
        "50",
    ]
    assert (info["return"], info["score"]) == (50.0, 0.0)
    env.close()
