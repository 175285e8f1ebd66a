"""Conversations of a chat, made from episodes that were verified and from a model's own answers to general questions.

    python -m codeact.collecting.chats DATA.jsonl --answers ANSWERS.jsonl --out CHATS.jsonl --count 600

In a chat an agent reads another system prompt than in an episode, and when its program has run it says so in plain
words. An episode's instruction, observation and program are put into that form; they are not played again. Answers to
general questions, a line each with `question` and `answer`, are told both to an assistant without tools and in a chat
with the tools of some episode, so that a model that learns to act does not act when it is only asked something.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from codeact.agent.templates import say, system_prompt
from codeact.collecting.records import VERSION, ConversationFile, read_conversations

_OBSERVATION = "\n\nObservation:\n"
_DONE = (
    "Done. The program ran without an error.",
    "It is done: the program ran through without an error.",
    "I have done that. The program ended without an error.",
    "Done. Tell me if it is not as you want it.",
    "That is done, without an error on the way.",
)
_PROMPTS = 60
"""So many system prompts are used beside general questions."""


def chats(conversations: Sequence[Mapping[str, Any]], count: int, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Up to `count` of the episodes as a chat, spread evenly over the tasks."""
    for told, dice in _spread(conversations, count, seed):
        system, asked, reply = (message["content"] for message in told["messages"])
        instruction, _, observation = asked.partition(_OBSERVATION)
        if observation and dice.random() < 0.7:
            instruction = say("observed_task", observation=observation, text=instruction)
        messages = [_message("system", in_a_chat(system)), _message("user", instruction), _learnt(reply)]
        if "finish(" not in reply:
            messages += [
                _message("user", say("observation", text=say("no_output"))),
                _learnt(dice.choice(_DONE)),
            ]
        yield {**told, "messages": messages, "source": "chat", "retold": told["number"]}


def answers(
    answered: Sequence[tuple[str, str]], conversations: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> Iterator[dict[str, Any]]:
    """General questions with their answers: without a system prompt, and again with the tools of some episode."""
    systems = [in_a_chat(told["messages"][0]["content"]) for told, _ in _spread(conversations, _PROMPTS, seed)]
    dice = random.Random(seed)
    for question, answer in answered:
        plain = [_message("user", question), _learnt(answer)]
        yield {"version": VERSION, "task": "general", "source": "general", "messages": plain}
        if systems:
            yield {
                "version": VERSION,
                "task": "general",
                "source": "general",
                "messages": [_message("system", dice.choice(systems)), *plain],
            }


def in_a_chat(system: str) -> str:
    """The short system prompt of an episode as a chat has it."""
    episode, chat = (system_prompt("code", "", short=True, chat=chat) for chat in (False, True))
    if not system.startswith(episode):
        raise ValueError("the system prompt is not the short one of an episode")
    return chat + system.removeprefix(episode)


def _spread(
    conversations: Sequence[Mapping[str, Any]], count: int, seed: int
) -> list[tuple[Mapping[str, Any], random.Random]]:
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    for told in conversations:
        if [message["role"] for message in told["messages"]] == ["system", "user", "assistant"]:
            by_task.setdefault(str(told["task"]), []).append(told)
    share = -(-count // max(len(by_task), 1))
    chosen: list[tuple[Mapping[str, Any], random.Random]] = []
    for task, several in sorted(by_task.items()):
        dice = random.Random(f"{task} {seed}")
        chosen += [(told, dice) for told in dice.sample(several, min(share, len(several)))]
    return chosen[:count]


def _message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}


def _learnt(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "learn": True}


def main() -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=600, help="of episodes told as a chat")
    arguments = parser.parse_args()
    conversations = [each for path in arguments.data for each in read_conversations(path)]
    made = list(chats(conversations, arguments.count))
    if arguments.answers is not None:
        lines = [json.loads(line) for line in arguments.answers.read_text(encoding="utf-8").splitlines()]
        made += answers([(line["question"], line["answer"]) for line in lines], conversations)
    with ConversationFile(arguments.out, collection="chats", resume=False) as file:
        for number, told in enumerate(made):
            file.keep({**told, "number": number})
    print(f"{len(made)} conversations in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
