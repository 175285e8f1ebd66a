"""A chat: free conversation over one sandbox whose variables last."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codeact import CodeActAgent, Toolbox, tool
from codeact.agent.chat import NothingToUndo
from codeact.errors import CodeActError, ModelError
from codeact.events import ActionChosen, Answered, CallFinished, Event, Executed, Printed, Stepped
from codeact.models import ScriptedModel
from codeact.sandbox import Execution, level


@tool(effect="read")
def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


BOX = Toolbox([double])


@pytest.fixture
def chatting() -> Iterator[Callable[..., CodeActAgent]]:
    agents: list[CodeActAgent] = []

    def start(*replies: str, **settings: Any) -> CodeActAgent:
        agents.append(CodeActAgent(ScriptedModel(list(replies)), **settings))
        return agents[-1]

    yield start
    for agent in agents:
        agent.close()


def test_plain_words_are_the_answer(chatting: Any) -> None:
    assert chatting("Good morning.").chat("Hello") == "Good morning."


def test_a_program_acts_and_finish_gives_the_answer(chatting: Any) -> None:
    events: list[Event] = []
    agent = chatting("I double it.\n<execute>\nx = double(21)\nprint(x)\nfinish(x)\n</execute>")
    assert agent.chat("What is twice 21?", tools=BOX, on_event=events.append) == "42"
    assert [event.text for event in events if isinstance(event, Printed)] == ["42\n"]
    assert [event.call.value for event in events if isinstance(event, CallFinished) if event.call.tool == "double"] == [
        42
    ]
    assert [event.execution.ended for event in events if isinstance(event, Executed)] == [True]


def test_after_an_error_the_model_reads_it_and_goes_on(chatting: Any) -> None:
    agent = chatting("<execute>double('x')</execute>", "<execute>print(double(4))</execute>", "It is 8.")
    assert agent.chat("?", tools=BOX) == "It is 8."
    said = [message.content for message in agent._chat._conversation.memory.messages()]
    assert "ArgumentError" in said[3]
    assert said[5] == "Observation:\n8"


def test_variables_and_conversation_live_on(chatting: Any) -> None:
    agent = chatting("<execute>x = double(4)\nfinish('kept')</execute>", "<execute>finish(x)</execute>", "Bye.")
    assert [agent.chat("keep it", tools=BOX), agent.chat("say it"), agent.chat("bye", tools=BOX)] == [
        "kept",
        "8",
        "Bye.",
    ]


def test_a_chat_can_have_a_workspace(chatting: Any, tmp_path: Path) -> None:
    missing = [layer.name for layer in level().missing]
    if missing:
        pytest.skip(f"this machine cannot put up {', '.join(missing)}")
    agent = chatting(
        "<execute>open('a.txt', 'w').write('4')\nprint(double(2))</execute>",
        "<execute>finish(open('a.txt').read())</execute>",
        workspace=tmp_path,
        imports=(),
    )
    assert agent.chat("Write it down.", tools=BOX) == "4"
    assert (tmp_path / "a.txt").read_text() == "4"
    said = [message.content for message in agent._chat._conversation.memory.messages()]
    assert "read and write files in the current folder, and import the standard library and numpy" in said[0]
    assert any("[files: created a.txt (1 byte)]" in text for text in said)


def test_undo_with_a_workspace_takes_back_the_words_and_says_what_stays(chatting: Any, tmp_path: Path) -> None:
    missing = [layer.name for layer in level().missing]
    if missing:
        pytest.skip(f"this machine cannot put up {', '.join(missing)}")
    agent = chatting(
        "Hello.",
        "<execute>x = 1\nopen('a.txt', 'w').write('4')\nfinish(x)</execute>",
        workspace=tmp_path,
        imports=(),
    )
    session = agent.open_chat(undo=2)
    session.say("Hi.", None, print)
    session.say("Write.", None, print)
    undone = session.undo()
    assert (undone.text, undone.files) == ("Write.", ("a.txt",))
    assert undone.stays == "the variables, and the files of the workspace"
    agent.model._replies[1] = ("<execute>print(x)</execute>", "stop")
    agent.model._replies.append(("One.", "stop"))
    assert session.say("Again.", None, print) == "One."
    said = [message.content for message in session.conversation.memory.messages()]
    assert "Write." not in "".join(said)
    assert "this stays as it was left: the variables, and the files of the workspace" in said[-2]


def test_a_policy_is_told_the_program_that_makes_the_call(chatting: Any) -> None:
    asked: list[str] = []
    agent = chatting("<execute>finish(double(4))</execute>", approve=lambda call: asked.append(call.program))
    assert agent.chat("?", tools=BOX) == "8"
    assert asked[0] == "finish(double(4))"


class Window:
    """An environment that shows a picture after each program."""

    instruction, tools = "Look.", Toolbox()

    @property
    def unwrapped(self) -> Window:
        return self

    def reset(self, seed: int = 0) -> tuple[str, dict[str, Any]]:
        return "", {}

    def step(self, code: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        picture = np.full((16, 20, 3), 7, np.uint8)
        return "a view", 0.0, False, False, {"images": [picture], "execution": Execution(code, True)}


def test_pictures_of_an_environment_come_with_the_observation(chatting: Any) -> None:
    agent = chatting("<execute>1</execute>", "Nice.")
    session = agent.open_chat(env=Window())
    seen: list[int] = []
    hear = lambda event: seen.append(len(session.place.pictures)) if isinstance(event, Stepped) else None  # noqa: E731
    assert session.say("Look.", None, hear) == "Nice."
    assert seen == [1], "they are there when the step is told, to be written to files"
    said = [message.content for message in session.conversation.memory.messages()]
    assert "[picture of 20x16 pixels]" in said[-2]


def test_another_toolbox_is_another_session(chatting: Any) -> None:
    agent = chatting("<execute>x = 1\nfinish(x)</execute>")
    assert agent.chat("a", tools=BOX) == "1"
    assert agent.chat("b", tools=Toolbox([double])) == "1", "the conversation began anew, so the script did as well"


def test_a_finish_without_an_answer_gives_what_was_printed(chatting: Any) -> None:
    assert chatting("<execute>print('so')\nfinish()</execute>").chat("?") == "so"


def test_calls_are_approved_by_the_agents_policy(chatting: Any) -> None:
    agent = chatting(
        "<execute>double(1)</execute>", "<execute>finish(double(2))</execute>", approve=lambda call: "not today"
    )
    agent.approve = lambda call: "not today" if call.tool == "double" and call.arguments["number"] == 1 else None
    assert agent.chat("?", tools=BOX) == "4"
    assert "not today" in agent._chat._conversation.memory.messages()[3].content


def test_a_budget_that_runs_out_is_said(chatting: Any) -> None:
    assert chatting(*["<execute>1</execute>"] * 3, max_turns=2).chat("?") == "No answer (budget: 2 turns)."


def test_each_question_has_its_own_budget(chatting: Any) -> None:
    agent = chatting("<execute>1</execute>", "one", "<execute>1</execute>", "two", max_turns=2)
    assert [agent.chat("?"), agent.chat("?")] == ["one", "two"]


def test_empty_replies_are_no_answer(chatting: Any) -> None:
    assert chatting("", "").chat("?") == "No answer (gave up)."


def test_a_failing_model_is_an_error_and_the_session_lives(chatting: Any) -> None:
    agent = chatting("<execute>x = 5</execute>")
    with pytest.raises(ModelError, match="has run out"):
        agent.chat("?")
    assert agent._chat.place.sandbox.run("x").value == 5


def test_a_running_program_can_be_interrupted_from_another_thread(chatting: Any) -> None:
    agent = chatting("<execute>while True: pass</execute>")
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(agent.chat("?")))
    thread.start()
    until = time.monotonic() + 10
    while agent._chat is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.3)
    started = time.monotonic()
    agent.interrupt()
    thread.join(10)
    assert answers == ["No answer (interrupted)."]
    assert time.monotonic() - started < 30


def test_an_interrupt_hits_the_program_that_is_about_to_be_sent(chatting: Any) -> None:
    agent = chatting("<execute>while True: pass</execute>", "Ready.")
    ran: list[Event] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, ActionChosen):
            agent.interrupt()
        elif isinstance(event, Executed):
            ran.append(event)

    assert agent.chat("?", on_event=interrupt) == "No answer (interrupted)."
    assert not ran
    assert agent.chat("And now?", on_event=interrupt) == "Ready."


def test_the_other_formats_chat_as_well(chatting: Any) -> None:
    agent = chatting('{"tool": "double", "args": {"number": 4}}', "It is 8.", action_format="json")
    assert agent.chat("?", tools=BOX) == "It is 8."
    assert agent._chat._conversation.memory.messages()[3].content == "Observation:\n8"
    agent = chatting("Action: double, 4", "Action: finish, 8", action_format="text")
    assert agent.chat("?", tools=BOX) == "8"


def test_undo_goes_back_to_before_a_message(chatting: Any) -> None:
    agent = chatting("<execute>x = 1\nfinish(x)</execute>", "<execute>x = x + 1\nfinish(double(x))</execute>")
    session = agent.open_chat(BOX, undo=2)
    assert [session.say(text, None, print) for text in ("a", "b")] == ["1", "4"]
    assert session.undo().text == "b"
    assert session.say("b", None, print) == "4"
    assert session.place.sandbox.run("x").value == 2
    assert session.undo().text == "b"
    assert session.undo().text == "a"
    with pytest.raises(NothingToUndo, match="there is nothing to undo"):
        session.undo()
    assert session.say("a", None, print) == "1"


def test_only_so_many_messages_can_be_undone(chatting: Any) -> None:
    session = chatting("one", "two", "three").open_chat(undo=2)
    for text in "abc":
        session.say(text, None, print)
    assert [session.undo().text, session.undo().text] == ["c", "b"]
    with pytest.raises(NothingToUndo):
        session.undo()


def test_after_a_failure_of_the_model_the_chat_goes_on(chatting: Any) -> None:
    agent = chatting("<execute>x = 5</execute>")
    session = agent.open_chat(undo=1)
    with pytest.raises(ModelError, match="has run out"):
        session.say("?", None, print)
    agent.model._replies.append(("<execute>finish(x)</execute>", "stop"))
    assert session.go_on(None, print) == "5"
    with pytest.raises(CodeActError, match="there is nothing to go on with"):
        session.go_on(None, print)


def test_a_used_up_budget_can_be_renewed(chatting: Any) -> None:
    session = chatting("<execute>x = 1</execute>", "<execute>finish(x)</execute>", max_turns=1).open_chat()
    told: list[Event] = []
    assert session.say("?", None, told.append) == "No answer (budget: 1 turns)."
    assert told[-1] == Answered("No answer (budget: 1 turns).", "budget: 1 turns")
    assert session.go_on(None, told.append) == "1"
    assert told[-1] == Answered("1", "finished")
