"""A task as the arguments of an environment ask for it: another tier, other perception, other words, other values."""

from __future__ import annotations

from typing import Any

from codeact.errors import TaskError
from codeact_envs.tasks import Task, Values
from codeact_envs.tasks.phrasing import check_phrasing
from codeact_envs.tasks.protocol import VALUES


def varied(task: Task, *, perception: str | None, tier: str | None, phrasing: str) -> Task:
    """The task in another tier of perception, with other tools, in other words; `None` and `usual` leave it as it is.

    Raises:
        TaskError: the task has no such variants, or there is no phrasing of that name.
    """
    varying: Any = task
    if perception is not None:
        if not hasattr(varying, "perceived"):
            raise TaskError(f"the task {task.name!r} has no tiers of perception; leave out perception={perception!r}")
        varying = varying.perceived(perception)
    if tier is not None:
        if not hasattr(varying, "tiered"):
            raise TaskError(f"the task {task.name!r} has one tier of tools, {task.tier!r}; leave out tier={tier!r}")
        varying = varying.tiered(tier)
    if check_phrasing(phrasing) != "usual":
        if not hasattr(varying, "phrased"):
            raise TaskError(f"the task {task.name!r} says it in its own words only; leave out phrasing={phrasing!r}")
        varying = varying.phrased(phrasing)
    found: Task = varying
    return found


def watched(task: Task) -> Task:
    """The task in a window, for `render_mode="human"`.

    Raises:
        TaskError: it has no world that can be watched.
    """
    watchable: Any = task
    if not hasattr(watchable, "watched"):
        raise TaskError(f"the task {task.name!r} has no robot to watch; leave out render_mode='human'")
    found: Task = watchable.watched()
    return found


def check_values(values: Any) -> Values:
    """`seen` or `unseen`.

    Raises:
        TaskError: it is neither.
    """
    if values not in VALUES:
        raise TaskError(f"values must be 'seen' or 'unseen', not {values!r}")
    found: Values = values
    return found
