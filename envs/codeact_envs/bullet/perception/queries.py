"""Find things by a description in words: `the red block left of the bowl`.

    query     = group {"and" clause}
    group     = {"the" | "a" | "all" | count | ordinal | rank | attribute | noun | name} {clause}
    count     = "two" | "three" | ...                          "the two blocks nearest to the bowl"
    rank      = "largest" | "smallest" | "tallest" | "shortest" | "leftmost" | "rightmost" | "nearest" | ...
    ordinal   = "first" | "second" | ...                       "second largest", "third from the left"
    attribute = a colour, or a word of a thing's name
    noun      = "block" | "cube" | "bowl" | "cylinder" | "plate" | "zone" | "object" | ... | the last word of a name
    clause    = ["that is" | "which is" | ...] (relation group | "between" group "and" group
              | "nearest" ["to"] group | "farthest" ["from"] group | [ordinal] "from the" side | "on the table")

A clause belongs to the noun before it: in "the block left of the bowl behind the cube" it is the bowl that is behind
the cube. After "and" it belongs to the first noun of the query: "the block left of the bowl and behind the cube".
Attributes and relations choose first, then ranks in the order of the words, each one thing, or as many as a count
says; of equals, the first in the order of the scene. Plurals are read as their singular. Nothing else is understood,
and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from codeact_envs.bullet.bodies.colors import COLORS
from codeact_envs.bullet.errors import Ambiguous, NotUnderstood, UnknownObject
from codeact_envs.bullet.perception.relations import (
    FARTHEST,
    NEAREST,
    NOUNS,
    ORDINALS,
    RANKS,
    RELATIONS,
    SIDES,
    between,
    distance,
)
from codeact_envs.bullet.perception.seen import Seen, inside, rests_on

Test = Callable[[Seen], bool]
Rank = Callable[[list[Seen]], list[Seen]]

_WORD = re.compile(r"[a-z0-9']+")
_ARTICLES = frozenset({"the", "a", "an", "all", "of", "every", "each", "any", "find"})
_LINKS = frozenset({"that", "which", "is", "are", "lies", "lie", "stands", "stand", "being", "lying", "standing"})
_COUNTS = {word: count for count, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight"), 2)}
_COLOR_WORDS = {**{name: name for name in COLORS}, "grey": "gray"}
_FROM, _BETWEEN, _ON_TABLE = ("from", "the"), ("between",), ("on", "the", "table")
_PHRASES = sorted([*RELATIONS, *NEAREST, *FARTHEST, _BETWEEN, _ON_TABLE, _FROM], key=len, reverse=True)
_TO = (("to",), ("from",))
_PREPOSED = {pair[0]: pair for pair in (*NEAREST, *FARTHEST)}
_BEFORE_A_NOUN = ("the", "a", "an")
_LONGEST = max(map(len, _PHRASES))
_MOST_CHARACTERS = 500  # of a query: clauses lie in each other, and are read by recursion
_NUMBER = ("", *(f"number {count} " for count in range(2, 10)))


@dataclass
class _Group:
    """A group of the query as read: tests and choices in order, each with its words."""

    tests: list[tuple[str, Test]] = field(default_factory=list)
    ranks: list[tuple[str, Rank]] = field(default_factory=list)
    count: int | None = None
    position: int | None = None  # of an ordinal that waits for its rank
    toward: str | None = None  # "nearest" or "farthest", while a "to" or "from" may follow the noun

    def said(self) -> str:
        """What was understood, in words."""
        return ", ".join([*(words for words, _ in self.tests), *(words for words, _ in self.ranks)]) or "anything"

    def choose(self, things: list[Seen]) -> list[Seen]:
        found = list(things)
        for _, test in self.tests:
            found = [thing for thing in found if test(thing)]
        for index, (_, rank) in enumerate(self.ranks):
            ordered = rank(found)
            found = ordered[: (self.count or 1) if index == len(self.ranks) - 1 else 1]
        return found


def find_all(query: str, things: Sequence[Seen]) -> list[Seen]:
    """Everything that fits a description, in the order of `things`; where a rank chooses several, in its order.

    Raises:
        NotUnderstood: a word is not known, or the words make no description.
        Ambiguous: something that the description refers to could be several things.
        UnknownObject: something that the description refers to is not there.
    """
    return _Reader(query, things).query().choose(list(things))


def find_one(query: str, things: Sequence[Seen]) -> Seen:
    """The one thing that fits a description.

    Raises:
        Ambiguous: several fit; the message names them.
        UnknownObject: none fits; the message says what was understood and what there is.
        NotUnderstood: as for `find_all`.
    """
    return _only(_Reader(query, things).query(), list(things), query)


def _only(group: _Group, things: list[Seen], query: str) -> Seen:
    found = group.choose(things)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownObject(f"nothing fits {query!r}, understood as <{group.said()}>; {_there_are(things)}")
    names = ", ".join(thing.name for thing in found)
    raise Ambiguous(
        f"{query!r}, understood as <{group.said()}>, fits {len(found)} objects: {names}; say more, or use find_all"
    )


def _there_are(things: Sequence[Seen]) -> str:
    return f"there are {', '.join(thing.name for thing in things)}" if things else "there is nothing on the table"


class _Reader:
    """Reads a query from left to right, without going back."""

    def __init__(self, query: str, things: Sequence[Seen]) -> None:
        if len(query) > _MOST_CHARACTERS:
            raise NotUnderstood(
                f"a description has at most {_MOST_CHARACTERS} characters, not {len(query):,}: {query[:40]!r}..."
            )
        self._query, self._things = query, list(things)
        self._words = _WORD.findall(query.lower())
        self._at = 0
        self._names = [_WORD.findall(thing.name.lower()) for thing in things]
        self._name_words = {word for words in self._names for word in words}

    def query(self) -> _Group:
        if not self._words:
            raise NotUnderstood(f"{self._query!r} describes nothing; {_there_are(self._things)}")
        group = self._group()
        while self._take("and"):
            if not self._clauses(group):
                raise self._unknown()
        if self._at < len(self._words):
            raise self._unknown()
        return group

    def _group(self) -> _Group:
        group = _Group()
        start = self._at
        while (word := self._word()) is not None and not self._phrase():
            if word in _ARTICLES:
                self._at += 1
            elif word in _COUNTS:
                group.count = _COUNTS[word]
                self._at += 1
            elif not (self._whole_name(group) or self._rank(group) or self._attribute(group)):
                break
        if not group.tests and not group.ranks and group.toward is None:
            self._at = start if self._word() is None else self._at
            raise self._unknown()
        self._clauses(group)
        if group.toward is not None:
            position, group.position = group.position or 0, None
            group.ranks.append(_ranked(f"{_NUMBER[position]}{group.toward} the robot", RANKS[group.toward], position))
        if group.position is not None or (group.count is not None and not group.ranks):
            raise NotUnderstood(
                f"{self._query!r} counts objects without saying in which order: add, for example, from the left"
            )
        return group

    # Before the clauses

    def _whole_name(self, group: _Group) -> bool:
        """The name of a thing, unless it begins another's name too: then it describes them both."""
        for words, thing in zip(self._names, self._things, strict=True):
            length = len(words)
            if length > 1 and self._words[self._at : self._at + length] == words:
                if sum(other[:length] == words for other in self._names) > 1:
                    continue
                self._at += length
                group.tests.append((thing.name, _named({thing.name})))
                return True
        return False

    def _rank(self, group: _Group) -> bool:
        word, following = self._word() or "", self._word(1) or ""
        if word in ORDINALS:
            self._at += 1
            group.position = ORDINALS[word]
        elif (pair := _PREPOSED.get(word)) is not None and (word, following) != pair:
            if group.tests and following in _BEFORE_A_NOUN:
                return False  # "the block nearest the bowl": a clause
            self._at += 1
            group.toward = word
        elif word in RANKS and (word, following) not in NEAREST + FARTHEST:
            self._at += 1
            position, group.position = group.position or 0, None
            group.ranks.append(_ranked(f"{_NUMBER[position]}{word}", RANKS[word], position))
        else:
            return False
        return True

    def _attribute(self, group: _Group) -> bool:
        word = self._word() or ""
        single = self._singular(word)
        color = _COLOR_WORDS.get(word)
        if color is not None:
            group.tests.append((color, lambda thing: thing.color == color))
        elif single in NOUNS or single in self._name_words:
            fits = NOUNS.get(single)
            named = _named(
                {thing.name for words, thing in zip(self._names, self._things, strict=True) if single in words}
            )
            group.tests.append((single, lambda thing: named(thing) or (fits is not None and fits(thing))))
        else:
            return False
        self._at += 1
        return True

    def _singular(self, word: str) -> str:
        for ending in ("", "s", "es"):
            stem = word.removesuffix(ending)
            if stem in NOUNS or stem in self._name_words:
                return stem
        return word

    # Clauses

    def _clauses(self, group: _Group) -> bool:
        """All clauses that follow without an "and"; whether there was one."""
        found = False
        while phrase := self._phrase() or self._to(group) or self._without_to():
            while self._word() in _LINKS:
                self._at += 1
            self._clause(group, phrase)
            found = True
        return found

    def _phrase(self) -> tuple[str, ...]:
        """The phrase that begins a clause here, links left out; empty when none does."""
        at = self._at
        while at < len(self._words) and self._words[at] in _LINKS:
            at += 1
        here = tuple(self._words[at : at + _LONGEST])
        if here[:1] and here[0] in ORDINALS and here[1:3] == _FROM:
            return (here[0], *_FROM)
        return next((phrase for phrase in _PHRASES if here[: len(phrase)] == phrase), ())

    def _to(self, group: _Group) -> tuple[str, ...]:
        """The "to" of "the nearest block to the bowl"."""
        here = (self._word() or "",)
        return here if group.toward and (group.toward, *here) in NEAREST + FARTHEST else ()

    def _without_to(self) -> tuple[str, ...]:
        """The "nearest" of "the block nearest the bowl", links left out."""
        at = self._at
        while at < len(self._words) and self._words[at] in _LINKS:
            at += 1
        here = self._words[at : at + 2]
        return (here[0],) if len(here) == 2 and here[0] in _PREPOSED and here[1] in _BEFORE_A_NOUN else ()

    def _clause(self, group: _Group, phrase: tuple[str, ...]) -> None:
        self._at += len(phrase)
        words = " ".join(phrase)
        if phrase[-2:] == _FROM:
            self._side(group, phrase)
        elif phrase == _ON_TABLE:
            group.tests.append((words, lambda thing: _stands_on_table(thing, self._things)))
        elif phrase == _BETWEEN:
            first = self._reference()
            if not self._take("and"):
                raise NotUnderstood(f"{self._query!r}: between needs two things, as in between the bowl and the cube")
            second = self._reference()
            others = _named({first.name, second.name})
            group.tests.append(
                (
                    f"between {first.name} and {second.name}",
                    lambda thing: not others(thing) and between(thing, first, second),
                )
            )
        elif phrase in NEAREST + FARTHEST:
            self._by_distance(group, words)
        elif phrase[0] in _PREPOSED:
            self._by_distance(group, " ".join(_PREPOSED[phrase[0]]))
        elif phrase in _TO:
            word, group.toward = group.toward or "", None
            self._by_distance(group, f"{word} {words}")
        else:
            holds, other = RELATIONS[phrase], self._reference()
            own = _named({other.name})
            group.tests.append((f"{words} {other.name}", lambda thing: not own(thing) and holds(thing, other)))

    def _by_distance(self, group: _Group, words: str) -> None:
        """`nearest to` or `farthest from` a reference, or the robot."""
        sign = 1.0 if tuple(words.split()) in NEAREST else -1.0
        position, group.position = group.position or 0, None
        for robot in (("the", "robot"), ("robot",)):
            if tuple(self._words[self._at : self._at + len(robot)]) == robot and "robot" not in self._name_words:
                self._at += len(robot)
                group.ranks.append(_ranked(f"{_NUMBER[position]}{words} the robot", RANKS[words.split()[0]], position))
                return
        goal = self._reference()
        itself = _named({goal.name})
        group.tests.append((f"other than {goal.name}", lambda thing: not itself(thing)))
        group.ranks.append(
            _ranked(f"{_NUMBER[position]}{words} {goal.name}", lambda thing: sign * distance(thing, goal), position)
        )

    def _side(self, group: _Group, phrase: tuple[str, ...]) -> None:
        """`from the left`, after an ordinal here or before the noun."""
        position = ORDINALS.get(phrase[0], group.position)
        group.position = None
        side = self._word() or "..."
        if side not in SIDES:
            raise NotUnderstood(f"{self._query!r}: from the {side}? Sides are {', '.join(SIDES)}")
        self._at += 1
        group.ranks.append(_ranked(f"{_NUMBER[position or 0]}from the {side}", SIDES[side], position or 0))

    def _reference(self) -> Seen:
        """The one thing that a clause refers to."""
        start = self._at
        group = self._group()
        return _only(group, self._things, " ".join(self._words[start : self._at]))

    # Words

    def _word(self, ahead: int = 0) -> str | None:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else None

    def _take(self, word: str) -> bool:
        if self._word() == word:
            self._at += 1
            return True
        return False

    def _unknown(self) -> NotUnderstood:
        word = self._word()
        understood = " ".join(self._words[: self._at])
        what = f"something is missing in {self._query!r}" if word is None else f"{word!r} is not understood"
        after = f", after <{understood}>" if understood and word else ""
        return NotUnderstood(
            f"{what}{after}; known are colours ({', '.join(COLORS)}), "
            f"nouns ({', '.join(NOUNS)}), ranks ({', '.join(RANKS)}) and relations "
            f"({', '.join(' '.join(phrase) for phrase in _PHRASES)}); {_there_are(self._things)}"
        )


def _named(names: set[str]) -> Test:
    return lambda thing: thing.name in names


def _ranked(said: str, measure: Callable[[Seen], float], position: int) -> tuple[str, Rank]:
    # Rounded, so that differences too small to see do not decide; then the order of the scene does.
    return said, lambda found: sorted(found, key=lambda thing: round(measure(thing), 6))[position:]


def _stands_on_table(thing: Seen, things: list[Seen]) -> bool:
    others = [other for other in things if other.shape != "zone" and other.name != thing.name]
    return (
        thing.shape != "zone"
        and thing.space.prism.low < 0.02
        and not any(rests_on(thing, other) or inside(thing, other) for other in others)
    )
