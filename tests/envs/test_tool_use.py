"""Generated questions: the tools alone solve them, likely mistakes earn nothing, and each seed is another one."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import gymnasium
import msgspec
import numpy as np
import pytest
from tool_use_document import DOCUMENT, written

from codeact.errors import ProgramEnd, TaskError
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks.protocol import VALUES, Judgement, Plan, Values
from codeact_envs.tool_use import GENERATORS, ToolUseTask, load_tool_use_task, tool_use_names
from codeact_envs.tool_use.answers import EXACT, Tolerance, entries, same
from codeact_envs.tool_use.drawing import Vocabulary
from codeact_envs.tool_use.generator import Case, Question
from codeact_envs.tool_use.world import ToolUseWorld

CALLS = {1: (1, 2), 2: (3, 5), 3: (6, 200)}
SEEDS = range(12)
TASKS = {name: load_tool_use_task(name) for name in tool_use_names()}


@pytest.fixture(scope="module", params=TASKS)
def played(request: pytest.FixtureRequest) -> Iterator[tuple[ToolUseTask, ToolUseWorld]]:
    task = TASKS[request.param]
    world = task.make_world()
    yield task, world
    world.close()


def run(
    task: ToolUseTask, world: ToolUseWorld, plan: Plan, code: str
) -> tuple[Judgement, list[tuple[str, dict[str, Any]]]]:
    """Run a program with the tools and nothing else; no sandbox, so that many can be run."""
    world.reset(plan.setup)
    start, calls = world.snapshot(), []

    def called(tool: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            arguments = tool.bind(args, kwargs)
            calls.append((tool.effect, arguments))
            return tool.invoke(arguments)

        return call

    def finish(answer: Any = None) -> None:
        raise ProgramEnd(answer)

    names: dict[str, Any] = {tool.full_name: called(tool) for tool in world.toolbox} | {"finish": finish}
    names |= {error.__name__: error for error in world.toolbox.errors.values()}
    answer = None
    try:
        exec(code, names)
    except ProgramEnd as end:
        answer = end.answer
    return task.judge(plan, start, world.snapshot(), answer), calls


def plans(task: ToolUseTask) -> Iterator[tuple[Plan, Values]]:
    for seed in SEEDS:
        for values in VALUES:
            yield task.draw(np.random.default_rng(seed), values), values


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from leaves(part)
    elif value is not None:
        yield str(value)


def test_programs_solve_what_a_solver_solved_and_mistakes_earn_nothing(
    played: tuple[ToolUseTask, ToolUseWorld],
) -> None:
    task, world = played
    least, most = CALLS[task.grade]
    for plan, _ in plans(task):
        judgement, calls = run(task, world, plan, plan.oracle)
        assert (judgement.success, judgement.score) == (True, 1.0), (plan.instruction, judgement)
        # A call depends on others when it is made with something that neither the instruction nor the program says,
        # or after one that changed what the tools work on.
        known = plan.instruction + plan.oracle
        changed = [effect != "read" for effect, _ in calls]
        dependent = sum(
            any(changed[:place]) or any(leaf not in known for leaf in leaves(list(arguments.values())))
            for place, (_, arguments) in enumerate(calls)
        )
        assert least <= len(calls) <= most, (plan.instruction, calls)
        assert dependent >= least - 1, (plan.instruction, calls)
        judgement, calls = run(task, world, plan, plan.opposite)
        assert calls, "the opposite uses no tool"
        assert (judgement.success, judgement.score) == (False, 0.0), (plan.instruction, judgement)
        judgement, _ = run(task, world, plan, "finish()")
        assert judgement.score == 0.0


def test_words_are_either_seen_or_unseen(played: tuple[ToolUseTask, ToolUseWorld]) -> None:
    task, _ = played
    for plan, values in plans(task):
        text = plan.instruction + msgspec.json.encode(plan.setup).decode()
        for name, vocabulary in task.generator.vocabularies.items():
            for word in vocabulary.unseen if values == "seen" else vocabulary.seen:
                assert not re.search(rf"\b{re.escape(word)}\b", text), (name, word, plan.instruction)


def test_a_state_can_be_saved_restored_and_branched(played: tuple[ToolUseTask, ToolUseWorld]) -> None:
    task, world = played
    plan, _ = next(plans(task))
    run(task, world, plan, plan.oracle)
    done, saved = world.state_hash(), world.save_state()
    other = world.branch()
    try:
        assert other.state_hash() == done
        world.reset(plan.setup)
        fresh = world.state_hash()
        assert other.state_hash() == done
        world.restore_state(saved)
        assert world.state_hash() == done
        other.restore_state(saved)
        other.reset(plan.setup)
        assert other.state_hash() == fresh
        assert world.state_hash() == done
    finally:
        other.close()


@pytest.mark.parametrize("name", GENERATORS)
def test_two_thousand_seeds_are_two_thousand_instances(name: str) -> None:
    """Were there only 10,000 instances, two thousand draws would give about 190 of them twice."""
    task = TASKS[f"{name}_1"]
    found = set()
    for seed in range(2_000):
        plan = task.draw(np.random.default_rng(seed), "seen")
        found.add(hashlib.sha256(plan.instruction.encode() + msgspec.json.encode(plan.setup)).digest())
    assert len(found) == 2_000


def test_no_two_tasks_share_a_template_and_each_question_has_five() -> None:
    found: dict[str, str] = {}
    for name, task in TASKS.items():
        for question in task.generator.grades[task.grade]:
            assert len(question.templates) >= 5
            for template in question.templates:
                assert template not in found, (name, found[template])
                found[template] = name


def test_an_instance_is_the_same_in_every_process() -> None:
    code = """
