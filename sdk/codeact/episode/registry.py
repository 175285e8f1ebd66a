"""Environments that installed packages offer, in Gymnasium's registry."""

from __future__ import annotations

import functools
import warnings

GROUP = "gymnasium.envs"


@functools.cache
def load_environments() -> None:
    """Let every installed package register its environments, once a process.

    Gymnasium loaded the entry points of this group by itself before version 1.0, and does so no more. A package that
    fails to register is warned about; the others are registered all the same.
    """
    from importlib.metadata import entry_points

    for entry in entry_points(group=GROUP):
        try:
            entry.load()()
        except Exception as error:  # somebody else's package, with whatever is wrong with it
            warnings.warn(f"the environments of {entry.value} were not registered: {error}", stacklevel=2)
