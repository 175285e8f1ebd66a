"""Rehearsal: a program is tried and undone, by the environment and by an agent before it acts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from typer.testing import CliRunner

from codeact import CodeActAgent, Limits, Toolbox, tool
from codeact.agent.rehearsing import Rehearses
from codeact.cli.app import app
from codeact.episode import play, read_trace, replay
from codeact.errors import TaskError
from codeact.events import ActionChosen, CallStarted, Rehearsed, Stepped
from codeact.models import ScriptedModel
from codeact_envs.code_env import CodeEnv


@pytest.fixture(scope="module")
def hasty() -> Iterator[CodeEnv]:
    """Its programs have two seconds for their own code."""
    env = CodeEnv("stack2", limits=Limits(wall_s=2.0, tool_s=600.0))
    yield env
    env.close()


def everything(env: CodeEnv) -> tuple[Any, ...]:
    world: Any = env._make_world()
    return (
        env.state_hash(),
        env._budget.turns,
        env._budget.calls,
        env._budget.spent,
        env._over,
        env._judgement,
        world.time_s,
        world.violations,
        world.bullet.stopped,
        env.np_random.bit_generator.state,
    )


PROGRAMS = {
    "succeeds": "a.append(1)\nimport random\nrandom.random()\nmove_to(0.5, 0.2, 0.3)",
    "fails": "a.append(2)\nmove_to(0.5, 0.2, 0.3)\nmove_to(5.0, 0.0, 0.3)",
    "never ends": "a.append(3)\nmove_to(0.5, 0.2, 0.3)\nwhile True: pass",
    "is no program": "a.append(",
    "ends the episode": "finish('early')",
}


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
def test_a_rehearsal_leaves_no_trace(hasty: CodeEnv, code: str) -> None:
    begin = "import random\na = [0]\nrandom.seed(7)\nmove_to(0.4, 0.1, 0.3)"
    then = "print(a, random.random())\nmove_to(0.45, -0.1, 0.25)"
    hasty.reset(seed=3)
    hasty.step(begin)
    without = hasty.step(then)
    hasty.reset(seed=3)
    hasty.step(begin)
    before = everything(hasty)
    outcomes = [hasty.rehearse(code) for _ in range(2)]
    assert everything(hasty) == before
    assert outcomes[0].state_hash == outcomes[1].state_hash, "the second knows nothing of the first"
    after = hasty.step(then)
    assert after[0] == without[0], "variables, and the chance that programs draw from"
    assert after[4]["state_hash"] == without[4]["state_hash"]
    assert (after[4]["turns"], after[4]["calls"]) == (without[4]["turns"], without[4]["calls"])


def test_what_a_rehearsal_finds(hasty: CodeEnv) -> None:
    hasty.reset(seed=3)
    top, base = (hasty._plan.goal.name(role) for role in ("top", "base"))  # type: ignore[union-attr]
    pair = tuple(sorted((top, base)))
    here, there = hasty.rehearse("1"), hasty.rehearse(hasty.oracle())
    assert pair not in here.contacts
    assert pair in there.contacts
    assert here.simulated_seconds == 0.5
    assert there.simulated_seconds > 2.0
    assert hasty.rehearse("while True: pass").execution.error.type == "TimeLimit"  # type: ignore[union-attr]
    with pytest.raises(TaskError, match="an action is a program"):
        hasty.rehearse("x" * 20_001)
    assert isinstance(hasty, Rehearses)


def test_frames_are_those_of_an_episode_without_rehearsals() -> None:
    env = CodeEnv("stack2", render_mode="rgb_array_list", width=32, height=24)

    def film(rehearse: bool) -> list[Any]:
        env.reset(seed=0)
        for target in (0.2, -0.1):
            if rehearse:
                env.rehearse("move_to(0.4, 0.3, 0.2)")
            env.step(f"move_to(0.5, {target}, 0.4)")
        frames: list[Any] = env.render()
        return frames

    without, rehearsed = film(False), film(True)
    env.close()
    assert len(without) == len(rehearsed)
    assert all(np.array_equal(one, other) for one, other in zip(without, rehearsed, strict=True))


def reply(code: str) -> str:
    return f"<execute>\n{code}\n</execute>"


def test_an_agent_acts_only_after_a_rehearsal_that_passes(tmp_path: Path) -> None:
    env: Any = gymnasium.make("CodeAct/Stack2-v0")
    env.reset(seed=4)
    oracle = env.unwrapped.oracle()
    model = ScriptedModel([reply("move_to(0.5, 0.2, 0.3)\nmove_to(5.0, 0.0, 0.3)"), reply(oracle)])
    episode = play(CodeActAgent(model, rehearse=True), env, seed=4, out=tmp_path)
    env.close()
    assert (episode.success, episode.turns) == (True, 1)
    rehearsed = [event for event in episode.trace if isinstance(event, Rehearsed)]
    assert [event.passed for event in rehearsed] == [False, True]
    assert "OutOfReach" in rehearsed[0].told
    assert rehearsed[1].told == ""
    assert [event.code.strip() for event in episode.trace if isinstance(event, ActionChosen)] == [oracle.strip()]
    assert [event.tool for event in episode.trace if isinstance(event, CallStarted)] == ["pick", "place_on"]
    assert episode.directory is not None
    assert replay(episode.directory).equal
    lines = [line for line in read_trace(episode.directory).lines if type(line).__name__ == "Rehearsed"]
    assert [line.passed for line in lines] == [False, True]  # type: ignore[attr-defined]
    assert "Rehearsed, and not run" in (episode.directory / "episode.html").read_text()


def test_the_command_line_rehearses(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([reply("raise ValueError('never')")]))
    command = [
        "run",
        "CodeAct/Reach-v0",
        "--model",
        f"scripted:{script}",
        "--max-turns",
        "1",
        "--no-video",
        "--rehearse",
    ]
    shown = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "runs")])
    assert shown.exit_code == 0, shown.output
    assert "rehearsed, and not run" in shown.output


def test_rehearsals_that_fail_are_bounded_by_the_turns(hasty: CodeEnv) -> None:
    agent = CodeActAgent(ScriptedModel([reply("1 / 0")] * 5), rehearse=True, max_turns=3)
    episode = play(agent, hasty, seed=4)
    assert (episode.reason, episode.turns) == ("budget: 3 turns", 0)
    assert sum(isinstance(event, Rehearsed) for event in episode.trace) == 3
    assert not any(isinstance(event, Stepped) for event in episode.trace)
    assert episode.state_hash == hasty.reset(seed=4)[1]["state_hash"]


def test_a_program_that_breaks_a_rule_is_not_run(hasty: CodeEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaches(plan: Any, start: Any, now: Any, violations: Any) -> tuple[str, ...]:
        return ("the arm went to the right",) if now.tool[1] < -0.1 else ()

    class Strict:
        """The task, with a rule of its own."""

        def __getattr__(self, name: str) -> Any:
            return breaches if name == "breaches" else getattr(kept, name)

    kept = hasty.task
    monkeypatch.setattr(hasty, "task", Strict())
    replies = [reply("move_to(0.5, -0.2, 0.3)"), reply("move_to(0.5, 0.2, 0.3)"), "<answer>done</answer>"]
    episode = play(CodeActAgent(ScriptedModel(replies), rehearse=True), hasty, seed=4)
    assert (episode.violations, episode.turns, episode.answer) == ((), 1, "done")
    (failed,) = (event for event in episode.trace if isinstance(event, Rehearsed) and not event.passed)
    assert "It would break a rule: the arm went to the right" in failed.told


def test_a_tool_that_cannot_be_undone_is_called_once_and_for_real() -> None:
    posted: list[str] = []

    @tool(effect="write")
    def post(name: str) -> None:
        """Tell the shop."""
        posted.append(name)

    env = CodeEnv("stack2", extra_tools=Toolbox([post], name="shop"))
    env.reset(seed=0)
    assert env.rehearse("shop.post('cube')").unrehearsed == "shop.post"
    assert env.rehearse("1").unrehearsed is None
    replies = [reply("shop.post('cube')"), "<answer>done</answer>"]
    episode = play(CodeActAgent(ScriptedModel(replies), rehearse=True), env, seed=0)
    env.close()
    assert (posted, episode.turns) == (["cube"], 1)


def test_where_nothing_can_be_rehearsed_the_agent_acts_as_ever(hasty: CodeEnv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codeact.agent.opening.Rehearses", _Nothing)
    replies = [reply("1 / 0"), "<answer>done</answer>"]
    episode = play(CodeActAgent(ScriptedModel(replies), rehearse=True), hasty, seed=4)
    assert episode.turns == 1
    assert not any(isinstance(event, Rehearsed) for event in episode.trace)


class _Nothing:
    """What no environment is an instance of."""
