"""Environments: Gymnasium environments whose action is Python code, and the simulated worlds behind them.

Importing this package, or `codeact`, registers its tasks with Gymnasium under the namespace `CodeAct`: now if Gymnasium
is imported already, else as soon as it is. Gymnasium 1.0 and later load no plug-ins by themselves, but they import the
part before the colon of an id: `gymnasium.make("codeact_envs:CodeAct/Stack2-v0")` needs no import of its own.

    code_env.py   `CodeEnv`: one episode of a task, a program a step
    tasks/        one YAML file a task, predicates, scenes, reference programs
    bullet/       the simulated robot and its table
    tool_use/     questions that take several tools to answer, generated from seeds
    gym_tools/    any Gymnasium environment, driven from code
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact_envs.code_env import CodeEnv as CodeEnv

__all__ = ["CodeEnv", "register_envs"]


def register_envs() -> None:
    """Register every task of this package with Gymnasium, as `CodeAct/<Name>-v0`, and those to practise on as
    `Practice/<Name>-v0`. May be called again.

    It only reads the names of the task files: neither a task nor a simulator is loaded.
    """
    import gymnasium

    from codeact_envs.gym_tools.making import register_references
    from codeact_envs.tasks.catalog import ENTRY_POINT, environment_name, register_practice, task_names
    from codeact_envs.tool_use.catalog import register_tool_use

    for name in task_names():
        environment = f"CodeAct/{environment_name(name)}"
        if environment not in gymnasium.registry:
            gymnasium.register(environment, entry_point=ENTRY_POINT, kwargs={"task": name})
    register_practice()
    register_tool_use()
    register_references()


def __getattr__(name: str) -> object:
    if name == "CodeEnv":
        from codeact_envs.code_env import CodeEnv

        return CodeEnv
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")


# Not above: importing codeact loads the plug-ins, this one among them, and that calls `register_envs`.
from codeact.gymnasium_plugins import with_gymnasium  # noqa: E402

with_gymnasium(register_envs)
