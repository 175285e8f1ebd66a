"""Any Gymnasium environment, driven from code: programs call `observe()` and `step(action)`.

    from codeact_envs import gym_tools

    env = gym_tools.wrap("FrozenLake-v1", is_slippery=False)

    spaces.py        spaces in words and as data; actions on their way in, observations on their way out
    world.py         an environment as a `World` of `CodeEnv`
    task.py          to earn a return in it, as a `Task` of `CodeEnv`
    packages.py      packages of environments beside Gymnasium, and what they need
    mini_grid.py     MiniGrid with the meaning of its numbers
    mini_wob.py      MiniWoB++ without its clock
    science_world.py ScienceWorld's tasks as Gymnasium environments
    references.py    reference programs, one YAML file an environment, in references/
    making.py        `wrap`, `register`, and what Gymnasium calls for a registered environment

`docs/any-environment.md` shows how it is used, and which environments it was tried with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact_envs.gym_tools.making import register as register
    from codeact_envs.gym_tools.making import wrap as wrap

__all__ = ["register", "wrap"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from codeact_envs.gym_tools import making

        return getattr(making, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
