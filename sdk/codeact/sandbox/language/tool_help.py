"""What `help` says of tools: one by its name, those that fit some words, or all, in as many lines as one can read."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

_MOST_FOUND = 8
_MOST_LISTED = 60
_LONGEST_LINE = 160
_LONGEST_QUERY = 400
_SHORTEST_STEM = 4
_NAME_WEIGHT = 3.0
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_EVERYWHERE = frozenset(
    ("a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with")
)


class ToolHelp:
    """Looks through the tools of a session. Their words are counted at the first search."""

    def __init__(self, docs: Mapping[str, str], types: Mapping[str, str]) -> None:
        """Take what can be said.

        Args:
            docs: full name of each tool to its doc, which begins with the name and the signature.
            types: name of each type that the tools declare to its stub.
        """
        self.types = types
        self._docs = docs
        self._indexed: list[tuple[str, frozenset[str], frozenset[str]]] = []
        self._rarity: dict[str, float] = {}

    def about(self, words: str) -> str:
        """All of a tool or type that is named so, or the tools of such a group; else the tools that fit best."""
        words = words.strip()[:_LONGEST_QUERY]
        if words in self._docs or words in self.types:
            return self._docs.get(words) or self.types[words]
        members = [name for name in self._docs if name.startswith(f"{words}.")]
        if members:
            return self._listed(members, f"tools of {words}")
        found = self._found(words)
        if not found:
            return f"no tool fits {words!r:.100}; help() lists them"
        lines = [line for name in found for line in (self._first_line(name), *self._summary(name))]
        return "\n".join([*lines, "", f"help({found[0]}) says more of one"])

    def all(self) -> str:
        """All tools, a line each; where they are too many, how many there are in each group."""
        return self._listed(list(self._docs), "tools") if self._docs else "there are no tools"

    def _listed(self, names: list[str], what: str) -> str:
        head = f"{len(names)} {what}"
        if len(names) <= _MOST_LISTED:
            return "\n".join([f"{head}:", *map(self._first_line, names)])
        groups = Counter(name.rpartition(".")[0] or "(no group)" for name in names)
        counted = ", ".join(f"{group} ({count})" for group, count in groups.most_common(_MOST_LISTED))
        return f"{head}: {counted}\nhelp('words of what you need') finds some"

    def _first_line(self, name: str) -> str:
        line = self._docs[name].split("\n", 1)[0]
        return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 3] + "..."

    def _summary(self, name: str) -> list[str]:
        text = self._docs[name].partition("\n")[2].strip().split("\n")[0]
        return [f"    {text[:_LONGEST_LINE]}"] if text else []

    # ---- search -----------------------------------------------------------------------------------------------------

    def _found(self, query: str) -> list[str]:
        if not self._indexed:
            self._index()
        asked = _stems(query)
        scored = []
        for place, (name, in_name, in_doc) in enumerate(self._indexed):
            score = 0.0
            for stem in asked:
                rarity = self._rarity.get(stem, 0.0)
                score += rarity * (_NAME_WEIGHT if stem in in_name else 1.0 if stem in in_doc else 0.0)
            if score > 0:
                # Of two that fit alike, the one that says less beside it.
                scored.append((-score, len(in_name - asked), place, name))
        return [name for *_, name in sorted(scored)[:_MOST_FOUND]]

    def _index(self) -> None:
        counts: Counter[str] = Counter()
        for name, doc in self._docs.items():
            in_name, in_doc = _stems(name), _stems(doc)
            self._indexed.append((name, in_name, in_doc))
            counts.update(in_name | in_doc)
        total = len(self._docs)
        self._rarity = {stem: math.log(1 + total / count) for stem, count in counts.items()}


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word.lower()) for word in _WORDS.findall(text) if word.lower() not in _EVERYWHERE)


def _stem(word: str) -> str:
    """A word without its commonest endings: issue and issues, create and creating are one."""
    for ending in ("ing", "ies", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM - 1:
            return word[: -len(ending)]
    return word