import hashlib, msgspec, numpy, sys
from codeact_envs.tool_use import load_tool_use_task, tool_use_names
found = hashlib.sha256()
for name in sys.argv[1:]:
    plan = load_tool_use_task(name).draw(numpy.random.default_rng(3), "seen")
    found.update(plan.instruction.encode() + plan.oracle.encode() + msgspec.json.encode((plan.setup, plan.goal.case)))
print(found.hexdigest(), any("bullet" in name for name in sys.modules))
"""
    told = {
        subprocess.run(
            [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True, timeout=120
        ).stdout
        for names in (tool_use_names(), tool_use_names())
    }
    (text,) = told
    assert text.split()[1] == "False"


@pytest.mark.parametrize("name", [f"{name}_3" for name in GENERATORS])
def test_an_episode_in_the_sandbox(name: str) -> None:
    env = CodeEnv(TASKS[name], render_mode="rgb_array")
    try:
        env.reset(seed=1)
        assert env.render().shape == (240, 320, 3)
        rehearsed = env.rehearse(env.oracle())
        assert rehearsed.success, rehearsed.execution.error
        *_, terminated, _, info = env.step(env.oracle())
        assert (info["success"], terminated) == (True, True)
        assert info["state_hash"] == rehearsed.state_hash
    finally:
        env.close()


def test_the_document_has_the_table_of_the_code() -> None:
    text = DOCUMENT.read_text()
    assert text == written(text), "run: python tests/envs/tool_use_document.py"


def test_names_and_ids() -> None:
    assert f"CodeAct/{GENERATORS[0].capitalize()}2-v0" in gymnasium.registry
    assert CodeEnv.describe(f"{GENERATORS[0]}_2")["family"] == "T"
    for wrong, why in (
        ("messages_4", "no task 'messages_4'; did you mean"),
        ("nowhere:shop_1", "nowhere gives no GENERATOR"),
        ("codeact_envs.tool_use.messages:shop_1", "is 'messages', not 'shop'"),
        ("codeact_envs.tool_use.rest_server:rest_1", "rest_server gives no GENERATOR"),
        ("codeact_envs.tool_use.messages:messages_9", "has the grades 1, 2, 3, not '9'"),
    ):
        with pytest.raises(TaskError, match=why):
            CodeEnv(wrong)


def attempt(name: str, code: str) -> Any:
    env = CodeEnv(TASKS[name])
    try:
        env.reset(seed=0)
        *_, info = env.step(code)
        assert info["execution"].ok, info["execution"].error
        return info["answer"]
    finally:
        env.close()


def test_files_are_those_of_the_folder_alone() -> None:
    paths = ["/etc/passwd", "../../etc/passwd", "logs/../../x", "\0", "x" * 61, "a\nb"]
    code = f"""
kept = []
for path in {paths!r}:
    for reach in (
        list_folder,
        read_lines,
        delete_file,
        lambda path: find_lines(path, ""),
        lambda path: write_text(path, ""),
    ):
        try:
            reach(path)
            kept.append(path)
        except OutsideTheFolder:
            pass
for path in ("store", list_folder("store")[0].path + "/x"):
    try:
        write_text(path, "")
        kept.append(path)
    except NoSuchFile:
        pass
finish(kept)
"""
    assert attempt("files_2", code) == []


def test_a_database_is_only_read() -> None:
    code = """
name = databases()[0]
table = tables(name)[0]
kept = []
for sql in (
    f"DELETE FROM {table}",
    f"DROP TABLE {table}",
    f"UPDATE {table} SET rowid = 1",
    "CREATE TABLE other (x)",
    "ATTACH DATABASE '/tmp/other.db' AS other",
    "PRAGMA query_only = 0",
    "SELECT * FROM sqlite_master",
    "SELECT random()",
    "SELECT load_extension('x')",
    "VACUUM INTO '/tmp/other.db'",
    "SELECT 1; SELECT 2",
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT MAX(x) FROM n",
):
    try:
        query(name, sql)
        kept.append(sql)
    except QueryError:
        pass
