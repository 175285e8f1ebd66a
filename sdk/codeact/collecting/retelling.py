"""The same episodes told otherwise: in other words, and with other names for the tools.

    python -m codeact.collecting.retelling DATA.jsonl --out MORE.jsonl --renamed 0.5
    python -m codeact.collecting.retelling DATA.jsonl --out MORE.jsonl --renamed 1.0 --names made_up --block 2

A scene, and what its reference program does in it, is the same whatever words the instruction has and however the tools
are called. So a conversation that was played and verified once is told again without playing it: the prompt is what an
agent reads in the environment with `phrasing="training"` (and `names`), and the program is the reference program there.
Only conversations of one reply by the reference program are retold.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from codeact.collecting.records import ConversationFile, digest, read_conversations

BLOCK = 10
"""Conversations with the same other names: making an environment costs more than reading its prompt."""


class _Read(Exception):
    """Carries what the agent's model was given to read."""


class _Reader:
    name = "reader"
    context_tokens: int | None = None

    def __init__(self, stubs: str) -> None:
        self.stubs = stubs

    def generate(self, messages: Sequence[Any], options: Any, on_text: Any = None) -> Any:
        raise _Read(messages)


def retell(
    conversations: Sequence[Mapping[str, Any]], *, renamed: float = 0.0, names: str = "training", block: int = BLOCK
) -> Iterator[dict[str, Any]]:
    """Each conversation that can be, in other words.

    Args:
        conversations: as `read_conversations` gives them.
        renamed: the share that gets other names for the tools, too, in blocks of one task.
        names: where these come from: `training`, or `made_up`.
        block: so many conversations have the same other names.

    Raises:
        TaskError: an environment has no other words.
    """
    chosen = [each for each in conversations if _can_be_retold(each)]
    chosen.sort(key=lambda each: (each["task"], each["number"]))
    for task, of_task in groupby(chosen, key=lambda each: str(each["task"])):
        several = list(of_task)
        for place, begin in enumerate(range(0, len(several), block)):
            alike = several[begin : begin + block]
            other = int((place + 1) * renamed) > int(place * renamed)
            yield from _block(task, alike, f"{names}:{alike[0]['seed'] + 1000 * place}" if other else None)


def _can_be_retold(conversation: Mapping[str, Any]) -> bool:
    replies = [message for message in conversation["messages"] if message["role"] == "assistant"]
    return (
        len(replies) == 1
        and conversation.get("source") == "oracle"
        and conversation.get("format") == "code"
        and not conversation.get("fault")
        and not conversation.get("names")
    )


def _block(task: str, block: Sequence[Mapping[str, Any]], names: str | None) -> Iterator[dict[str, Any]]:
    from codeact.agent import CodeActAgent
    from codeact.collecting.recording import in_tags
    from codeact.episode import play
    from codeact.evaluation.selection import make_environment

    options = {"values": block[0]["values"], "phrasing": "training", **({"names": names} if names else {})}
    env: Any = make_environment(task, options)
    try:
        for told in block:
            messages: Sequence[Any] = ()
            try:
                play(CodeActAgent(_Reader(told["stubs"])), env, told["seed"])
            except _Read as read:
                (messages,) = read.args
            program = in_tags(str(env.unwrapped.oracle()))
            if names is None and program != told["messages"][-1]["content"]:
                continue  # this scene is told by another program: not the one that was verified
            yield {
                **told,
                "messages": [
                    *({"role": message.role, "content": message.content} for message in messages),
                    {"role": "assistant", "content": program, "learn": True},
                ],
                "phrasing": "training",
                "names": names,
                "retold": told["number"],
            }
    finally:
        env.close()


def main() -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--renamed", type=float, default=0.0, help="the share with other names for the tools")
    parser.add_argument("--names", choices=("training", "made_up"), default="training", help="where these come from")
    parser.add_argument("--block", type=int, default=BLOCK, help="so many conversations have the same other names")
    arguments = parser.parse_args()
    number = 0
    seen: set[str] = set()
    with ConversationFile(arguments.out, collection="retold", resume=False) as file:
        for path in arguments.data:
            conversations = read_conversations(path)
            seen.update(digest(each["messages"]) for each in conversations)
            others = retell(conversations, renamed=arguments.renamed, names=arguments.names, block=arguments.block)
            for told in others:
                if (said := digest(told["messages"])) in seen:
                    continue
                seen.add(said)
                file.keep({**told, "number": number})
                number += 1
    print(f"{number} conversations in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
