"""Task files: what they say, and how a wrong one is told."""

from __future__ import annotations

import copy
import math
from itertools import combinations
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pytest
import yaml

from codeact.errors import TaskError
from codeact_envs.tasks import RobotTask, load_task, task_file, task_names
from codeact_envs.tasks.protocol import VALUES, Values
from codeact_envs.tasks.scene import as_snapshot
from codeact_envs.tasks.specification import parse_task

TASKS = tuple(name for name in task_names() if isinstance(load_task(name), RobotTask))


def task(name: str) -> RobotTask:
    found = load_task(name)
    assert isinstance(found, RobotTask)
    return found


def draw(name: str, seed: int, values: Values = "seen") -> Any:
    return task(name).draw(np.random.default_rng(seed), values)


@pytest.mark.parametrize("name", TASKS)
class TestEveryTask:
    def test_the_same_seed_is_the_same_episode(self, name: str) -> None:
        assert draw(name, 7) == draw(name, 7)
        assert draw(name, 7) != draw(name, 8)

    def test_seen_and_unseen_values_are_kept_apart(self, name: str) -> None:
        spec = task(name).spec
        for attribute in spec.attributes.values():
            assert not set(attribute.words("seen")) & set(attribute.words("unseen"))
        colors = {
            values: {body.color for seed in range(40) for body in draw(name, seed, values).setup.bodies}
            for values in VALUES
        }
        always = {part.color for part in spec.scene.roles.values()}  # of bodies that no instruction tells by colour
        assert not (colors["seen"] & colors["unseen"]) - always

    def test_all_templates_are_used(self, name: str) -> None:
        spec = task(name).spec
        assert len(set(spec.instructions)) >= 5
        said = {draw(name, seed).instruction for seed in range(100)}
        for template in spec.instructions:
            words = [literal for literal, *_ in Formatter().parse(template)]
            assert any(all(word in text for word in words) for text in said), template

    def test_bodies_keep_their_distances_and_names(self, name: str) -> None:
        scene = task(name).spec.scene
        for seed, values in ((seed, values) for seed in range(50) for values in VALUES):
            bodies = draw(name, seed, values).setup.bodies
            assert len({body.name for body in bodies}) == len(bodies)
            roles = {body.name: scene.roles[body.slot.split(".")[0]] for body in bodies}
            standing = [body for body in bodies if roles[body.name].inside is None and not roles[body.name].stands_on]
            for body in standing:
                assert (roles[body.name].region or scene.region).contains(*body.position[:2])
            for one, other in combinations(standing, 2):
                gap = math.dist(one.position[:2], other.position[:2]) - (one.kind.size[0] + other.kind.size[0]) / 2.0
                assert gap >= scene.clearance

    def test_nothing_is_done_at_the_start(self, name: str) -> None:
        for seed, values in ((seed, values) for seed in range(50) for values in VALUES):
            plan = draw(name, seed, values)
            start = as_snapshot(plan.setup.bodies)
            judgement = task(name).judge(plan, start, start)
            assert (judgement.success, judgement.score) == (False, 0.0)

    def test_reference_programs_are_told_no_more_than_the_instruction_says(self, name: str) -> None:
        for seed in range(20):
            plan = draw(name, seed)
            head = len(task(name).spec.instruction_fields)
            for program in (plan.oracle, plan.opposite):
                for line in program.splitlines()[:head]:
                    value = line.partition(" = ")[2]
                    assert yaml.safe_load(value) in plan.instruction
                assert program.endswith((task(name).spec.oracle, task(name).spec.opposite))


def wrong(change: Any, name: str = "stack2") -> str:
    data = yaml.safe_load(task_file(name).read_text())
    data = copy.deepcopy(data)
    change(data)
    with pytest.raises(TaskError) as caught:
        parse_task(data, "mine.yaml")
    return str(caught.value)


