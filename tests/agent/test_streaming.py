"""An episode as an iterator of events, and what closing it early does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest

from codeact import CodeActAgent, Sandbox, Toolbox, tool
from codeact.errors import ModelError
from codeact.events import ActionChosen, EpisodeEnded, EpisodeStarted, ModelText, Printed, Stepped
from codeact.models import ScriptedModel
from codeact.tools import finish_tool


class CountTo(gymnasium.Env[str, str]):
    """Call `count()` three times. Small, but a code environment in every respect that an episode needs."""

    metadata = {"render_modes": []}  # noqa: RUF012
    render_mode = None

    def __init__(self) -> None:
        self.count = 0
        self.instruction = "Count to three."
        self.approve = self.on_event = None
        self.interrupted = threading.Event()

        @tool(effect="write")
        def count() -> int:
            """Count one further."""
            self.count += 1
            return self.count

        self.tools = Toolbox([count, finish_tool()])
        self.sandbox = Sandbox(self.tools)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        self.count = (options or {}).get("start", 0)
        self.sandbox.reset()
        return f"count {self.count}", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        before = self.count
        execution = self.sandbox.run(action, on_event=self.on_event)
        success = self.count >= 3
        info = {"execution": execution, "success": success, "score": min(1.0, self.count / 3)}
        return execution.observation(), (self.count - before) / 3, success or execution.ended, False, info

    def interrupt(self) -> None:
        self.interrupted.set()
        self.sandbox.interrupt()

    def close(self) -> None:
        self.sandbox.close()


@pytest.fixture
def env() -> Iterator[CountTo]:
    env = CountTo()
    yield env
    env.close()


def test_events_come_in_order_and_the_last_says_how_it_ended(env: CountTo) -> None:
    agent = CodeActAgent(
        ScriptedModel(["<execute>print(count())</execute>", "<execute>while count() < 3: pass</execute>"])
    )
    events = list(agent.stream(env, seed=3))
    kinds = [type(event) for event in events]
    assert kinds[0] is EpisodeStarted
    assert kinds.index(ModelText) < kinds.index(ActionChosen) < kinds.index(Printed) < kinds.index(Stepped)
    assert isinstance(events[-1], EpisodeEnded)
    assert (events[-1].success, events[-1].turns, events[-1].reason) == (True, 2, "success")


def test_options_of_the_reset_are_passed_on(env: CountTo) -> None:
    agent = CodeActAgent(ScriptedModel(["<execute>print(count())</execute>"]))
    ended = list(agent.stream(env, options={"start": 2}))[-1]
    assert isinstance(ended, EpisodeEnded)
    assert ended.success


def test_closing_the_iterator_stops_the_running_program(env: CountTo) -> None:
    agent = CodeActAgent(ScriptedModel(["<execute>print('on')\nwhile True: pass</execute>"]))
    stream = agent.stream(env)
    assert any(isinstance(event, Printed | ActionChosen) for event in stream)  # and then it is left there
    started = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 30
    assert env.interrupted.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "codeact-episode"]


def test_closing_the_iterator_stops_the_model(env: CountTo) -> None:
    class Endless(ScriptedModel):
        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Any:
            on_text("hm ")
            until = time.monotonic() + 20
            while not options.interrupted() and time.monotonic() < until:
                time.sleep(0.01)
            return super().generate(messages, options, on_text)

    stream = CodeActAgent(Endless(["x"])).stream(env)
    assert any(isinstance(event, ModelText) for event in stream)
    started = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 15


def test_what_ends_the_episode_is_raised_where_it_is_read(env: CountTo) -> None:
    agent = CodeActAgent(ScriptedModel(["<execute>print(count())</execute>"]))
    stream = agent.stream(env)
    seen = []
    with pytest.raises(ModelError, match="has run out"):
        seen.extend(stream)
    assert not [thread for thread in threading.enumerate() if thread.name == "codeact-episode"]
