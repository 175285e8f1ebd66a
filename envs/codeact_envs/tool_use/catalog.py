"""Which generators there are, by name and by Gymnasium id. Listing imports none of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from codeact.errors import TaskError

if TYPE_CHECKING:
    from codeact_envs.tool_use.task import ToolUseTask

GENERATORS = ("messages", "dna", "trade", "travel", "site", "rest", "sql", "files")
"""Each is a module of this package, whose `GENERATOR` is a `Generator`."""
GRADES = (1, 2, 3)


def tool_use_names() -> tuple[str, ...]:
    """Names of all tasks, such as `trade_2`: generator and grade."""
    return tuple(f"{generator}_{grade}" for generator in GENERATORS for grade in GRADES)


def load_tool_use_task(name: str) -> ToolUseTask:
    """Load a task by its name, such as `trade_2`, or `my_module:trade_2` for a module whose `GENERATOR` it is of.

    Raises:
        TaskError: there is no such generator or grade.
    """
    from codeact_envs.tool_use.generator import Generator
    from codeact_envs.tool_use.task import ToolUseTask

    module, _, short = name.rpartition(":")
    base, _, grade = short.rpartition("_")
    if not module:
        if short not in tool_use_names():
            raise TaskError(f"no tool-use task {name!r}; there are {', '.join(tool_use_names())}")
        module = f"codeact_envs.tool_use.{base}"
    try:
        generator = import_module(module).GENERATOR
    except (ImportError, AttributeError) as error:
        raise TaskError(f"the tool-use task {name!r}: {module} gives no GENERATOR: {error}") from error
    if not isinstance(generator, Generator) or generator.name != base:
        raise TaskError(f"the tool-use task {name!r}: {module}.GENERATOR is not the Generator named {base!r}")
    if grade not in map(str, generator.grades):
        grades = ", ".join(map(str, generator.grades))
        raise TaskError(f"the tool-use task {name!r}: {base!r} has the grades {grades}, not {grade!r}")
    return ToolUseTask(generator, int(grade))


def register_tool_use() -> None:
    """Register all tasks with Gymnasium, as `CodeAct/<Generator><Grade>-v0`. May be called again."""
    import gymnasium

    from codeact_envs.tasks.catalog import ENTRY_POINT, environment_name

    for name in tool_use_names():
        environment = f"CodeAct/{environment_name(name)}"
        if environment not in gymnasium.registry:
            gymnasium.register(environment, entry_point=ENTRY_POINT, kwargs={"task": name})
