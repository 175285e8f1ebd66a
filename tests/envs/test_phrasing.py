"""Tasks in other words and with tools under other names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from string import Formatter
from typing import Any

import gymnasium
import numpy as np
import pytest

import codeact_envs  # noqa: F401
from codeact.errors import TaskError
from codeact.tools import Tool, Toolbox
from codeact.tools.renaming import Renaming
from codeact_envs.tasks import load_task, phrasing, practice_names, task_file, task_names
from codeact_envs.tasks.naming import check_names, read_vocabulary, renamed
from codeact_envs.tasks.phrasing import read_phrasings, templates
from codeact_envs.tool_use.catalog import GENERATORS, tool_use_names


def drawn(task: Any, seed: int) -> Any:
    return task.draw(np.random.default_rng(seed), "seen")


@pytest.mark.parametrize("name", ["put_block_on_object", "dna_3"])
def test_a_seed_has_the_same_scene_in_other_words(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = load_task(name)
    said = "{block} {target}" if name == "put_block_on_object" else "{organism} {motif}"
    texts = "".join(f'  - "Words {number}: {said}"\n' for number in range(30))
    file = tmp_path / "unseen.yaml"
    file.write_text("dna:\n motif_copies:\n" + texts if name == "dna_3" else "put_block_on_object:\n" + texts)
    monkeypatch.setattr(phrasing, "_file", lambda _: file)
    other: Any = usual.phrased("unseen")  # type: ignore[attr-defined]
    both: Any = usual.phrased("training")  # type: ignore[attr-defined]
    said_by_seed = []
    for seed in range(20):
        first, second, third = drawn(usual, seed), drawn(other, seed), drawn(both, seed)
        assert first.oracle == second.oracle == third.oracle
        assert repr(first.setup) == repr(second.setup) == repr(third.setup)
        assert second.instruction.startswith("Words ")
        assert not first.instruction.startswith("Words ")
        said_by_seed.append(second.instruction.partition(":")[0])
        assert drawn(other, seed).instruction == second.instruction
    assert len(set(said_by_seed)) > 8  # of thirty, in twenty draws
    mixed = {drawn(both, seed).instruction.startswith("Words ") for seed in range(60)}
    assert mixed == {True, False}


def test_a_phrasing_must_tell_what_the_usual_words_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def wrong(text: str, task: str = "lift") -> str:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        file.write_text(text)
        monkeypatch.setattr(phrasing, "_file", lambda _: file)
        with pytest.raises(TaskError) as caught:
            load_task(task).phrased("unseen")  # type: ignore[attr-defined]
        return str(caught.value).replace(str(file), "FILE")

    assert wrong("lift:\n  - Raise the {cube}.\n  - Raise it.\n") == (
        "FILE: lift[1]: 'Raise it.' must name {cube}, as the usual templates do"
    )
    assert "FILE: lift[0]: 'Raise the {cube.' : expected" in wrong("lift:\n  - Raise the {cube.\n").replace(
        "': ", "' : "
    )
    assert wrong("lift:\n  - Up, {cube}.\n  - Up, {cube}.\n") == "FILE: lift[1]: 'Up, {cube}.' is there twice"
    assert wrong("lift: Raise it.\n") == "FILE: lift: give a list of templates, not 'Raise it.'"
    assert wrong("lift:\n  a:\n  - Raise it.\n") == "FILE: lift: give a list of templates, not 'a'"
    assert wrong("reach:\n  - Go.\n") == "there are no unseen phrasings of 'lift' in FILE"
    assert wrong("lift:\n  - Go.\n", "dna_2") == "there are no unseen phrasings of 'dna' 'other_strand_protein' in FILE"
    with pytest.raises(TaskError, match="phrasing must be 'usual', 'training' or 'unseen', not 'new'"):
        gymnasium.make("CodeAct/Lift-v0", phrasing="new")
    with pytest.raises(TaskError, match="its own words only; leave out phrasing='unseen'"):
        gymnasium.make("CodeAct/WriteDeviceAdapter-v0", phrasing="unseen")


LEFT_OUT = {"stack_at_corner", "each_to_own_side", "nearest_or_farthest_to_bowl"}  # of what training reads


def test_there_are_words_to_learn_from_and_others_to_be_tested_with() -> None:
    learned, unseen = (read_phrasings(phrasing._file(which)) for which in ("training", "unseen"))
    tasks = {name: load_task(name) for name in task_names()}
    spoken = {name: task for name, task in tasks.items() if task.family in "AB"}
    assert set(unseen) == {*spoken, *GENERATORS}
    assert set(learned) == set(unseen) - LEFT_OUT
    for name, task in spoken.items():
        usual = set(task.spec.instructions)  # type: ignore[attr-defined]
        assert not (usual | set(learned.get(name, ()))) & set(unseen[name]), name
        assert not usual & set(learned.get(name, ())), name
        assert len(unseen[name]) >= 10, name
        assert name in LEFT_OUT or len(learned[name]) >= 12, name
        for which in ("training", "unseen"):
            task.phrased(which)  # type: ignore[attr-defined]
    for name in GENERATORS:
        for grade in import_module(f"codeact_envs.tool_use.{name}").GENERATOR.grades.values():
            for question in grade:
                both = [each[name][question.name] for each in (learned, unseen)]
                assert len(both[0]) >= 6, (name, question.name)
                assert not {*question.templates, *both[0]} & {*both[1]}, (name, question.name)
                for which in ("training", "unseen"):
                    templates(which, question.templates, {}, (name, question.name))


def programs(task: Any) -> Iterator[str]:
    """The reference programs of a task, with the words that an episode puts before them."""
    if task.family == "T":
        for question in task.generator.grades[task.grade]:
            head = "".join(f"{name} = 0\n" for _, name, _, _ in Formatter().parse(question.templates[0]) if name)
            yield from (head + question.oracle, head + question.opposite)
        return
    head = "".join(f"{name} = 0\n" for name in task.spec.instruction_fields)
    yield from (head + task.spec.oracle, head + task.spec.opposite)


def tools_of(part: str) -> Toolbox:
    """Stand-ins for the tools of a task's world, by name."""
    return Toolbox([Tool(lambda: None, name=name) for name in read_vocabulary()[part]])


