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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from codeact.collecting.records import ConversationFile, read_conversations

_STUB = re.compile(r"(?P<name>[A-Za-z_][\w.]*)\(.*\)(?: -> .*)?(?:  # .*)?")
_ALSO = "Also: "


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
    """
    for place, conversation in enumerate(conversations):
        chosen = int((place + 1) * share) > int(place * share)
        again = _reordered(conversation, place % orders, fewer, seed) if chosen else None
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
    hidden = [stub for stub in stubs if chance.random() < fewer and not _is_used(_name(stub), used)]
    shown = [stub for stub in stubs if stub not in hidden]
    kept = [line for place, line in enumerate(lines) if place not in places]
    kept[places[0] : places[0]] = shown
    also = next((place for place, line in enumerate(kept) if line.startswith(_ALSO)), None)
    if also is not None:
        named = [*kept[also].removeprefix(_ALSO).split(", "), *map(_name, hidden)]
        chance.shuffle(named)
        kept[also] = _ALSO + ", ".join(named)
    return {
        **conversation,
        "messages": [{**first, "content": "\n".join(kept)}, *others],
        "order": number,
    }


def _name(stub: str) -> str:
    return stub.partition("(")[0]


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
