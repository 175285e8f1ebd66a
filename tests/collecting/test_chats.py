"""Episodes told as a chat, and general questions beside the tools of an episode."""

from __future__ import annotations

from typing import Any

import pytest

from codeact.agent.templates import system_prompt
from codeact.collecting.chats import answers, chats

SYSTEM = system_prompt("code", "pick(name: str) -> bool  # Grasp an object", chat=False, short=True)


def told(number: int, program: str) -> dict[str, Any]:
    return {
        "version": 1,
        "number": number,
        "task": f"CodeAct/Task{number % 2}-v0",
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": "Lift the cube.\n\nObservation:\nA cube."},
            {"role": "assistant", "content": f"<execute>\n{program}\n</execute>", "learn": True},
        ],
    }


def test_an_episode_as_a_chat_ends_in_plain_words() -> None:
    made = list(chats([told(number, "pick('cube')") for number in range(8)], 4))
    assert len({each["retold"] for each in made}) == 4
    for each in made:
        system, asked, program, seen, words = each["messages"]
        assert "answer in plain words" in system["content"]
        assert "Call finish(answer)" not in system["content"]
        assert system["content"].endswith("pick(name: str) -> bool  # Grasp an object")
        assert asked["content"] in ("Lift the cube.", "Observation:\nA cube.\n\nLift the cube.")
        assert (program["learn"], words["learn"], seen["role"]) == (True, True, "user")
    assert list(chats([told(number, "pick('cube')") for number in range(8)], 4)) == made


def test_a_program_that_gives_the_answer_ends_the_chat() -> None:
    (made,) = chats([told(0, "finish(4)")], 1)
    assert [message["role"] for message in made["messages"]] == ["system", "user", "assistant"]


def test_answers_are_learnt_with_and_without_tools() -> None:
    bare, beside = answers([("Hello!", "Hello, how can I help?")], [told(0, "finish(4)")])
    assert [message["role"] for message in bare["messages"]] == ["user", "assistant"]
    assert "pick(name" in beside["messages"][0]["content"]


def test_another_prompt_is_refused() -> None:
    odd = told(0, "finish(4)")
    odd["messages"][0]["content"] = "You are a parrot."
    with pytest.raises(ValueError, match="not the short one"):
        list(chats([odd], 1))
