"""`play`: one agent, one environment, one seed; what is told, counted, written and put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import line_world  # noqa: F401 - registers the world
import pytest

from codeact import events
from codeact.agent import Action, Brief, ProgramAgent
from codeact.episode import play
from codeact.errors import CodeActError, TaskError
from codeact.tools import refuse_effects


@pytest.fixture
def env() -> Iterator[gymnasium.Env[str, str]]:
    env = gymnasium.make("Line/Push-v0")
    yield env
    env.close()


def test_the_reference_program_succeeds(env: Any) -> None:
    episode = play(ProgramAgent("oracle"), env, seed=3)
    assert episode.success
    assert episode.score == pytest.approx(1.0)
    assert episode.total_reward == pytest.approx(episode.score)
    assert (episode.turns, episode.calls, episode.tokens, episode.reason) == (1, 3, 0, "success")
    assert (episode.environment, episode.seed, episode.agent) == ("Line/Push-v0", 3, "oracle")
    assert episode.directory is None


def test_everything_is_told_in_the_order_in_which_it_happens(env: Any) -> None:
    told: list[events.Event] = []
    episode = play(ProgramAgent(["print('hello')\nblock()"]), env, seed=0, on_event=told.append)
    assert list(episode.trace) == told
    assert [type(event).__name__ for event in told] == [
        "EpisodeStarted",
        "ActionChosen",
        "Printed",
        "CallStarted",
        "CallFinished",
        "Executed",
        "Stepped",
        "EpisodeEnded",
    ]


def test_variables_last_from_turn_to_turn_and_the_last_program_ends_the_episode(env: Any) -> None:
    episode = play(ProgramAgent(["here = block()", "push(0.01)\nprint(block() > here)"]), env, seed=0)
    assert [event.text.strip() for event in episode.trace if isinstance(event, events.Printed)] == ["True"]
    assert (episode.turns, episode.success, episode.reason) == (2, False, "gave up")
    assert 0 < episode.score < 1


def test_finish_ends_the_episode_with_its_answer(env: Any) -> None:
    episode = play(ProgramAgent(["finish({'where': 1})", "never_run()"]), env)
    assert (episode.turns, episode.reason, episode.answer) == (1, "finished", {"where": 1})


def test_an_environment_may_truncate(env: Any) -> None:
    short = gymnasium.make("Line/Push-v0", turns=2)
    assert play(ProgramAgent(["pass"] * 5), short).reason == "truncated"
    short.close()


def test_the_agents_approval_policy_holds_during_the_episode_only(env: Any) -> None:
    mine = refuse_effects("write")
    env.unwrapped.approve = mine
    episode = play(ProgramAgent("oracle", approve=refuse_effects("physical")), env, seed=1)
    assert env.unwrapped.approve is mine
    assert env.unwrapped.on_event is None
    assert episode.score == 0.0
    (refused,) = [e.call for e in episode.trace if isinstance(e, events.CallFinished) and e.call.refused]
    assert refused.tool == "push"
    assert "physical" in str(refused.refused)


class Doubter:
    """An agent of somebody's own, that does not tell events, and says what it makes of the brief."""

    name = "doubter"
    approve = None

    def begin(self, brief: Brief, on_event: Any) -> None:
        self.brief = brief
        self.seen: list[str | None] = []

    def act(self, observation: str | None, on_event: Any) -> Action:
        self.seen.append(observation)
        if len(self.seen) == 1:
            return Action("print('one')", "I look", note="half a thought")
        return Action(None, "", done=True, answer=42)


def test_an_agent_is_anything_with_the_protocol(env: Any) -> None:
    agent = Doubter()
    episode = play(agent, env, seed=2)
    assert "Push the block" in agent.brief.instruction
    assert "def push(distance: float)" in agent.brief.stubs
    assert "The block is at" in agent.brief.observation
    assert agent.seen[0] is None
    assert str(agent.seen[1]).startswith("one")
    assert (episode.reason, episode.answer) == ("finished", 42)
    (chosen,) = [event for event in episode.trace if isinstance(event, events.ActionChosen)]
    assert (chosen.turn, chosen.code, chosen.note) == (1, "print('one')", "half a thought")


def test_an_action_without_code_that_is_not_done_is_the_agents_mistake(env: Any) -> None:
    agent = Doubter()
    agent.act = lambda observation, on_event: Action(None, "hm")  # type: ignore[method-assign]
    with pytest.raises(CodeActError, match="neither code nor done"):
        play(agent, env)


def test_another_thread_may_end_the_episode_between_two_turns(env: Any) -> None:
    stop = threading.Event()
    episode = play(
        ProgramAgent(["pass"] * 5),
        env,
        on_event=lambda event: stop.set() if isinstance(event, events.Stepped) else None,
        stop=stop,
    )
    assert (episode.turns, episode.reason) == (1, "interrupted")


def test_what_an_observer_raises_stops_the_robot_and_ends_the_episode(env: Any, tmp_path: Path) -> None:
    def observe(event: events.Event) -> None:
        if isinstance(event, events.CallStarted):
            raise RuntimeError("the screen is broken")

    with pytest.raises(RuntimeError, match="screen is broken"):
        play(ProgramAgent(["creep(20)", "pass"]), env, out=tmp_path, on_event=observe)
    assert env.unwrapped.interrupts > 0
    (trace,) = tmp_path.glob("*/trace.jsonl")
    assert '"reason":"error: RuntimeError: the screen is broken"' in trace.read_text().splitlines()[-1]


def test_an_environment_that_breaks_ends_the_episode_with_its_own_error(tmp_path: Path) -> None:
    env = gymnasium.make("Line/Push-v0", curse="reset")
    with pytest.raises(RuntimeError, match="the line is broken"):
        play(ProgramAgent("oracle"), env, seed=1, out=tmp_path)
    (run,) = tmp_path.iterdir()
    assert {file.name for file in run.iterdir()} == {"trace.jsonl", "episode.html"}
    assert "the line is broken" in (run / "episode.html").read_text()
    env.close()


def test_film_needs_an_environment_that_films(env: Any, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="rgb_array_list"):
        play(ProgramAgent("oracle"), env, out=tmp_path, video=True)
