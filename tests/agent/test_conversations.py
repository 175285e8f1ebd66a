"""Conversations in files, forks of them, and summaries of what no longer fits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from codeact import CodeActAgent, Toolbox, tool
from codeact.agent import Brief
from codeact.agent.conversation_file import Journal, Said, SavedConversation, read_conversation, write_conversation
from codeact.errors import CodeActError, ModelError
from codeact.events import Event, Summarised
from codeact.models import Completion, ContextOverflow, GenerationOptions, Message, ScriptedModel
from codeact.models.protocol import count_tokens


@tool(effect="read")
def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


BOX = Toolbox([double])
SAID = [Said("user", "Grüß Gott?\n\u2028", task=True), Said("assistant", "<execute>1</execute>"), Said("user", "1")]


@pytest.fixture
def chatting() -> Iterator[Callable[..., CodeActAgent]]:
    agents: list[CodeActAgent] = []

    def start(*replies: str, **settings: Any) -> CodeActAgent:
        agents.append(CodeActAgent(ScriptedModel(list(replies)), **settings))
        return agents[-1]

    yield start
    for agent in agents:
        agent.close()


def contents(agent: CodeActAgent) -> list[str]:
    assert agent._chat is not None
    return [message.content for message in agent._chat.conversation.memory.messages()[1:]]


# Files


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    saved = SavedConversation("code", "You act.", SAID, left_out=4, summary="Four before.")
    write_conversation(path, saved)
    assert read_conversation(path) == saved
    assert [file.name for file in tmp_path.iterdir()] == ["talk.jsonl"]


def test_a_line_that_was_not_written_to_its_end_is_left_out_and_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    write_conversation(path, SavedConversation("code", "You act.", SAID))
    path.write_bytes(path.read_bytes() + b'{"role": "assi')
    assert read_conversation(path).said == SAID
    journal = Journal(path)
    journal.open("code", "You act.")
    journal.add(Said("assistant", "Two."))
    assert read_conversation(path).said == [*SAID, Said("assistant", "Two.")]


def test_messages_can_be_taken_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "talk.jsonl")
    assert journal.open("code", "You act.") is None
    for each in SAID:
        journal.add(each)
    journal.back_to(1)
    journal.add(Said("assistant", "Two."))
    assert read_conversation(journal.path).said == [SAID[0], Said("assistant", "Two.")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is no conversation of codeact"),
        ("{}\n", "is no conversation of codeact"),
        ("hello\n", "line 1 of .* is no JSON"),
        ("[]\n", "line 1 of .* is no JSON object"),
        ('{"codeact_conversation": 99}\n', "is of version 99; this codeact reads up to 1"),
        ('{"codeact_conversation": 1}\n{"role": "robot", "content": ""}\n', "line 2 of .* is no message"),
        ('{"codeact_conversation": 1}\n{"back_to": 5}\n', "line 2 of .* is no message"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(content)
    with pytest.raises(CodeActError, match=why):
        read_conversation(path)
    with pytest.raises(CodeActError, match="cannot be read"):
        read_conversation(tmp_path / "none.jsonl")


# Chats


def test_a_chat_is_saved_and_taken_up_again(chatting: Any, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    first = chatting("<execute>x = double(4)\nprint(x)</execute>", "It is 8.")
    with pytest.raises(CodeActError, match="nothing was said"):
        first.save(path)
    first.chat("What is twice 4?", tools=BOX)
    first.save(path)

    second = chatting("-", "-", "As I said: 8.")
    second.load(path, BOX)
    assert second.chat("Again?") == "As I said: 8."
    assert contents(second)[:4] == contents(first)
    assert "Variables and functions of its programs are gone.]\n\nAgain?" in contents(second)[4]

    with pytest.raises(CodeActError, match="held with action_format='code'"):
        chatting("-", action_format="json").load(path)


def test_a_journal_has_all_that_was_said_although_the_process_was_killed(chatting: Any, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    program = f"""
import time
from codeact import CodeActAgent
from codeact.models import ScriptedModel
agent = CodeActAgent(ScriptedModel(["<execute>print(6 * 7)</execute>", "It is 42."]), journal={str(path)!r})
print(agent.chat("What is 6 * 7?"), flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "It is 42.\n"
        process.send_signal(signal.SIGKILL)
    assert [each.content for each in read_conversation(path).said][1:] == [
        "<execute>print(6 * 7)</execute>",
        "Observation:\n42",
        "It is 42.",
    ]
    again = chatting("-", "-", "42, I said.", journal=path)
    assert again.chat("Sorry?") == "42, I said."
    assert contents(again)[0].startswith("What is 6 * 7?")
    assert len(read_conversation(path).said) == 7


def test_a_journal_knows_of_undo_and_of_a_new_beginning(chatting: Any, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    agent = chatting("One.", "Two.", journal=path)
    session = agent.open_chat(undo=2)
    for text in ("first", "second"):
        session.say(text, None, lambda event: None)
    session.undo()
    assert [each.content for each in read_conversation(path).said] == ["first", "One."]
    session.reset()
    assert read_conversation(path).said == []
    session.say("third", None, lambda event: None)
    assert [each.content for each in read_conversation(path).said] == ["third", "One."]


def test_a_fork_goes_its_own_way_with_the_same_variables(chatting: Any, tmp_path: Path) -> None:
    replies = ["<execute>x = 8\nfinish('kept')</execute>", "<execute>x += 1\nfinish(x)</execute>"]
    agent = chatting(*replies, *replies[1:] * 2)
    agent.chat("keep it")
    other = agent.fork()
    try:
        assert [other.chat("more"), other.chat("more")] == ["9", "10"]
        assert agent.chat("more") == "9"
        assert len(contents(agent)) < len(contents(other))
    finally:
        other.close()


# Summaries


class Summing:
    """Acts, and sums up when it is asked to."""

    name = "summing"

    def __init__(self, context_tokens: int, summary: str | None) -> None:
        self.context_tokens = context_tokens
        self.summary = summary
        self.asked: list[Sequence[Message]] = []
        self.summed: list[str] = []

    def generate(self, messages: Sequence[Message], options: GenerationOptions, on_text: Any = None) -> Completion:
        read = sum(count_tokens(self, message.content) for message in messages)
        if messages[0].content.startswith("You sum up"):
            assert read + options.max_tokens <= self.context_tokens
            self.summed.append(messages[1].content)
            if self.summary is None:
                raise ModelError("it does not answer")
            return Completion(f"{self.summary} {len(self.summed)}", read, 10, 0.0, "stop")
        self.asked.append(list(messages))
        return Completion("<execute>a()</execute>", read, 10, 0.0, "stop")


def act(model: Summing, turns: int = 30, **settings: Any) -> tuple[CodeActAgent, list[Event]]:
    events: list[Event] = []
    agent = CodeActAgent(model, max_turns=turns, max_tokens=200, **settings)
    agent.begin(Brief("Stack the cubes.", "def pick() -> bool: ...", "two cubes"), events.append)
    for turn in range(turns):
        agent.act(f"{turn} " + "word " * 200 if turn else None, events.append)
    return agent, events


def test_old_turns_are_summed_up_and_the_task_stays() -> None:
    model = Summing(2000, "The tower stood at turn")
    agent, events = act(model, compaction="summarise")
    for messages in model.asked:
        assert sum(count_tokens(model, message.content) + 8 for message in messages) <= 1800
        assert messages[1].content.startswith("Stack the cubes.")
    assert len(model.summed) >= 2
    assert "The tower stood at turn 1" in model.summed[1], "the next summary is made from the one before"
    assert f"earlier messages were summed up here to save room:\nThe tower stood at turn {len(model.summed)}]" in (
        model.asked[-1][1].content
    )
    told = [event for event in events if isinstance(event, Summarised)]
    assert len(told) == len(model.summed)
    assert agent.spent is not None
    assert agent.spent.turns == 30
    assert agent.spent.completion_tokens == 300 + 10 * len(told)


def test_a_server_that_refuses_a_long_conversation_is_asked_to_sum_it_up() -> None:
    class Server(Summing):
        """Says how much it takes only by refusing more."""

        def generate(self, messages: Sequence[Message], options: GenerationOptions, on_text: Any = None) -> Completion:
            if sum(count_tokens(self, message.content) for message in messages) > 1800:
                raise ContextOverflow("too long")
            self.context_tokens, unknown = 2000, self.context_tokens
            try:
                return super().generate(messages, options, on_text)
            finally:
                self.context_tokens = unknown

    model = Server(0, "The tower stood at turn")
    model.context_tokens = None  # type: ignore[assignment]
    _, events = act(model, compaction="summarise")
    assert len(model.summed) >= 2
    assert "The tower stood at turn 1" in model.summed[1]
    assert f"The tower stood at turn {len(model.summed)}]" in model.asked[-1][1].content
    assert len([event for event in events if isinstance(event, Summarised)]) == len(model.summed)


def test_where_the_model_does_not_sum_up_old_turns_are_left_out() -> None:
    model = Summing(2000, None)
    act(model, compaction="summarise")
    assert model.summed
    assert "earlier messages were left out" in model.asked[-1][1].content


def test_without_being_asked_for_nothing_is_summed_up() -> None:
    model = Summing(2000, "x")
    act(model)
    assert not model.summed
    with pytest.raises(CodeActError, match="compaction is 'drop' or 'summarise', not 'forget'"):
        act(model, compaction="forget")


def test_a_summary_is_saved_and_recalled(tmp_path: Path) -> None:
    agent, _ = act(Summing(2000, "The tower stood at turn"), compaction="summarise")
    agent.save(tmp_path / "talk.jsonl")
    saved = read_conversation(tmp_path / "talk.jsonl")
    assert saved.left_out > 10
    assert saved.summary.startswith("The tower stood at turn")
    assert json.loads((tmp_path / "talk.jsonl").read_text().splitlines()[0])["system"].startswith("You act by")
