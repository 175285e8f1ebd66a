"""What all tasks together promise about their words: templates of their own, unseen values that are seen nowhere."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from codeact_envs.scenes.specification import Attribute
from codeact_envs.tasks import RobotTask, load_task, practice_names, task_names
from codeact_envs.tasks.devices.write_adapter import DEVICES
from codeact_envs.tasks.devices.write_adapter import TEMPLATES as DEVICE_TEMPLATES
from codeact_envs.tool_use import load_tool_use_task, tool_use_names
from codeact_envs.tool_use.drawing import Vocabulary
from codeact_envs.tool_use.generator import Question

# Kinds of instructions that a model may be shown examples of, and kinds that it is only tested on, as in the tabletop
# experiments of Liang et al., "Code as Policies: Language Model Programs for Embodied Control", 2022.
SEEN = {
    "put_block_on_object",
    "stack_all",
    "all_to_corner_or_side",
    "all_in_one_bowl",
    "matching_bowls",
    "side_blocks_to_corner",
    "nearest_or_farthest_to_bowl",
    "nth_from_direction",
}
UNSEEN = {
    "each_to_own_corner",
    "mismatched_bowls",
    "stack_at_corner",
    "offset_from_bowl",
    "nearest_corner_to_bowl",
    "line_up",
    "each_to_own_side",
}

_NONE = Attribute(seen=[])


def tasks() -> list[RobotTask]:
    return [task for task in map(load_task, task_names()) if isinstance(task, RobotTask)]


def normalised(template: str) -> str:
    """The words alone: no case, no punctuation, and what is filled in is all the same."""
    return " ".join(re.findall(r"[a-z0-9_]+", re.sub(r"\{[^}]*\}", " _ ", template).lower()))


def test_no_two_tasks_share_a_template() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for task in tasks():
        for template in task.spec.instructions:
            owners[normalised(template)].add(task.name)
    assert {words: names for words, names in owners.items() if len(names) > 1} == {}


def test_no_robot_task_shares_a_template_with_a_question_or_a_device() -> None:
    said = [template for task in tasks() for template in task.spec.instructions]
    said += [template for question in questions() for template in question.templates]
    counted = Counter(map(normalised, (*said, *DEVICE_TEMPLATES)))
    assert [words for words, times in counted.items() if times > 1] == []


def questions() -> list[Question]:
    found = map(load_tool_use_task, tool_use_names())
    return [question for task in found for question in task.generator.grades[task.grade]]


def test_a_task_says_nothing_twice() -> None:
    for task in tasks():
        assert len({normalised(template) for template in task.spec.instructions}) == len(task.spec.instructions)


def test_what_is_unseen_in_one_task_is_seen_in_none() -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for task in tasks():
        for attribute in task.spec.attributes.values():
            for word in attribute.words("seen"):
                seen[word].add(task.name)
    for task in tasks():
        for attribute in task.spec.attributes.values():
            for word in attribute.words("unseen"):
                assert not seen[word], f"{word!r} is unseen in {task.name}, and seen in {sorted(seen[word])}"


def test_no_length_is_unseen_that_is_seen_in_another_unit() -> None:
    seen = {length(word) for task in (*tasks(), *practice()) for word in words_of(task, "seen")} - {None}
    for task in tasks():
        again = [word for word in words_of(task, "unseen") if length(word) in seen]
        assert not again, f"{task.name}: {again} is unseen, and some task has it among the seen"


def vocabularies() -> list[Vocabulary]:
    """Of the questions, and of the devices that an adapter is written for."""
    generators = {task.generator.name: task.generator for task in map(load_tool_use_task, tool_use_names())}
    return [*(each for generator in generators.values() for each in generator.vocabularies.values()), DEVICES]


def test_no_word_that_one_generator_keeps_unseen_is_seen_elsewhere() -> None:
    seen = {word.lower() for task in (*tasks(), *practice()) for word in words_of(task, "seen")}
    seen |= {word.lower() for vocabulary in vocabularies() for word in vocabulary.seen}
    unseen = {word.lower() for vocabulary in vocabularies() for word in vocabulary.unseen}
    unseen |= {word.lower() for task in tasks() for word in words_of(task, "unseen")}
    assert sorted(seen & unseen) == []


NAMED = {("flip", "gray"), ("infeasible_or_unsafe", "plate"), ("hanoi3", "hanoi")}
"""What a scene has in it besides: the gray layer of a block, which is no colour that is drawn, a thing, and a puzzle
that bears the name of a city."""


def test_no_template_says_what_a_task_keeps_unseen() -> None:
    seen, unseen = ({word for task in tasks() for word in words_of(task, values)} for values in ("seen", "unseen"))
    unseen |= {word for vocabulary in vocabularies() for word in vocabulary.unseen}
    found = set()
    for task in tasks():
        for template in {*task.spec.instructions, *task.phrased("training").templates}:
            said = f" {normalised(template)} "
            for word in sorted(seen, key=len, reverse=True):  # "front left corner" is no "front"
                said = said.replace(f" {normalised(word)} ", " _ ")
            found |= {(task.name, word) for word in unseen if f" {normalised(word)} " in said}
    assert found == NAMED


def practice() -> list[RobotTask]:
    return [task for task in map(load_task, practice_names()) if isinstance(task, RobotTask)]


def words_of(task: RobotTask, values: str) -> list[str]:
    return [word for attribute in task.spec.attributes.values() for word in attribute.words(values)]


def length(word: str) -> float | None:
    """The metres that a word stands for; None: it is no length."""
    found = re.fullmatch(r"([\d.]+) (mm|cm|m)", word)
    return round(float(found[1]) * {"mm": 0.001, "cm": 0.01, "m": 1.0}[found[2]], 6) if found else None


def test_no_template_names_a_color_that_the_task_draws() -> None:
    for task in tasks():
        colors = task.spec.attributes.get("color", _NONE)
        drawn = {*colors.words("seen"), *colors.words("unseen")}
        for template in task.spec.instructions:
            assert not drawn & set(normalised(template).split()), f"{task.name}: {template}"


def test_the_language_tasks_tell_whether_their_kind_of_instruction_is_seen() -> None:
    split = {task.name: task.spec.instruction_split for task in tasks() if task.family == "B"}
    assert split == {**dict.fromkeys(SEEN, "seen"), **dict.fromkeys(UNSEEN, "unseen")}
