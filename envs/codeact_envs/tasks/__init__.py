"""Tasks: one YAML file each, in the folder of its family below `suite`: the scene, the words, the goal, the limits and
the reference programs.

`conditions` holds the predicates that goals are made of; `scene` draws an episode from a seed; `protocol` says what
`CodeEnv` needs of any task and any world, so that tasks of other kinds can stand beside these. `docs/add-a-task.md`
shows how to add one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from codeact_envs.tasks.catalog import (
    environment_name,
    load_task,
    practice_names,
    register_task,
    task_file,
    task_names,
)
from codeact_envs.tasks.protocol import EpisodeLimits, Judgement, Plan, Task, Values, World

if TYPE_CHECKING:
    from codeact_envs.tasks.conditions import Condition as Condition
    from codeact_envs.tasks.conditions import Reading as Reading
    from codeact_envs.tasks.conditions import condition as condition
    from codeact_envs.tasks.robot_task import RobotTask as RobotTask
    from codeact_envs.tasks.snapshot import Body as Body
    from codeact_envs.tasks.snapshot import Snapshot as Snapshot

_HOME = {
    "Body": "snapshot",
    "Condition": "conditions",
    "Reading": "conditions",
    "RobotTask": "robot_task",
    "Snapshot": "snapshot",
    "condition": "conditions",
}

__all__ = [
    "EpisodeLimits",
    "Judgement",
    "Plan",
    "Task",
    "Values",
    "World",
    "environment_name",
    "load_task",
    "practice_names",
    "register_task",
    "task_file",
    "task_names",
    *sorted(_HOME),
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