NUMBERS = range(25)
ROBOT = [name for name in (*task_names(), *practice_names()) if name != "write_device_adapter"]


def test_a_task_of_your_own_has_words_of_its_own(tmp_path: Path) -> None:
    text = task_file("lift").read_text()
    file = tmp_path / "lift.yaml"  # named as a task of this package, which does not lend it its words
    file.write_text(text)
    assert load_task(str(file)).phrased("training").templates == tuple(load_task("lift").spec.instructions)  # type: ignore[attr-defined]
    with pytest.raises(TaskError, match="no unseen phrasings of this task: give it some"):
        load_task(str(file)).phrased("unseen")  # type: ignore[attr-defined]
    file.write_text(f"{text}\nphrasings:\n  training: ['Up with the {{cube}}!']\n  unseen: ['Hoist the {{cube}}.']\n")
    task: Any = load_task(str(file))
    assert drawn(task.phrased("unseen"), 3).instruction == f"Hoist the {drawn(task, 3).goal.name('cube')}."
    assert task.phrased("training").templates[-1] == "Up with the {cube}!"
    file.write_text(f"{text}\nphrasings: {{unseen: ['Hoist it.']}}\n")
    with pytest.raises(TaskError, match=r"phrasings.unseen\[0\]: 'Hoist it.' must name \{cube\}"):
        load_task(str(file))


@pytest.mark.parametrize("name", [*ROBOT, *tool_use_names()])
def test_reference_programs_can_have_any_name_of_the_vocabulary(name: str) -> None:
    task: Any = load_task(name)
    vocabulary = read_vocabulary()[task.vocabulary]
    others = {other for each in vocabulary.values() for other in (*each.training, each.unseen)}
    renaming = Renaming({name: each.unseen for name, each in vocabulary.items()})
    for program in programs(task):
        nodes = list(ast.walk(ast.parse(program)))
        own = {getattr(node, part) for node in nodes for part in ("id", "arg", "name") if hasattr(node, part)}
        assert not (own - set(vocabulary)) & others
        renaming.program(program)


