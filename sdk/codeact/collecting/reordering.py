"""The same conversations with the tools of the prompt in another order, and fewer of them.

    python -m codeact.collecting.reordering DATA.jsonl --out MORE.jsonl --share 0.5 --orders 40 --fewer 0.3

A model that always reads the same list of tools learns where each stands, and not what it says: one tool more in the
middle, and it calls the wrong ones. Here the lines of a prompt's short stubs stand in another order, and some of the
tools that the conversation does not use are named among the others that can be called, or not at all. Nothing is
played: the order of the list changes nothing in an episode, and what is not called is not missed.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from codeact.collecting.errors import CollectionError
from codeact.collecting.records import ConversationFile, read_conversations

_STUB = re.compile(r"[A-Za-z_][\w.]*(?:, [A-Za-z_][\w.]*)*\(.*\)(?: -> .*)?(?:  # .*)?")
_ALSO = re.compile(r"Also: (?P<names>.+?)(?P<more> and \d+ more: .*)?")


def reordered(
    conversations: Sequence[Mapping[str, Any]], *, share: float, orders: int, fewer: float, seed: int = 0
) -> Iterator[dict[str, Any]]:
    """All conversations in their order, a share of them with another list of tools.

    Args:
        conversations: as `read_conversations` gives them.
        share: of those with short stubs, how many get another list.
        orders: so many lists there are for each prompt, each for several conversations: what begins alike is learnt
            faster, for it is read once.
        fewer: the share of the tools, among those that a conversation does not use, that its list lacks.
        seed: of the orders.

    Raises:
        CollectionError: a share is not between 0 and 1, or there are no orders.
    """
    if not (0.0 <= share <= 1.0 and 0.0 <= fewer <= 1.0 and orders >= 1):
        raise CollectionError(f"shares are from 0 to 1 and orders from 1 up, not {share:g}, {fewer:g} and {orders}")
    return _told(conversations, share, orders, fewer, seed)


def _told(
    conversations: Sequence[Mapping[str, Any]], share: float, orders: int, fewer: float, seed: int
) -> Iterator[dict[str, Any]]:
    before: Counter[str] = Counter()  # how many of those with this prompt have another list
    for place, conversation in enumerate(conversations):
        prompt = str(conversation["messages"][0]["content"])
        chosen = int((place + 1) * share) > int(place * share)
        again = _reordered(conversation, before[prompt] % orders, fewer, seed) if chosen else None
        before[prompt] += again is not None
        yield dict(conversation) if again is None else again


def _reordered(conversation: Mapping[str, Any], number: int, fewer: float, seed: int) -> dict[str, Any] | None:
    first, *others = conversation["messages"]
    lines = str(first["content"]).split("\n")
    places = [place for place, line in enumerate(lines) if _STUB.fullmatch(line)]
    if first["role"] != "system" or len(places) < 3:
        return None
    chance = random.Random(f"{seed}:{number}:{first['content']}")
    stubs = [lines[place] for place in places]
    chance.shuffle(stubs)
    used = "\n".join(str(message["content"]) for message in others)
    unused = [stub for stub in stubs if not any(_is_used(name, used) for name in _names(stub))]
    hidden = [stub for stub in unused if chance.random() < fewer]
    shown = [stub for stub in stubs if stub not in hidden]
    kept = [line for place, line in enumerate(lines) if place not in places]
    kept[places[0] : places[0]] = shown
    for place, line in enumerate(kept):
        if (also := _ALSO.fullmatch(line)) is not None:
            named = [*also["names"].split(", "), *(name for stub in hidden for name in _names(stub))]
            chance.shuffle(named)
            kept[place] = f"Also: {', '.join(named)}{also['more'] or ''}"
            break
    return {
        **conversation,
        "messages": [{**first, "content": "\n".join(kept)}, *others],
        "order": number,
    }


def _names(stub: str) -> list[str]:
    """Of the tools that a line is about: several where those of different groups read the same."""
    return stub.partition("(")[0].split(", ")


def _is_used(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def main() -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.5, help="of the conversations that get another list of tools")
    parser.add_argument("--orders", type=int, default=40, help="how many lists there are for each prompt")
    parser.add_argument("--fewer", type=float, default=0.3, help="the share of the unused tools that are not shown")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    number = changed = 0
    with ConversationFile(arguments.out, collection="reordered", resume=False) as file:
        for path in arguments.data:
            for told in reordered(
                read_conversations(path),
                share=arguments.share,
                orders=arguments.orders,
                fewer=arguments.fewer,
                seed=arguments.seed,
            ):
                file.keep({**told, "number": number})
                number += 1
                changed += "order" in told
    print(f"{number} conversations in {arguments.out}, {changed} of them with another list of tools")
    return 0


if __name__ == "__main__":
    sys.exit(main())
