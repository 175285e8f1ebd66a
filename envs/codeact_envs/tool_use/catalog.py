"""Which generators there are, by name and by Gymnasium id. Listing imports none of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from codeact.errors import TaskError

if TYPE_CHECKING:
    from codeact_envs.tool_use.generator import Generator
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
    from codeact_envs.tool_use.task import ToolUseTask

    module, _, short = name.rpartition(":")
    base, _, grade = short.rpartition("_")
    if not module:
        if short not in tool_use_names():
            raise TaskError(f"no tool-use task {name!r}; there are {', '.join(tool_use_names())}")
        module = f"codeact_envs.tool_use.{base}"
    generator = _generator(module)
    if generator.name != base:
        raise TaskError(f"the tool-use task {name!r}: the generator in {module} is {generator.name!r}, not {base!r}")
    if grade not in map(str, generator.grades):
        grades = ", ".join(map(str, generator.grades))
        raise TaskError(f"the tool-use task {name!r}: {base!r} has the grades {grades}, not {grade!r}")
    return ToolUseTask(generator, int(grade))


def register_tool_use() -> None:
    """Register all tasks with Gymnasium, as `CodeAct/<Generator><Grade>-v0`. May be called again."""
    for name in tool_use_names():
        _register("CodeAct", name, name)


def register_generator(module: str, namespace: str) -> tuple[str, ...]:
    """Register a generator of your own with Gymnasium, one id a grade, such as `Mine/Shop1-v0`; returns the ids.

    Args:
        module: the name of a module that can be imported, and whose `GENERATOR` is a `Generator`.
        namespace: of the ids.

    Raises:
        TaskError: the module has no generator.
    """
    generator = _generator(module)
    names = [f"{generator.name}_{grade}" for grade in generator.grades]
    return tuple(_register(namespace, name, f"{module}:{name}") for name in names)


def _register(namespace: str, name: str, task: str) -> str:
    import gymnasium

    from codeact_envs.tasks.catalog import ENTRY_POINT, environment_name

    environment = f"{namespace}/{environment_name(name)}"
    if environment not in gymnasium.registry:
        gymnasium.register(environment, entry_point=ENTRY_POINT, kwargs={"task": task})
    return environment


def _generator(module: str) -> Generator:
    from codeact_envs.tool_use.generator import Generator

    try:
        found = import_module(module).GENERATOR
    except (ImportError, AttributeError) as error:
        raise TaskError(f"{module} gives no GENERATOR: {error}") from error
    if not isinstance(found, Generator):
        raise TaskError(f"{module}.GENERATOR is {type(found).__name__}, and should be a Generator")
    return found
