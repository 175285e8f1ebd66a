"""Conversations in which something goes wrong first: what is said in them, before it is seen how they end."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codeact.collecting.faults import FAULTS, Fault, Faulty
from codeact.collecting.recording import Said, in_tags
from codeact.collecting.remarks import remark
from codeact.collecting.source import Source

TRIED = 4
"""So many episodes at most, until one recovers."""
TWICE, ANOTHER = 0.06, 0.08
"""Shares in which the same fault is made again, and in which another one follows it."""
_ONCE = ("stopped_midway", "missed_grasp", "half_done", "half_a_loop", "look_first", "printed_answer")


@dataclass(frozen=True)
class Recovery:
    """What is said in an episode that recovers.

    Attributes:
        kind: the fault's name.
        replies: faulty ones first.
        perturb: what must go wrong in the world for it.
    """

    kind: str
    replies: tuple[Said, ...]
    perturb: str | None = None


def recoveries(
    program: str, effects: Mapping[str, str], others: Mapping[str, str | Faulty], chance: random.Random
) -> Iterator[Recovery]:
    """Ways to go wrong with a program and to mend it, in an order of chance.

    Args:
        program: the one that succeeds.
        effects: the effect of each tool, by name.
        others: further programs that go wrong, by the name of the fault.
        chance: all comes from it.
    """
    source = Source(program, effects)
    kinds: dict[str, tuple[float, Fault]] = {**FAULTS}
    for name, other in others.items():
        kinds[name] = (2.0, _always(Faulty(other) if isinstance(other, str) else other))
    order = sorted(kinds, key=lambda name: chance.random() ** (1 / kinds[name][0]), reverse=True)
    found = [(name, faulty) for name in order if (faulty := _made(kinds[name][1], source, chance)) is not None]
    for place, (name, faulty) in enumerate(found):
        first = [_said(faulty)]
        if name not in _ONCE and not faulty.odd and not faulty.perturb:
            draw = chance.random()
            if draw < TWICE:
                first *= 2
            elif draw < TWICE + ANOTHER and place + 1 < len(found) and _may_follow(*found[place + 1]):
                first.append(_said(found[place + 1][1]))
        for mended in faulty.mended or (program,):
            words = "" if faulty.odd else remark(name, faulty.wrong, faulty.right, chance)
            last = Said(f"{words}\n{in_tags(mended)}".lstrip("\n"))
            yield Recovery(name, (*first, last), faulty.perturb)


def _always(faulty: Faulty) -> Fault:
    return lambda source, chance: faulty


def _made(fault: Fault, source: Source, chance: random.Random) -> Faulty | None:
    faulty = fault(source, chance)
    return None if faulty is None or (faulty.text == source.text and not faulty.odd) else faulty


def _said(faulty: Faulty) -> Said:
    return Said(faulty.text if faulty.odd else in_tags(faulty.text), learn=faulty.learn, cut=faulty.cut)


def _may_follow(name: str, faulty: Faulty) -> bool:
    return name not in _ONCE and not faulty.odd and not faulty.perturb
