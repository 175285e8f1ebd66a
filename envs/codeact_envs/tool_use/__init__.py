"""Tasks that need no robot: questions that take several tools to answer, generated from seeds.

A `Generator` is one field, such as trade or DNA: a service with a few tools, and kinds of questions in three grades, by
how many calls depend on one another. Its data, its answer and its words come from the seed; the answer is computed by a
solver that never sees the tools. `docs/tool-use-tasks.md` shows them all, and how to add one.

    drawing.py      chance, and words that are seen or kept unseen
    answers.py      how an answer is compared
    generator.py    `Question`, `Case`, `Generator`, and what a service has to do
    world.py        a service as a `World` of `CodeEnv`
    task.py         a generator in one grade, as a `Task` of `CodeEnv`
    catalog.py      which there are; their Gymnasium ids

The other modules are one generator each, and what its tools work on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codeact_envs.tool_use.catalog import (
    GENERATORS,
    load_tool_use_task,
    register_generator,
    register_tool_use,
    tool_use_names,
)

if TYPE_CHECKING:
    from codeact_envs.tool_use.task import ToolUseTask as ToolUseTask

__all__ = [
    "GENERATORS",
    "ToolUseTask",
    "load_tool_use_task",
    "register_generator",
    "register_tool_use",
    "tool_use_names",
]


def __getattr__(name: str) -> object:
    if name == "ToolUseTask":
        from codeact_envs.tool_use.task import ToolUseTask

        return ToolUseTask
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
