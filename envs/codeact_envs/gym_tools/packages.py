"""Packages of environments beside Gymnasium: which ids are theirs, and what they need to be driven here."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
from gymnasium.envs import registration

from codeact.errors import TaskError


class NotInstalled(TaskError):
    """A package of environments, or a program that it runs, is not installed."""


@dataclass(frozen=True)
class Package:
    """One package of environments.

    Attributes:
        distribution: what it is called where it is installed from.
        module: imported to have the environments registered.
        ids: what their ids begin with.
        anew: their resets leave something of the episode before, so they are to be made anew for each.
    """

    distribution: str
    module: str
    ids: tuple[str, ...]
    anew: bool = False


PACKAGES = (
    Package("gymnasium-robotics", "gymnasium_robotics", ("Adroit", "AntMaze", "Fetch", "Franka", "Hand", "PointMaze")),
    Package("minigrid", "minigrid", ("BabyAI-", "MiniGrid-")),
    Package("miniwob", "miniwob", ("miniwob/",)),
    Package("panda-gym", "panda_gym", ("Panda",), anew=True),
    Package("scienceworld", "codeact_envs.gym_tools.science_world", ("ScienceWorld/",)),
)
_MAKERS = {"minigrid": "codeact_envs.gym_tools.mini_grid", "miniwob": "codeact_envs.gym_tools.mini_wob"}
_EXTRA = "the extra codeact[environments] brings it"


def package_of(environment: str) -> Package | None:
    """The package that an id is of; None: of none that is known here."""
    return next((package for package in PACKAGES if environment.startswith(package.ids)), None)


def spec_of(environment: str) -> Any:
    """Gymnasium's spec of an environment, once the package that it is of has been imported.

    Raises:
        NotInstalled: the package is not installed.
        gymnasium.error.Error: there is no such environment.
    """
    if "DISPLAY" not in os.environ:
        os.environ.setdefault("MUJOCO_GL", "egl")  # MuJoCo would look for a screen, and may end the process without one
    module, _, name = environment.rpartition(":")
    package = package_of(name)
    if name not in gymnasium.registry and (module or package is not None):
        try:
            importlib.import_module(module or package.module)  # type: ignore[union-attr]
        except ImportError as error:
            hint = f": install {package.distribution}; {_EXTRA}" if package is not None else ""
            raise NotInstalled(
                f"the environment {name!r} is of a package that cannot be imported ({error}){hint}"
            ) from error
    return gymnasium.spec(name)


def creator_of(spec: Any) -> Any:
    """The class, or the function, that makes an environment."""
    entry = spec.entry_point
    return registration.load_env_creator(entry) if isinstance(entry, str) else entry


def maker_of(spec: Any) -> Callable[..., gymnasium.Env[Any, Any]]:
    """What makes an environment of a spec: `gymnasium.make`, or what wraps its environments for use here."""
    creator = spec.entry_point if isinstance(spec.entry_point, str) else spec.entry_point.__module__
    module = _MAKERS.get(creator.partition(".")[0])
    maker: Callable[..., gymnasium.Env[Any, Any]] = importlib.import_module(module).make if module else gymnasium.make
    return maker


__all__ = ["PACKAGES", "NotInstalled", "Package", "creator_of", "maker_of", "package_of", "spec_of"]
