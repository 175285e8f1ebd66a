"""A sentence before a mended program, saying what was wrong."""

from __future__ import annotations

import random

_REMARKS: dict[str, tuple[str, ...]] = {
    "misspelt_tool": ("There is no {wrong}; it is called {right}.", "The function is {right}, not {wrong}."),
    "usual_names": ("I must use the names that are listed.", "These functions have other names here."),
    "other_wording": ("It is known as {right}.", "The name is {right}, not {wrong}."),
    "wrong_unit": ("Lengths are in metres: {right}, not {wrong}.", "I mixed up the units: it is {right}."),
    "forgotten_import": ("I forgot to import {wrong}.", "{wrong} must be imported first."),
    "missing_argument": ("An argument was missing: it is {right}.", "I left out an argument."),
    "unexpected_argument": ("It takes no {wrong}.", "There is no argument {wrong}."),
    "absent_attribute": ("It has to be {right}.", "{wrong} does not exist; I take {right}."),
    "wrong_unpacking": ("It gives another number of values: {right}.", "I unpack it as {right}."),
    "unknown_variable": ("{wrong} was not defined.", "I used {wrong} without defining it."),
    "outside_of_loop": ("That belongs inside the loop.", "I indented it wrongly."),
    "half_a_loop": ("Not all of them are done yet.", "I must go through all of them."),
    "half_done": ("Now the rest.", "That is a part of it; I go on."),
    "look_first": ("Now I know enough to act.", "Now I do it."),
    "printed_answer": ("The answer must be given to finish().", "I call finish with the answer."),
    "joined_with_text": ("It is no text; I do not need to print it.", "That cannot be added to a text."),
    "exception": ("That line was not needed.", "I leave that line out."),
    "syntax": ("{wrong} was missing.", "I mend the syntax: {wrong} was missing."),
    "missed_grasp": ("The grasp failed; I try again.", "It was not picked up. Once more, with a second attempt."),
    "exchanged": ("I mixed up {wrong} and {right}.", "It was the wrong way round."),
    "stopped_midway": ("I hold it already; what is left is {right}.", "The first part is done. It is called {right}."),
    "opposite": ("That was not what was asked.", "That was wrong; now as it was asked."),
}
_GENERAL = ("I correct the program.", "Once more, corrected.", "Here is the corrected program.")
WITH_A_REMARK = 0.5
"""Share of mended programs that have a sentence before them."""


def remark(kind: str, wrong: str, right: str, chance: random.Random) -> str:
    """A sentence about a fault of this kind, or nothing."""
    if chance.random() >= WITH_A_REMARK:
        return ""
    fitting = [
        each for each in _REMARKS.get(kind, ()) if (wrong or "{wrong}" not in each) and (right or "{right}" not in each)
    ]
    text = chance.choice([*fitting, *fitting, *_GENERAL] if kind not in ("look_first", "half_done") else fitting)
    said = text.format(wrong=wrong, right=right)
    return said[0].upper() + said[1:] if text.startswith("{wrong} was missing") else said
