"""Reference programs of environments, and the returns that are a success in one episode: one YAML file each, in
`references`, named like the environment, in a folder of its namespace where it has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any


@dataclass(frozen=True)
class Reference:
    """What is known of an environment.

    Attributes:
        program: it plays one episode by the tools alone.
        threshold: the return that is a success; None for the environment's own.
    """

    program: str
    threshold: float | None = None

    @classmethod
    def of(cls, *, like: str | None = None, **facts: Any) -> Reference | None:
        """From what a file says; `like` names another environment, whose facts hold where there are no own."""
        other = reference(like) if like is not None else None
        return cls(**facts) if other is None else replace(other, **facts)


def referenced() -> tuple[str, ...]:
    """The ids of the environments that there is a reference for, sorted. It reads file names only."""
    return tuple(sorted(_names(files("codeact_envs.gym_tools").joinpath("references"))))


@cache
def reference(environment: str) -> Reference | None:
    """What is known of an environment by its Gymnasium id; None: nothing."""
    import yaml

    if environment not in referenced():
        return None
    path = files("codeact_envs.gym_tools").joinpath("references", f"{environment}.yaml")
    return Reference.of(**yaml.safe_load(path.read_text(encoding="utf-8")))


def _names(folder: Traversable) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from (f"{entry.name}/{name}" for name in _names(entry))
        elif entry.name.endswith(".yaml"):
            yield entry.name.removesuffix(".yaml")
