"""Pause, resume and stop from another thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import pytest

import codeact_envs  # noqa: F401
from codeact import CodeActAgent, Toolbox, tool
from codeact.episode import Episode, play
from codeact.events import Answered, CallFinished, CallStarted, Event, ModelReplied, Paused, Resumed
from codeact.models import ScriptedModel

PATIENCE_S = 60.0


class Aside:
    """Runs something in another thread, and keeps what it told."""

    def __init__(self, work: Callable[[Callable[[Event], None]], Any], on: dict[type, Callable[[], object]]) -> None:
        self.told: list[Event] = []
        self.result: Any = None
        self._on = dict(on)
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self.result = self._work(self._hear)

    def _hear(self, event: Event) -> None:
        self.told.append(event)
        if (act := self._on.pop(type(event), None)) is not None:
            act()

    def join(self) -> Any:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.result

    def until(self, kind: type, count: int = 1) -> None:
        """Wait until so many events of a kind were told."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.kinds(kind)) < count:
            assert self._thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def kinds(self, *kinds: type) -> list[type]:
        return [type(event) for event in self.told if isinstance(event, kinds)]


@tool(effect="read")
def count(number: int) -> int:
    """Return the number."""
    return number


BOX = Toolbox([count])
TWO_CALLS = "<execute>\ncount(1)\ncount(2)\n</execute>"


@pytest.fixture
def agent() -> Iterator[CodeActAgent]:
    made = CodeActAgent(ScriptedModel([TWO_CALLS, "Done."]), max_seconds=PATIENCE_S)
    yield made
    made.stop()
    made.close()


def test_a_pause_holds_the_next_call_and_costs_no_time(agent: CodeActAgent) -> None:
    work = Aside(lambda hear: agent.chat("?", BOX, hear), {CallFinished: agent.pause})
    work.until(Paused)
    assert work.kinds(CallFinished, Paused) == [CallFinished, Paused]
    assert work.told[-1] == Paused("a call of count")
    spending = agent._chat.conversation.spending  # type: ignore[union-attr]
    began = spending._started
    agent.resume()
    assert work.join() == "Done."
    assert work.kinds(CallFinished, Paused, Resumed) == [CallFinished, Paused, Resumed, CallFinished]
    (resumed,) = (event for event in work.told if isinstance(event, Resumed))
    assert spending._started - began == pytest.approx(resumed.seconds, abs=0.05)


def test_a_pause_holds_the_program_and_the_reply(agent: CodeActAgent) -> None:
    agent.pause()
    work = Aside(lambda hear: agent.chat("?", BOX, hear), {ModelReplied: agent.pause})
    work.until(Paused)
    assert work.told == [Paused("the next reply")]
    agent.resume()
    work.until(Paused, 2)
    assert agent.pause(wait_s=PATIENCE_S), "it is at rest"
    assert work.told[-1] == Paused("the program")
    assert not work.kinds(CallStarted)
    agent.resume()
    assert work.join() == "Done."


def test_a_stop_ends_a_paused_task_and_the_next_one_is_not_concerned(agent: CodeActAgent) -> None:
    work = Aside(lambda hear: agent.chat("?", BOX, hear), {CallFinished: agent.pause})
    work.until(Paused)
    agent.stop()
    assert work.join() == "No answer (stopped)."
    assert work.told[-1] == Answered("No answer (stopped).", "stopped")
    assert [call.call.error is None for call in work.told if isinstance(call, CallFinished)].count(True) == 1
    assert agent.chat("And now?") == "Done."


def test_what_goes_on_between_calls_is_stopped_in_a_pause() -> None:
    speed = [0.0]

    @tool(effect="physical")
    def start(new: float) -> None:
        """Start the belt."""
        speed[0] = new

    def halt() -> str:
        speed[0] = 0.0
        return "the belt stands"

    replies = ["<execute>\nstart(0.2)\n</execute>", "<execute>\nfinish('so')\n</execute>"]
    with CodeActAgent(ScriptedModel(replies)) as agent:
        work = Aside(
            lambda hear: agent.chat("?", Toolbox([start], stop=halt, lingers=True), hear), {CallFinished: agent.pause}
        )
        work.until(Paused)
        assert speed == [0.0]
        assert work.told[-1] == Paused("the next reply", "the belt stands")
        agent.resume()
        assert work.join() == "so"


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    made = gymnasium.make("CodeAct/Reach-v0")
    yield made
    made.close()


MOVES = "<execute>\nfor y in (0.1, -0.1, 0.1, -0.1):\n    move_to(0.45, y, 0.3)\n</execute>"


def test_a_paused_episode_is_a_robot_at_rest(env: Any) -> None:
    env.reset(seed=0)
    oracle = env.unwrapped.oracle()
    agent = CodeActAgent(ScriptedModel([f"<execute>\n{oracle}\n</execute>"]))
    without = play(agent, env, seed=0)
    work = Aside(lambda hear: play(agent, env, seed=0, on_event=hear), {CallFinished: agent.pause})
    work.until(Paused)
    world = env.unwrapped._world
    at_rest = world.state_hash()
    assert isinstance(work.told[-1], Paused)
    assert world.state_hash() == at_rest
    agent.resume()
    episode: Episode = work.join()
    assert (episode.success, episode.state_hash) == (True, without.state_hash), "it goes on as if nothing had been"
    assert Resumed in work.kinds(Resumed)


def test_a_stopped_episode_ends_with_its_reason(env: Any) -> None:
    agent = CodeActAgent(ScriptedModel([MOVES, MOVES]))
    stopping = threading.Thread(target=agent.stop)
    work = Aside(lambda hear: play(agent, env, seed=0, on_event=hear), {CallStarted: stopping.start})
    episode: Episode = work.join()
    stopping.join(PATIENCE_S)
    assert episode.reason == "stopped"
    assert episode.turns == 1
    assert episode.calls < 4
