"""Environments: Gymnasium environments whose action is Python code, and the simulated worlds behind them.

Importing this package registers its tasks with Gymnasium under the namespace `CodeAct`, now if Gymnasium is imported
already, else as soon as it is. Gymnasium 1.0 and later load no plug-ins by themselves (earlier ones did, by the entry-
point group `gymnasium.envs`, which calls `register_envs`); they do import the part before the colon of an id, so
`gymnasium.make("codeact_envs:CodeAct/Stack2-v0")` needs no import of its own.

    code_env.py   `CodeEnv`: one episode of a task, a program a step
    tasks/        one YAML file a task, predicates, scenes, reference programs
    bullet/       the simulated robot and its table
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

    from codeact_envs.code_env import CodeEnv as CodeEnv

__all__ = ["CodeEnv", "register_envs"]


def register_envs() -> None:
    """Register every task of this package with Gymnasium, as `CodeAct/<Name>-v0`. May be called again.

    It only reads the names of the task files: neither a task nor a simulator is loaded.
    """
    import gymnasium

    from codeact_envs.tasks.catalog import ENTRY_POINT, environment_name, task_names

    for name in task_names():
        environment = f"CodeAct/{environment_name(name)}"
        if environment not in gymnasium.registry:
            gymnasium.register(environment, entry_point=ENTRY_POINT, kwargs={"task": name})


class _RegisterWithGymnasium:
    """An import hook that waits for `gymnasium`, so that importing this package alone costs no import of it."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if name != "gymnasium":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        loader: Any = spec.loader if spec is not None else None
        if loader is None:
            return None
        load = loader.exec_module

        def load_and_register(module: Any) -> None:
            load(module)
            register_envs()

        loader.exec_module = load_and_register
        return spec


if hasattr(sys.modules.get("gymnasium"), "register"):
    register_envs()
else:
    sys.meta_path.insert(0, _RegisterWithGymnasium())


def __getattr__(name: str) -> object:
    if name == "CodeEnv":
        from codeact_envs.code_env import CodeEnv

        return CodeEnv
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
