"""The level of the wall in plain words."""

from __future__ import annotations

from collections.abc import Collection

from codeact.tools.wording import listed


def level_in_words(without: Collection[str]) -> str:
    """How much of the wall stands, in plain words.

    Args:
        without: names of the layers that do not stand.
    """
    if not without:
        return "full wall"
    if "process" in without:
        return "none: no program can run here"
    if {"landlock", "seccomp"} <= set(without):
        return f"none: the kernel holds nothing back, without {listed(sorted(without))}"
    return f"reduced: without {listed(sorted(without))}"