class TestAWrongFile:
    """The error names the file and the key, and says what would be right."""

    def test_a_missing_key(self) -> None:
        assert wrong(lambda data: data.pop("limits")) == "mine.yaml: limits: Field required"

    def test_an_unknown_key(self) -> None:
        assert "mine.yaml: scene.regoin: Extra inputs" in wrong(lambda data: data["scene"].update(regoin=1))

    def test_a_wrong_number(self) -> None:
        text = wrong(lambda data: data["scene"]["kinds"]["cube"].update(mass=-1))
        assert "mine.yaml: scene.kinds.cube.mass: Input should be greater than 0, not -1" in text

    def test_an_unknown_condition(self) -> None:
        text = wrong(lambda data: data["goal"].append({"staked": {}}))
        assert (
            "goal: there is no condition 'staked'; did you mean 'stacked'? there are answered_count, answered_name, "
            in text
        )
        assert ", stacked, " in text

    def test_a_wrong_field_of_a_condition(self) -> None:
        text = wrong(lambda data: data["goal"][0]["stacked"].update(height_within="high"))
        assert "goal: stacked.height_within: Input should be a valid number" in text

    def test_an_unknown_role(self) -> None:
        text = wrong(lambda data: data["goal"][0]["stacked"].update(where="bottom"))
        assert "goal[0]: there is no role 'bottom'; there are top, base" in text

    def test_a_role_of_many_where_one_is_needed(self) -> None:
        text = wrong(lambda data: data["goal"][0]["resting_on"].update(where="blocks"), "all_in_one_bowl")
        assert "goal[0]: role 'blocks' must be one body, not 3" in text

    def test_an_unknown_attribute(self) -> None:
        text = wrong(lambda data: data["scene"]["roles"]["top"].update(color="$colour"))
        assert "scene.roles.top.color: there is no attribute 'colour'; there are color" in text

    def test_an_unknown_kind(self) -> None:
        text = wrong(lambda data: data["scene"]["roles"]["top"].update(kind="sphere"))
        assert "scene.roles.top.kind: there is no kind 'sphere'; there are cube" in text

    def test_too_few_templates(self) -> None:
        text = wrong(lambda data: data.update(instructions=data["instructions"][:4]))
        assert "instructions: 4 different templates; at least 5 are needed" in text

    def test_templates_that_say_different_things(self) -> None:
        text = wrong(lambda data: data["instructions"].append("Do something with the {top}."))
        assert "instructions[5]: names ['top'], but the first ['base', 'top']; all must say the same" in text

    def test_a_value_that_is_seen_and_unseen(self) -> None:
        text = wrong(lambda data: data["attributes"]["color"]["unseen"].append("red"))
        assert "attributes.color: 'red' is seen and unseen" in text

    def test_too_few_colours(self) -> None:
        text = wrong(lambda data: data["attributes"]["color"].update(unseen=["pink"]))
        assert "attributes.color.unseen: 1 values, but 2 bodies take one each" in text

    def test_a_program_that_is_no_python(self) -> None:
        assert "mine.yaml: oracle: line 1 is no Python" in wrong(lambda data: data.update(oracle="pick(("))

    def test_an_unknown_hard_constraint(self) -> None:
        text = wrong(lambda data: data.update(hard_constraints=["be_nice"]))
        assert "hard_constraints[0]: there is no 'be_nice'; there are robot_rules, all_on_table" in text

    def test_a_file_that_is_not_there_or_no_yaml(self, tmp_path: Path) -> None:
        with pytest.raises(TaskError, match=r"none\.yaml: cannot be read: No such file"):
            load_task(str(tmp_path / "none.yaml"))
        (tmp_path / "bad.yaml").write_text("a: [")
        with pytest.raises(TaskError, match=r"bad\.yaml: no YAML"):
            load_task(str(tmp_path / "bad.yaml"))
        (tmp_path / "list.yaml").write_text("- 1")
        with pytest.raises(TaskError, match="a task is a mapping"):
            load_task(str(tmp_path / "list.yaml"))


def test_a_region_that_is_too_small_is_an_error_and_no_endless_loop() -> None:
    data = yaml.safe_load(task_file("stack2").read_text())
    data["scene"]["region"] = {"x": [0.40, 0.42], "y": [0.0, 0.02]}
    crowded = RobotTask("crowded", parse_task(data, "crowded.yaml"))
    with pytest.raises(
        TaskError, match=r"no scene was found in 400 tries; widen scene\.region or lower scene\.clearance"
    ):
        crowded.draw(np.random.default_rng(0), "seen")
