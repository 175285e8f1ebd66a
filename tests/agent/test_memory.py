"""Linear, within the context, and the task is never forgotten."""

from __future__ import annotations

import pytest

from codeact.agent.memory import MESSAGE_MARKS, Memory
from codeact.agent.templates import shorten
from codeact.models import Message


def words(text: str) -> int:
    return len(text.split())


def long_talk(turns: int = 20) -> Memory:
    memory = Memory("system", words)
    memory.add("user", "the task", pinned=True)
    for turn in range(turns):
        memory.add("assistant", f"program {turn}")
        memory.add("user", f"observation {turn}")
    return memory


def test_all_is_kept_while_there_is_room() -> None:
    memory = long_talk(3)
    memory.fit(10_000)
    assert [message.role for message in memory.messages()] == ["system", "user"] + ["assistant", "user"] * 3
    assert memory.tokens == 1 + 2 + 6 * 2 + 8 * MESSAGE_MARKS


def test_the_oldest_turns_go_first_and_the_task_stays() -> None:
    memory = long_talk()
    memory.fit(120)
    assert memory.tokens <= 120
    messages = memory.messages()
    assert messages[0] == Message("system", "system")
    assert messages[1].content.startswith("the task\n\n[")
    assert "earlier messages were left out" in messages[1].content
    assert messages[-1].content == "observation 19"
    assert [message.role for message in messages[1:]] == ["user"] + ["assistant", "user"] * ((len(messages) - 2) // 2)


def test_room_is_made_for_several_turns_at_once() -> None:
    memory = long_talk()
    memory.fit(200)
    assert memory.tokens <= 150


def test_a_huge_newest_observation_is_shortened() -> None:
    memory = long_talk(2)
    memory.add("assistant", "p")
    memory.add("user", "word " * 2000)
    memory.fit(300)
    assert memory.tokens <= 300
    assert "characters left out" in memory.messages()[-1].content


def test_in_a_chat_the_latest_request_is_the_task() -> None:
    memory = long_talk(3)
    memory.add("user", "the second task", pinned=True)
    memory.fit(45)
    contents = " ".join(message.content for message in memory.messages())
    assert "the second task" in contents
    assert "the task" not in contents


def test_roles_alternate_whatever_was_added() -> None:
    memory = Memory("system", words)
    for text in ("a", "b"):
        memory.add("user", text)
    memory.add("assistant", "c")
    assert memory.messages() == [Message("system", "system"), Message("user", "a\n\nb"), Message("assistant", "c")]


def test_when_the_model_refuses_room_is_made_until_nothing_is_left() -> None:
    memory = long_talk(8)
    seen = [memory.tokens]
    while memory.drop_half() is not None:
        seen.append(memory.tokens)
    assert seen == sorted(set(seen), reverse=True)
    assert memory.messages()[1].content.startswith("the task")


@pytest.mark.parametrize("length", [0, 10, 100])
def test_short_texts_stay_as_they_are(length: int) -> None:
    assert shorten("x" * length, 100) == "x" * length


def test_long_texts_keep_head_and_tail_and_say_what_is_missing() -> None:
    text = "".join(f"{number:04d} " for number in range(400))
    short = shorten(text, 150)
    assert short.startswith("0000 0001")
    assert short.endswith("0398 0399 ")
    assert "[1850 characters left out]" in short
    assert len(short) < 200


def test_what_is_sent_is_the_same_as_if_it_were_made_anew_each_time() -> None:
    memory = Memory("system", words)
    seen = []
    for turn in range(12):
        memory.add("assistant" if turn % 3 else "user", f"text {turn}", pinned=turn == 0)
        memory.fit(100)
        sent = memory.messages()
        assert sent == memory.fork().messages()
        sent.clear()
        seen.append(len(memory.messages()))
    assert seen[-1] > 2