finish((kept, query(name, f"SELECT COUNT(*) AS n FROM {table}")[0]["n"] == count_rows(name, table)))
"""
    assert attempt("sql_1", code) == ([], True)


def test_the_shop_answers_what_it_cannot_do_with_errors_that_have_a_name() -> None:
    code = """
cart = "/carts/" + post("/carts")["id"]
product = get("/products")["products"][0]["id"]
found = []
for call in (
    lambda: get("/nowhere"),
    lambda: get("no slash"),
    lambda: get("/products", {"page": 99}),
    lambda: put(cart + "/lines/" + product, {"quantity": 10_000}),
    lambda: put(cart + "/lines/" + product, {"quantity": True}),
    lambda: put(cart + "/lines/" + product, {}),
    lambda: put(cart + "/coupon", {"code": []}),
    lambda: put(cart + "/coupon", {"code": {1, 2}}),
    lambda: post(cart + "/order"),
    lambda: delete(cart),
):
    try:
        found.append(call())
    except (BadRequest, NotFound, Conflict) as error:
        found.append(type(error).__name__)
finish(found)
"""
    assert attempt("rest_1", code) == (
        ["NotFound", "BadRequest", "BadRequest", "Conflict", *["BadRequest"] * 4, "Conflict", "NotFound"]
    )


def test_what_tools_changed_is_branched_and_rehearsed_with_the_variables() -> None:
    env = CodeEnv(TASKS["files_2"])
    try:
        env.reset(seed=0)
        env.step("write_text('mine/a.txt', 'one')\nfirst = list_folder()[0].path")
        before = env.state_hash()
        assert env.rehearse("delete_file('mine/a.txt')").state_hash != before
        assert env.state_hash() == before
        other = env.branch()
        try:
            other.step("delete_file('mine/a.txt')\ndelete_file('index.txt')")
            observation, *_ = other.step("print(first, [entry.path for entry in list_folder()])")
            assert "index.txt ['store']" in observation
        finally:
            other.close()
        observation, *_ = env.step("print(read_lines('mine/a.txt').lines)")
        assert "['one']" in observation
        assert env.state_hash() == before
    finally:
        env.close()


def test_numbers_texts_and_parts_of_answers() -> None:
    near = Tolerance(absolute=0.01)
    assert same(2.5, "2.509", near)
    assert same(2.5, np.float32(2.5), EXACT)
    assert same(3, np.int64(3), EXACT)
    for wrong in (2.52, "2.5 EUR", None, True, [2.5], float("nan"), "inf", 10**400):
        assert not same(2.5, wrong, near), wrong
    assert same(200.0, 200.19, Tolerance(relative=0.001))
    assert not same(200.0, 200.21, Tolerance(relative=0.001))
    assert same("SEND 3", " send  3\n", EXACT)
    assert not same("3", 3, EXACT)
    assert entries([1, 2], (1, 3), EXACT) == {"[0]": True, "[1]": False}
    assert entries([1, 2], [1, 2, 3], EXACT) == {"[0]": True, "[1]": True, "beyond": False}
    assert entries({"a": 1, "b": [1, 2]}, {"a": 1, "b": [2, 1], "c": 0}, EXACT) == {
        "a": True,
        "b": False,
        "beyond": False,
    }
    assert entries({"a": 1}, "a", EXACT) == {"a": False}


def test_a_question_tells_the_same_in_all_its_templates() -> None:
    with pytest.raises(TaskError, match="fewer than 5 different templates"):
        Question("few", lambda draw: Case(None, {}, 1), ("a", "b", "c", "d", "a"), "", "", "")
    with pytest.raises(TaskError, match="all templates must tell the same"):
        Question("mixed", lambda draw: Case(None, {}, 1), ("{x}", "b {x}", "c {x}", "d {x}", "e"), "", "", "")
    with pytest.raises(TaskError, match="there twice: dam"):
        Vocabulary(seen=("dam", "weir"), unseen=("dam",))


@pytest.mark.parametrize("name", GENERATORS)
def test_programs_cannot_look_behind_the_tools(name: str) -> None:
    env = CodeEnv(TASKS[f"{name}_3"])
    try:
        _, info = env.reset(seed=2)
        probes = ["__import__('codeact_envs')", "import codeact_envs", "import gc", "open('/proc/self/maps')"]
        probes += [f"{tool.name}.{part}" for tool in env.tools for part in ("function", "__self__", "__globals__")][:6]
        for probe in probes:
            *_, info = env.step(probe)
            assert not info["execution"].ok, probe
        *_, info = env.step("sorted(name for name in globals() if not name.startswith('_'))")
        ours = {tool.name for tool in env.tools} | set(env.tools.types) | set(env.tools.errors)
        assert set(info["execution"].value) <= ours, info["execution"].value
    finally:
        env.close()
