"""The tasks to practise on: words that the suite is tested with are in none of them, and they can be done."""

from __future__ import annotations

import re

import gymnasium
import numpy as np
import pytest

import codeact_envs
from codeact.evaluation import find_tasks
from codeact_envs.tasks import RobotTask, Values, load_task, practice_names, task_names
from codeact_envs.tasks.composing import composed_names

LEFT_OUT = ("each_to_own_side", "nearest_or_farthest_to_bowl", "stack_at_corner")


def practised() -> list[RobotTask]:
    return [task for task in map(load_task, practice_names()) if isinstance(task, RobotTask)]


def composed() -> list[RobotTask]:
    return [task for task in practised() if task.name in composed_names()]


def of_the_suite() -> list[RobotTask]:
    return [task for task in map(load_task, task_names()) if isinstance(task, RobotTask)]


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9_]+", re.sub(r"\{[^}]*\}", " _ ", text).lower()))


def test_they_have_ids_of_their_own() -> None:
    codeact_envs.register_envs()
    names = find_tasks(["Practice/*"])
    assert len(names) == len(practice_names()) == len(practised())
    assert not set(names) & set(find_tasks(["CodeAct/*"]))
    assert not {name.rpartition("/")[2] for name in practice_names()} & set(task_names())


def test_each_is_said_in_eight_ways_that_no_other_task_shares() -> None:
    of_the_tests = [words(template) for task in of_the_suite() for template in task.spec.instructions]
    put_together = composed()
    told = list(of_the_tests)
    for task in practised():
        assert len(set(task.spec.instructions)) >= 8, task.name
        if task not in put_together:
            told += [words(template) for template in task.spec.instructions]
    assert len(set(told)) == len(told), sorted({text for text in told if told.count(text) > 1})
    for task in put_together:  # those share words among themselves and with others to practise on
        assert not {words(template) for template in task.spec.instructions} & set(of_the_tests), task.name


def test_what_is_left_out_of_training_is_no_pair_of_those_put_together() -> None:
    kept = {load_task(name).spec.oracle for name in LEFT_OUT}  # type: ignore[attr-defined]
    for task in composed():
        program = task.spec.oracle
        assert program not in kept, task.name
        assert '("side")' not in program, task.name
        assert not ("below" in program and "corner" in str(task.spec.attributes["edge"].words("seen"))), task.name
        assert not ("{which} the {bowl}" in program and "place_on(bowl)" in program), task.name


def test_values_that_the_suite_keeps_unseen_are_not_practised() -> None:
    suite = [part for task in of_the_suite() for part in task.spec.attributes.values()]
    seen, unseen = ({word for part in suite for word in part.words(values)} for values in ("seen", "unseen"))
    for task in practised():
        for part in task.spec.attributes.values():
            both = unseen & set(part.words("seen"))
            assert not both, f"{task.name}: {both}"
        for text in (*task.spec.instructions, task.spec.oracle):
            said = f" {words(text)} "
            for word in sorted(seen, key=len, reverse=True):  # "front left corner" is no "front"
                said = said.replace(f" {words(word)} ", " _ ")
            assert not [word for word in unseen if f" {words(word)} " in said], f"{task.name}: {text}"


@pytest.mark.parametrize("values", ["seen", "unseen"])
def test_a_scene_can_be_drawn_from_each_seed(values: Values) -> None:
    put_together = composed()
    for task in practised():
        for seed in range(4 if task in put_together else 20):
            assert task.draw(np.random.default_rng(seed), values).instruction


@pytest.mark.parametrize(
    "task",
    [
        "BlockToPlace",
        "NearBlockToZone",
        "TowerInOrder",
        "ComposedAllTinZones",
        "ComposedNearCanTinBox",
        "ComposedBeyondTinZoneArea",
    ],
)
def test_they_can_be_done(task: str) -> None:
    env = gymnasium.make(f"Practice/{task}-v0")
    for seed in range(2):
        env.reset(seed=seed)
        _, reward, _, _, info = env.step(env.unwrapped.oracle())  # type: ignore[attr-defined]
        assert info["success"], task
        assert reward == 1.0
    env.close()
