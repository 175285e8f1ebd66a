"""An environment in a chat: it goes on after success, and goes back to where it stood."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest

import codeact_envs  # noqa: F401
from codeact import CodeActAgent, Toolbox, tool
from codeact.agent.chat import NothingToUndo
from codeact.errors import TaskError
from codeact.events import Answered, CallStarted, Event, Executed, Stepped
from codeact.models import ScriptedModel

SENT: list[str] = []


@tool(effect="write")
def send(text: str) -> None:
    """Send a text."""
    SENT.append(text)


@tool(effect="read")
def look() -> int:
    """Look at something outside."""
    return 7


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    made = gymnasium.make("CodeAct/Reach-v0", open_ended=True, extra_tools=Toolbox([send, look]))
    yield made
    made.close()


def test_nothing_ends_an_open_ended_episode(env: Any) -> None:
    env.reset(seed=0)
    for program in (env.unwrapped.oracle(), "finish('done')", "print('still here')"):
        _, _, terminated, truncated, info = env.step(program)
        assert not terminated
        assert not truncated
    assert info["success"]
    assert info["limit"] is None
    assert info["execution"].stdout == "still here\n"


def test_a_checkpoint_holds_the_world_and_the_variables(env: Any) -> None:
    world = env.unwrapped
    env.reset(seed=0)
    env.step("kept = [1]\nmove_to(0.45, 0.1, 0.3)")
    before = world.state_hash()
    checkpoint, unused = world.checkpoint(), world.checkpoint()
    env.step("kept.append(2)\nother = 1\nmove_to(0.4, -0.1, 0.3)")
    after = world.state_hash()
    assert after != before
    world.return_to(checkpoint)
    assert world.state_hash() == before
    *_, info = env.step("kept, 'other' in globals()")
    assert info["execution"].value == ([1], False)
    unused.close()
    unused.close()
    for used in (checkpoint, unused):
        with pytest.raises(TaskError, match="used or closed before"):
            world.return_to(used)


def test_what_follows_a_return_is_what_followed_before(env: Any) -> None:
    world = env.unwrapped
    env.reset(seed=1)
    checkpoint = world.checkpoint()
    hashes = []
    for _ in range(2):
        env.step("move_to(0.45, 0.1, 0.3)")
        hashes.append(world.state_hash())
        if len(hashes) == 1:
            world.return_to(checkpoint)
    assert hashes[0] == hashes[1]


def test_a_chat_drives_the_robot_and_undoes_it(env: Any) -> None:
    SENT.clear()
    replies = [
        "<execute>\nmove_to(0.45, 0.1, 0.3)\nx = 1\n</execute>",
        "It is there.",
        "<execute>\nx = 2\nmove_to(0.4, -0.1, 0.3)\nsend('moved')\nlook()\nfinish('moved')\n</execute>",
    ]
    told: list[Event] = []
    agent = CodeActAgent(ScriptedModel(replies))
    session = agent.open_chat(env=env, seed=0, undo=5)
    said = session.say("go left", None, told.append)
    there = env.unwrapped.state_hash()
    assert said == "It is there."
    assert [type(event) for event in told if isinstance(event, Stepped | Answered)] == [Stepped, Answered]
    assert session.say("go right", None, told.append) == "moved"
    assert env.unwrapped.state_hash() != there
    undone = session.undo()
    assert (undone.text, undone.outside) == ("go right", ("send(text='moved')",))
    assert env.unwrapped.state_hash() == there
    assert session.say("again", None, told.append) == "moved", "the script goes by the conversation, which went back"
    assert env.unwrapped.sandbox.run("x").value == 2
    assert SENT == ["moved", "moved"]
    session.undo()
    assert session.undo().text == "go left"
    with pytest.raises(NothingToUndo):
        session.undo()
    session.say("go left", None, told.append)
    assert env.unwrapped.state_hash() == there, "the same program in the same world"
    first = session._conversation.memory.messages()[1].content
    assert first.startswith("Observation:\n")
    assert first.endswith("\n\ngo left")
    agent.close()
    assert env.unwrapped.approve is None


def test_an_interrupt_stops_the_robot_and_not_the_chat(env: Any) -> None:
    replies = [
        "<execute>\nx = 1\nwhile True:\n    move_to(0.45, 0.1, 0.3)\n    move_to(0.45, -0.1, 0.3)\n</execute>",
        "<execute>\nmove_to(0.45, 0.0, 0.3)\nfinish(x)\n</execute>",
    ]
    agent = CodeActAgent(ScriptedModel(replies))
    session = agent.open_chat(env=env, seed=0, undo=1)
    told: list[Event] = []
    stopping = threading.Thread(target=session.interrupt)

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, CallStarted) and not stopping.ident:
            stopping.start()

    assert session.say("go on for ever", None, hear) == "No answer (interrupted)."
    stopping.join(30)
    (executed,) = (event for event in told if isinstance(event, Executed))
    assert executed.execution.error is not None
    at_rest = env.unwrapped.state_hash()
    assert session.go_on(None, hear) == "1"
    assert env.unwrapped.state_hash() != at_rest
    agent.close()
