"""Reference programs of environments, and the returns that are a success in one episode: one YAML file each, in
`references`, named like the environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Reference:
    """What is known of an environment.

    Attributes:
        program: it plays one episode by the tools alone.
        threshold: the return that is a success; None for the environment's own.
    """

    program: str
    threshold: float | None = None


def referenced() -> tuple[str, ...]:
    """The ids of the environments that there is a reference for, sorted. It reads file names only."""
    names = (entry.name for entry in files("codeact_envs.gym_tools").joinpath("references").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


@cache
def reference(environment: str) -> Reference | None:
    """What is known of an environment by its Gymnasium id; None: nothing."""
    import yaml

    if environment not in referenced():
        return None
    path = files("codeact_envs.gym_tools").joinpath("references", f"{environment}.yaml")
    return Reference(**yaml.safe_load(path.read_text(encoding="utf-8")))
