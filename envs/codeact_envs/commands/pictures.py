"""Pictures of tasks: the scene as it begins, and as it is when the reference program has run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.evaluation.selection import make_environment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Views:
    """A task before and after its reference program: frames uint8 of shape (height, width, 3), and how it ended."""

    task: str
    instruction: str
    first: NDArray[np.uint8]
    last: NDArray[np.uint8]
    success: bool


def open_task(task: str, width: int, height: int) -> Any:
    """The environment of a task, unwrapped, that draws."""
    return make_environment(task, {"render_mode": "rgb_array", "width": width, "height": height}).unwrapped


def views(task: str, seed: int, width: int, height: int) -> Views:
    """Play the reference program of a task."""
    env = open_task(task, width, height)
    try:
        env.reset(seed=seed)
        instruction, first = env.instruction, env.render()
        info = env.step(env.oracle())[4]
        return Views(task, instruction, first, env.render(), bool(info["success"]))
    finally:
        env.close()
