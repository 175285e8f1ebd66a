"""Evaluations: every episode once, whatever is killed in between; errors are results; nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import line_world  # noqa: F401 - registers two worlds
import psutil
import pytest

from codeact.episode import read_trace
from codeact.evaluation import EvaluationError, Progress, Suite, evaluate, read_results

PUSH = "line_world:Line/Push-v0"
CURSED = "line_world:Line/Cursed-v0"
HERE = Path(__file__).parent


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def without_times(folder: Path) -> list[dict[str, Any]]:
    return sorted(
        ({key: value for key, value in line.items() if key != "times"} for line in lines(folder)),
        key=lambda line: (line["task"], line["seed"]),
    )


def test_each_episode_is_a_line_and_two_runs_differ_in_times_only(tmp_path: Path) -> None:
    seen: list[Progress] = []
    result = evaluate([PUSH], "0-5", out=tmp_path / "one", on_progress=seen.append)
    assert (result.total.episodes, result.total.successes, result.errors) == (6, 6, ())
    assert (result.total.low, result.total.high) == pytest.approx((0.6097, 1.0), abs=1e-4)
    assert [r.seed for r in result.results] == list(range(6))
    assert {line["seed"] for line in lines(tmp_path / "one")} == set(range(6))
    assert all(
        line["state_hash"] and line["trajectory"] and line["times"]["seconds"] > 0 for line in lines(tmp_path / "one")
    )
    assert len([progress for progress in seen if progress.latest is not None]) == 6
    assert max(len(progress.running) for progress in seen) == 2

    evaluate([PUSH], "0-5", out=tmp_path / "two", workers=1)
    assert without_times(tmp_path / "one") == without_times(tmp_path / "two")
    assert list(result.results) == sorted(read_results(tmp_path / "one"), key=lambda r: r.seed)


def test_broken_rules_are_kept_in_words(tmp_path: Path) -> None:
    result = evaluate(["line_world:Line/Rule-v0"], [0], out=tmp_path)
    assert [each.violations for each in result.results] == [["the block may not move"]]
    assert result.errors == ()


def test_each_episode_has_a_trace(tmp_path: Path) -> None:
    evaluate([PUSH], [3], out=tmp_path)
    trace = read_trace(tmp_path / "traces" / "line_world_Line_Push-v0-3.jsonl")
    assert trace.ended is not None
    assert trace.ended.success


def test_the_controls_score_0(tmp_path: Path) -> None:
    for agent in ("nothing", "opposite"):
        result = evaluate([PUSH], "0-3", agent, out=tmp_path / agent, traces=False)
        assert [r.score for r in result.results] == [0.0] * 4
        assert not (tmp_path / agent / "traces").exists()


def test_a_worker_that_dies_is_replaced_and_its_episode_tried_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = evaluate([CURSED], "0-3", out=tmp_path)
    broken = result.results[1]
    assert [r.success for r in result.results] == [True, False, True, True]
    assert "SIGKILL" in str(broken.error)
    assert broken.attempts == 2
    assert result.errors == (broken,)
    assert len(lines(tmp_path)) == 4


def test_an_episode_that_breaks_is_a_result_and_the_others_go_on(tmp_path: Path) -> None:
    result = evaluate(["CartPole-v1", PUSH], "0-1", out=tmp_path)
    errors = [r.error for r in result.results]
    assert all("CartPole" in str(error) or "instruction" in str(error) for error in errors[:2])
    assert errors[2:] == [None, None]
    assert result.tasks[0].errors == 2


def test_an_answer_that_cannot_be_encoded_is_kept_as_far_as_it_can(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["<answer>half a pair: \ud800</answer>"]))
    result = evaluate([PUSH], [0], f"scripted:{script}", out=tmp_path / "results")
    assert [r.error for r in result.results] == [None]
    assert lines(tmp_path / "results")[0]["answer"] == "half a pair: ?"


def test_resume_plays_what_is_missing_and_repairs_a_torn_line(tmp_path: Path) -> None:
    evaluate([PUSH], "0-3", out=tmp_path)
    file = tmp_path / "results.jsonl"
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(whole[:2]) + whole[2][:40])
    seen: list[Progress] = []
    result = evaluate([PUSH], "0-4", out=tmp_path, resume=True, on_progress=seen.append)
    assert seen[0].resumed == 2
    assert sorted(line["seed"] for line in lines(tmp_path)) == [0, 1, 2, 3, 4]
    assert file.read_bytes().startswith(b"".join(whole[:2]))
    assert result.total.episodes == 5


def test_finished_results_are_resumed_without_playing(tmp_path: Path) -> None:
    evaluate([PUSH], "0-1", out=tmp_path)
    before = (tmp_path / "results.jsonl").read_bytes()
    result = evaluate([PUSH], "0-1", out=tmp_path, resume=True)
    assert result.total.successes == 2
    assert (tmp_path / "results.jsonl").read_bytes() == before


def test_results_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    evaluate([PUSH], [0], out=tmp_path)
    with pytest.raises(EvaluationError, match="holds results already: go on with --resume"):
        evaluate([PUSH], [1], out=tmp_path)
    with pytest.raises(EvaluationError, match="agent 'oracle', now 'nothing'"):
        evaluate([PUSH], [1], "nothing", out=tmp_path, resume=True)
    file = tmp_path / "results.jsonl"
    file.write_text(file.read_text().replace('"max_turns":null', '"max_turns":7'))
    with pytest.raises(EvaluationError, match="max_turns 7, now None"):
        evaluate([PUSH], [1], out=tmp_path, resume=True)
    file.write_text("nonsense\n")
    with pytest.raises(EvaluationError, match=r"line 1 of .*results.jsonl is not a result"):
        evaluate([PUSH], [1], out=tmp_path, resume=True)


def test_tiers_reach_the_environments_and_are_recorded(tmp_path: Path) -> None:
    result = evaluate([PUSH], [0], perception="noisy", out=tmp_path)
    assert result.total.tier == "noisy"
    (line,) = lines(tmp_path)
    assert line["settings"] == {"max_turns": None, "max_tokens": None, "perception": "noisy"}
    with pytest.raises(EvaluationError, match="perception 'noisy', now 'camera'"):
        evaluate([PUSH], [1], perception="camera", out=tmp_path, resume=True)
    with pytest.raises(EvaluationError, match="perception 'noisy', now None"):
        evaluate([PUSH], [1], out=tmp_path, resume=True)


def test_a_task_without_tiers_says_so() -> None:
    (result,) = evaluate([PUSH], [0], tier="low").results
    assert result.error == "TaskError: line_world:Line/Push-v0 has no option 'tier'; leave out --tier"


def test_values_words_and_names_reach_the_environments_and_are_recorded(tmp_path: Path) -> None:
    result = evaluate(
        "CodeAct/Dna1-v0", [0], values="unseen", phrasing="unseen", names={"read_bases": "load"}, out=tmp_path
    )
    assert result.total.successes == 1  # the reference program has the new name
    assert result.total.tier == "high, values unseen, phrasing unseen, names read_bases=load"
    (line,) = lines(tmp_path)
    kept = {"values": "unseen", "phrasing": "unseen", "names": "read_bases=load"}
    assert kept.items() <= line["settings"].items()
    with pytest.raises(EvaluationError, match="names 'read_bases=load', now 'unseen' and phrasing 'unseen', now None"):
        evaluate("CodeAct/Dna1-v0", [1], values="unseen", phrasing="usual", names="unseen", out=tmp_path, resume=True)


def test_a_suite_is_read(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(f"tasks: [{PUSH!r}]\nseeds: 3\nperception: noisy\n")
    assert Suite.load(file) == Suite((PUSH,), "3", None, "noisy")
    file.write_text("tasks: [a]\nvalues: unseen\nphrasing: training\nnames: {pick: grab}\n")
    assert Suite.load(file) == Suite(("a",), values="unseen", phrasing="training", names={"pick": "grab"})
    assert Suite.load(file).options["names"] == {"pick": "grab"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tasks: [a]\ntiers: low\n", r"suite\.yaml:2:1: tiers: "),
        ("seeds: 0-3\n", "tasks: Field required"),
        ("- a\n", "a mapping with the key tasks"),
        ("tasks: a\n", "tasks: "),
        ("tasks: [a]\ntasks: [b]\n", "'tasks' is there twice"),
    ],
)
def test_a_wrong_suite_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(text)
    with pytest.raises(EvaluationError, match=message):
        Suite.load(file)


def test_two_evaluations_do_not_write_one_file(tmp_path: Path) -> None:
    first = start(tmp_path, "Line/Slow-v0", "0-50")
    wait_for_lines(tmp_path, 1)
    with pytest.raises(EvaluationError, match="another evaluation is writing"):
        evaluate([PUSH], [0], out=tmp_path, resume=True)
    first.kill()
    first.wait()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": ""}, "write for example"),
        ({"seeds": []}, "no seed"),
        ({"tasks": []}, "no task"),
        ({"workers": 0}, "at least 1"),
        ({"resume": True}, "say with out"),
        ({"agent": "oracle", "max_turns": 3}, "has no model"),
        ({"agent": "no such model"}, "no such model"),
    ],
)
def test_what_cannot_run_is_said_before_anything_runs(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        evaluate(**{"tasks": [PUSH], "seeds": "0", **arguments})


def test_a_model_is_an_agent(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(
        json.dumps(["I look. <execute>\nprint(block())\n</execute>", "<execute>\npush(mark() - block())\n</execute>"])
    )
    result = evaluate([PUSH], "0-1", f"scripted:{script}", out=tmp_path / "out", max_turns=4, max_tokens=99)
    assert [(r.success, r.turns, r.calls) for r in result.results] == [(True, 2, 4)] * 2
    assert lines(tmp_path / "out")[0]["settings"] == {"max_turns": 4, "max_tokens": 99}
    assert result.total.tokens > 0


def test_an_evaluation_rehearses_a_models_programs_and_says_so(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["<execute>\nraise ValueError('no')\n</execute>"] * 2))
    for rehearse in (True, False):
        out = tmp_path / str(rehearse)
        result = evaluate([PUSH], [0], f"scripted:{script}", out=out, max_turns=2, rehearse=rehearse)
        assert result.results[0].error is None
        assert ("rehearse" in lines(out)[0]["settings"]) is rehearse
    with pytest.raises(EvaluationError, match="has no model"):
        evaluate([PUSH], [0], "oracle", rehearse=True)


EVALUATION = """
import sys
import gymnasium, line_world
from codeact.evaluation import evaluate
try:
    evaluate(["line_world:" + sys.argv[2]], sys.argv[3], out=sys.argv[1], resume=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


def start(folder: Path, task: str, seeds: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(HERE.parent / "episode"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", EVALUATION, str(folder), task, seeds], env={**os.environ, "PYTHONPATH": path}
    )


def wait_for_lines(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        file = folder / "results.jsonl"
        if file.exists() and file.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.02)
    raise AssertionError(f"there were no {count} lines within 30 s")


def command_line(process: psutil.Process) -> str:
    """Empty where it has just ended, as workers of a sandbox do at any time."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # ZombieProcess is one
        return ""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_evaluation_leaves_no_process_and_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, "Line/Slow-v0", "0-7")
    wait_for_lines(tmp_path, 2)
    family = psutil.Process(process.pid).children(recursive=True)
    assert sum("codeact.evaluation.worker" in command_line(child) for child in family) == 2
    process.send_signal(number)
    assert process.wait(timeout=10) in (-signal.SIGKILL, 130)
    _, alive = psutil.wait_procs(family, timeout=3)
    # One that has ended and waits for the machine's init to collect it does nothing more.
    assert [child for child in alive if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
    kept = lines(tmp_path)
    assert 2 <= len(kept) < 8
    assert start(tmp_path, "Line/Slow-v0", "0-7").wait(timeout=60) == 0
    assert lines(tmp_path)[: len(kept)] == kept
    assert sorted(line["seed"] for line in lines(tmp_path)) == list(range(8))


def test_the_small_world_is_a_proper_environment() -> None:
    from gymnasium.utils.env_checker import check_env

    env = gymnasium.make("Line/Push-v0")
    check_env(env.unwrapped)
    env.close()


CROWD = """
import threading
from pathlib import Path
from codeact.models import ScriptedModel

class Calm(ScriptedModel):
    rows = 3

class Crowd(Calm):
    together = threading.Barrier(3)

    def generate(self, messages, options, on_text=None):
        self.together.wait(timeout=100)  # nobody goes on before three episodes ask at once
        return super().generate(messages, options, on_text)

def calm(rest): return Calm(Path(rest))
def crowd(rest): return Crowd(Path(rest))
"""


@pytest.fixture
def crowds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Offers the models `calm:` and `crowd:`; returns the script that they and `scripted:` may take."""
    info = tmp_path / "crowds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crowds\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[codeact.models]\ncalm = crowds:calm\ncrowd = crowds:crowd\n")
    (tmp_path / "crowds.py").write_text(CROWD)
    monkeypatch.syspath_prepend(str(tmp_path))
    script = tmp_path / "script.json"
    script.write_text(json.dumps(["<execute>\npush(mark() - block())\n</execute>"]))
    return script


def test_a_model_with_rows_plays_as_many_episodes_at_once_and_the_same(crowds: Path) -> None:
    seen: list[Progress] = []
    together = evaluate([PUSH], "0-5", f"crowd:{crowds}", workers=1, on_progress=seen.append)
    alone = evaluate([PUSH], "0-5", f"scripted:{crowds}", workers=1)
    assert together.errors == ()
    assert max(len(progress.running) for progress in seen) == 3
    ways = [
        [(r.seed, r.success, r.turns, r.calls, r.state_hash, r.trajectory) for r in each.results]
        for each in (together, alone)
    ]
    assert ways[0] == ways[1]


def test_a_worker_that_dies_takes_none_with_it_of_those_that_played_beside(crowds: Path) -> None:
    result = evaluate([CURSED], "0-3", f"calm:{crowds}", workers=1)
    assert [r.success for r in result.results] == [True, False, True, True]
    assert ["SIGKILL" in str(r.error) for r in result.results] == [False, True, False, False]
    assert result.results[1].attempts == 2
