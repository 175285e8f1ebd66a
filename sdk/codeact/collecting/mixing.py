"""One file of training data from several: shares of them, without duplicates, in an order of chance.

    python -m codeact.collecting.mixing usual.jsonl more.jsonl:0.35 chats.jsonl --out data.jsonl --seed 1

Behind a colon stands the share of a file's conversations that is taken, drawn with the seed. `--without TEXT` leaves
out conversations in which the text occurs. Of each conversation only what training and its reader need is kept.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codeact.collecting.errors import CollectionError
from codeact.collecting.records import ConversationFile, digest, read_conversations

_KEPT = ("version", "messages", "task", "seed", "values", "phrasing", "names", "fault", "source")


def mix(
    files: Sequence[tuple[str, float, Sequence[Mapping[str, Any]]]], *, seed: int = 0, without: Sequence[str] = ()
) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Conversations in their new order, and how many were taken from each file and left out for what reason.

    Args:
        files: name, share and conversations of each; of equal conversations the first is taken.
        seed: of the shares and of the order.
        without: texts that no conversation may hold.
    """
    taken: list[dict[str, Any]] = []
    seen: set[str] = set()
    count: Counter[str] = Counter()
    for name, share, conversations in files:
        chance = random.Random(f"{seed} {name}")
        for told in conversations:
            said = digest(told["messages"])
            if said in seen:
                count["duplicates"] += 1
            elif any(text in message["content"] for text in without for message in told["messages"]):
                count["with a text that is kept out"] += 1
            elif chance.random() < share:
                seen.add(said)
                taken.append({key: told[key] for key in _KEPT if key in told})
                count[name] += 1
    random.Random(seed).shuffle(taken)
    return taken, count


def main() -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", metavar="FILE[:SHARE]")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", action="append", default=[], metavar="TEXT")
    arguments = parser.parse_args()
    files = []
    for given in arguments.data:
        path, colon, share = given.rpartition(":")
        path, portion = (Path(path), float(share)) if colon else (Path(given), 1.0)
        if not 0 < portion <= 1:
            raise CollectionError(f"{given}: a share is above 0 and at most 1")
        files.append((path.name, portion, read_conversations(path)))
    taken, count = mix(files, seed=arguments.seed, without=arguments.without)
    with ConversationFile(arguments.out, collection="mixed", resume=False) as file:
        for number, told in enumerate(taken):
            file.keep({**told, "number": number})
    for name, several in count.items():
        print(f"{several:6d}  {name}")
    print(f"{len(taken):6d}  conversations in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