def test_the_vocabulary_is_of_the_tools_that_there_are_and_unseen_names_are_never_learned() -> None:
    vocabulary = read_vocabulary()
    for part in GENERATORS:
        service = import_module(f"codeact_envs.tool_use.{part}").GENERATOR.open()
        assert list(vocabulary[part]) == list(service.toolbox.tools)
        service.close()
    learned = {name for tools in vocabulary.values() for each in tools.values() for name in each.training}
    unseen = {each.unseen for tools in vocabulary.values() for each in tools.values()}
    plain = {name for tools in vocabulary.values() for name in tools}
    assert not unseen & (learned | plain)
    drawn_names = {
        tuple(renamed(tools_of("robot"), f"training:{number}", load_task("lift")).tools) for number in NUMBERS
    }
    assert len(drawn_names) == len(NUMBERS)
    shares = [len(set(names) - set(vocabulary["robot"])) / len(names) for names in drawn_names]
    assert 0.4 < sum(shares) / len(shares) < 0.6


def test_made_up_names_are_of_all_tools_and_unseen_ones_are_not_among_them() -> None:
    vocabulary = read_vocabulary()
    kept = {name for tools in vocabulary.values() for name in tools}
    kept |= {each.unseen for tools in vocabulary.values() for each in tools.values()}
    task = load_task("lift")
    for number in NUMBERS:
        names = list(renamed(tools_of("robot"), f"made_up:{number}", task).tools)
        assert len(set(names)) == len(names)
        assert not kept & (set(names) - {"finish"})
        assert names == list(renamed(tools_of("robot"), f"made_up:{number}", task).tools)


def test_an_episode_with_other_names() -> None:
    env: Any = gymnasium.make("CodeAct/Lift-v0", names="unseen", phrasing="unseen").unwrapped
    plain: Any = gymnasium.make("CodeAct/Lift-v0").unwrapped
    try:
        info = env.reset(seed=3)[1]
        assert info["state_hash"] == plain.reset(seed=3)[1]["state_hash"]
        assert env.instruction != plain.instruction
        unseen = [each.unseen for each in read_vocabulary()["robot"].values()]
        assert list(env.tools.tools) == [*unseen, "finish"]
        assert env.variations == ("phrasing unseen", "names unseen")
        with env.branch() as other:
            assert env.rehearse(env.oracle()).success
            result = other.step(other.oracle())[4]
        assert result["success"]
        assert result["state_hash"] == plain.step(plain.oracle())[4]["state_hash"]
        failed = env.step("look_up_all('nothing')")[4]["execution"].error
        assert failed.type == "NotUnderstood"
        assert env.step("pick('red cube')")[4]["execution"].error.type == "NameError"
    finally:
        env.close()
        plain.close()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("trained", "names must be 'unseen', 'training:NUMBER', 'made_up:NUMBER', or new names"),
        ("training:x", "names must be"),
        ("pick=", "each tool one new name"),
        ("pick=a,pick=b", "each tool one new name"),
        ({"pick": 1}, "names must be"),
    ],
)
def test_wrong_names_are_refused(names: Any, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        check_names(names)


def test_names_that_are_no_tools_or_clash_are_refused() -> None:
    task = load_task("lift")
    with pytest.raises(TaskError, match="no tool 'pikc'; did you mean 'pick'"):
        renamed(tools_of("robot"), {"pikc": "grab"}, task)
    with pytest.raises(TaskError, match="another tool has that name"):
        renamed(tools_of("robot"), {"pick": "push"}, task)
    with pytest.raises(TaskError, match="no vocabulary of other names for the task 'write_device_adapter'"):
        renamed(tools_of("robot"), "unseen", load_task("write_device_adapter"))
    arms = Toolbox([Toolbox([Tool(lambda: None, name="pick")], name=name) for name in ("left", "right")])
    assert list(renamed(arms, {"pick": "grab"}, task).tools) == ["left.grab", "right.grab"]
    assert list(renamed(arms, {"left.pick": "grab"}, task).tools) == ["left.grab", "right.pick"]
    assert list(renamed(arms, "unseen", task).tools) == ["left.grab", "right.grab"]


def test_a_wrong_vocabulary_says_where(tmp_path: Path) -> None:
    file = tmp_path / "names.yaml"
    file.write_text("robot:\n  pick: {training: [grab], unseen: take}\n  push: {training: [take], unseen: nudge}\n")
    with pytest.raises(TaskError, match=r"robot.push: 'take' is a name of pick already; each name stands for one tool"):
        read_vocabulary(file)
    file.write_text("robot:\n  pick: {training: [grab]}\n")
    read_vocabulary.cache_clear()
    with pytest.raises(TaskError, match=r"robot\.pick: unseen"):
        read_vocabulary(file)
