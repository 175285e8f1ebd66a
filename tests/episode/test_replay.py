"""Replay: the same programs in the same world, every state hash compared, the first difference said."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import gymnasium
import line_world  # noqa: F401 - registers the world
import pytest

from codeact import events
from codeact.agent import ProgramAgent
from codeact.episode import play, replay
from codeact.errors import TraceError
from codeact.sandbox import Limits
from codeact.tools import PendingCall

Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    def play_it(*programs: str, approve: Any = None, seed: int = 5, **kwargs: Any) -> Path:
        env: Any = gymnasium.make("Line/Push-v0", **kwargs)
        agent = ProgramAgent(list(programs) or "oracle", approve=approve)
        episode = play(agent, env, seed=seed, out=tmp_path)
        env.close()
        assert episode.directory is not None
        return episode.directory

    return play_it


def _edit(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = run / "trace.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        change(line)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_every_state_is_equal(record: Record) -> None:
    told: list[events.Event] = []
    result = replay(record("push(0.01)", "push(0.02)\nprint(block())", "pass"), on_event=told.append)
    assert result.equal
    assert (result.compared, result.turns, result.recorded_turns) == (4, 3, 3)
    assert result.difference is None
    assert [event.text for event in told if isinstance(event, events.Printed)] != []


def test_the_environment_is_made_with_the_recorded_keywords(record: Record) -> None:
    run = record(drift=0.001, limits=Limits(calls=7), render_mode="rgb_array_list")
    made = json.loads((run / "trace.jsonl").read_text().splitlines()[0])["environment"]
    assert made["kwargs"]["drift"] == 0.001
    assert made["kwargs"]["limits"]["calls"] == 7
    assert "render_mode" not in made["kwargs"]
    assert replay(run).equal


def test_the_first_difference_is_said(record: Record) -> None:
    run = record("push(0.01)", "push(0.02)", "pass")

    def change(line: dict[str, Any]) -> None:
        if line["event"] == "ActionChosen" and line["turn"] == 2:
            line["code"] = "push(0.03)"

    _edit(run, change)
    result = replay(run)
    assert not result.equal
    assert result.difference is not None
    assert (result.difference.turn, result.difference.what) == (2, "state_hash")
    assert "after turn 2, state_hash is" in str(result.difference)
    assert result.turns == 2, "it stops there"


def test_another_reset_is_a_difference(record: Record) -> None:
    run = record()
    _edit(run, lambda line: line.update(seed=6) if line["event"] == "Trace" else None)
    result = replay(run)
    assert result.difference is not None
    assert str(result.difference).startswith("after the reset, state_hash is")
    assert result.turns == 0


def test_refused_calls_are_refused_again(record: Record) -> None:
    refused_once: list[str] = []

    def refuse_the_first_push(call: PendingCall) -> str | None:
        if call.tool == "push" and not refused_once:
            refused_once.append(call.tool)
            return "not the first one"
        return None

    run = record(
        "try:\n    push(0.05)\nexcept Refused as error:\n    print(error)\npush(0.05)", approve=refuse_the_first_push
    )
    assert replay(run).equal


def test_a_call_that_was_not_recorded_does_not_undo_the_later_refusals(record: Record) -> None:
    def refuse_backwards(call: PendingCall) -> str | None:
        return "not backwards" if call.tool == "push" and call.arguments["distance"] < 0 else None

    run = record("try:\n    push(-0.01)\nexcept Refused:\n    pass", approve=refuse_backwards)

    def change(line: dict[str, Any]) -> None:
        if line["event"] == "ActionChosen":
            line["code"] = f"block()\n{line['code']}"

    _edit(run, change)
    assert replay(run).equal


class WithoutScore(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment that gives rewards, and no score in `info`."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        del info["score"]
        return observation, reward, terminated, truncated, info


def test_without_a_score_the_rewards_are_compared(tmp_path: Path) -> None:
    env = WithoutScore(gymnasium.make("Line/Push-v0"))
    episode = play(ProgramAgent(["push(0.01)", "push(0.02)"]), env, seed=5, out=tmp_path)
    assert episode.directory is not None
    assert episode.score > 0.0
    assert replay(episode.directory, env=env).equal
    env.close()


def test_a_trace_that_breaks_off_is_played_as_far_as_it_goes(record: Record) -> None:
    run = record("push(0.01)", "push(0.02)")
    lines = (run / "trace.jsonl").read_text().splitlines(keepends=True)
    cut = next(i for i, line in enumerate(lines) if '"ActionChosen"' in line and '"turn":2' in line)
    (run / "trace.jsonl").write_text("".join(lines[: cut + 1]) + '{"event":"Pri')
    result = replay(run)
    assert result.equal
    assert result.compared == 2
    assert any("torn" in note for note in result.notes)
    assert any("breaks off" in note for note in result.notes)


def test_other_versions_are_named(record: Record) -> None:
    run = record()
    _edit(run, lambda line: line["packages"].update(numpy="0.0.1") if line["event"] == "Trace" else None)
    assert any("numpy 0.0.1 (now " in note for note in replay(run).notes)


def test_a_trace_cannot_have_a_module_imported(record: Record) -> None:
    run = record()
    _edit(run, lambda line: line["environment"].update(id="os:Evil-v0") if line["event"] == "Trace" else None)
    with pytest.raises(TraceError, match="not registered here"):
        replay(run)


def test_a_trace_cannot_open_the_wall(record: Record) -> None:
    run = record()

    def change(line: dict[str, Any]) -> None:
        if line["event"] == "Trace":
            line["environment"]["kwargs"]["without"] = ["seccomp", "landlock"]

    _edit(run, change)
    with pytest.raises(TraceError, match="made with without, which is not taken from a trace"):
        replay(run)


def test_a_seed_that_cannot_be_is_said(record: Record) -> None:
    run = record()
    _edit(run, lambda line: line.update(seed=-1) if line["event"] == "Trace" else None)
    with pytest.raises(TraceError, match="cannot be reset as it says"):
        replay(run)


def test_keywords_that_json_cannot_hold_are_named_and_the_environment_can_be_given(record: Record) -> None:
    run = record(drift=Fraction(0))
    with pytest.raises(TraceError, match=r"made with drift.*replay\(run, env="):
        replay(run)
    env = gymnasium.make("Line/Push-v0", drift=0.0)
    assert replay(run, env=env).equal
    env.close()


def test_there_must_be_something_to_replay(record: Record) -> None:
    run = record()
    path = run / "trace.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    with pytest.raises(TraceError, match="nothing to replay"):
        replay(run)
