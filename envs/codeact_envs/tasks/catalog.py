"""Which tasks there are, by name and by Gymnasium id. A task's YAML file is all there is to it, below `suite`, in the
folder of its family; a few tasks that are not a robot's are classes. Tasks to practise on, which are part of no
evaluation, lie below `practice` or are composed of parts; their names begin with `practice/`.

Listing reads file names only; a file is opened when its task is loaded.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from codeact.errors import TaskError
from codeact_envs.tasks.composing import composed_names, composed_task
from codeact_envs.tool_use.catalog import load_tool_use_task, tool_use_names

if TYPE_CHECKING:
    from codeact_envs.tasks.protocol import Task

ENTRY_POINT = "codeact_envs.making:make_env"
_PRACTICE = "practice/"
_CLASSES = {"write_device_adapter": ("codeact_envs.tasks.devices.write_adapter", "WriteDeviceAdapter")}


def task_names() -> tuple[str, ...]:
    """Names of the tasks of this package, sorted."""
    return tuple(sorted((*_task_files(), *_CLASSES)))


def practice_names() -> tuple[str, ...]:
    """Names of the tasks to practise on, such as `practice/block_to_place`, sorted."""
    return tuple(sorted((*_practice_files(), *(f"{_PRACTICE}{name}" for name in composed_names()))))


def task_file(name: str) -> Path:
    """The YAML file of a task of this package.

    Raises:
        TaskError: there is no such task.
    """
    known = _practice_files() if name.startswith(_PRACTICE) else _task_files()
    if name not in known:
        near = get_close_matches(name, (*known, *tool_use_names()), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise TaskError(f"no task {name!r}; {hint} A file of your own is named by its path, ending in .yaml")
    return known[name]


@cache
def _task_files() -> dict[str, Path]:
    suite = Path(str(files("codeact_envs.tasks"))) / "suite"
    found = (path for path in suite.glob("*/*.yaml") if path.parent.name != "phrasings")
    return {path.stem: path for path in sorted(found, key=lambda path: path.stem)}


@cache
def _practice_files() -> dict[str, Path]:
    folder = Path(str(files("codeact_envs.tasks"))) / "practice"
    return {f"{_PRACTICE}{path.stem}": path for path in sorted(folder.glob("*.yaml"))}


def register_practice() -> None:
    """Register the tasks to practise on with Gymnasium, as `Practice/<Name>-v0`. May be called again."""
    import gymnasium
    from gymnasium.envs import registration

    for name in practice_names():
        environment = f"Practice/{environment_name(name.removeprefix(_PRACTICE))}"
        if environment not in gymnasium.registry:
            with registration.namespace("Practice"):  # while it loads a plug-in, it would take the plug-in's instead
                gymnasium.register(environment, entry_point=ENTRY_POINT, kwargs={"task": name})


def environment_name(name: str) -> str:
    """The task's name as an environment's, without namespace: `pick_place` gives `PickPlace-v0`."""
    return "".join(word.capitalize() for word in name.split("_")) + "-v0"


def load_task(name: str) -> Task:
    """Load a task by its name, or by the path of its YAML file. Names of `codeact_envs.tool_use` are known too.

    Raises:
        TaskError: there is no such task, or its file is wrong; the message names the file and the key.
    """
    if name.endswith((".yaml", ".yml")):
        from codeact_envs.tasks.robot_task import RobotTask

        return RobotTask.from_file(Path(name))
    if ":" in name or name in tool_use_names():
        return load_tool_use_task(name)
    if name in _CLASSES:
        module, kind = _CLASSES[name]
        made: Task = getattr(import_module(module), kind)()
        return made
    return _load_own(name)


@cache
def _load_own(name: str) -> Task:
    from codeact_envs.tasks.robot_task import RobotTask
    from codeact_envs.tasks.specification import parse_task

    stem = name.removeprefix(_PRACTICE)
    if stem in composed_names():
        return RobotTask(stem, parse_task(composed_task(stem), name))
    return replace(RobotTask.from_file(task_file(name)), shares_words=not name.startswith(_PRACTICE))


def register_task(path: str | Path, namespace: str) -> str:
    """Register a task's YAML file with Gymnasium; returns the id, such as `Mine/WipeTable-v0`.

    Raises:
        TaskError: the file is wrong; the message names the key.
    """
    import gymnasium

    path = Path(path).resolve()
    load_task(str(path))
    environment = f"{namespace}/{environment_name(path.stem)}"
    gymnasium.register(environment, entry_point=ENTRY_POINT, kwargs={"task": str(path)})
    return environment


def register_file(path: str) -> str:
    """Register a task's YAML file for whoever names it by its path; returns the id. May be called again.

    Raises:
        TaskError: the file is missing or wrong.
    """
    import gymnasium

    environment = f"File/{environment_name(Path(path).stem)}"
    known = gymnasium.registry.get(environment)
    if known is not None and known.kwargs.get("task") == str(Path(path).resolve()):
        load_task(path)
        return environment
    gymnasium.registry.pop(environment, None)  # another file of the same name
    return register_task(path, "File")
