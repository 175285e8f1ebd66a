"""Which tasks and which seeds: globs over Gymnasium's registry, and ranges of numbers."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.errors import TaskError
from codeact.evaluation.errors import SelectionError

if TYPE_CHECKING:
    import gymnasium

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
MOST_SEEDS = 1_000_000


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds from text such as `0-19,25`: ranges with both ends in, each seed once, in the order given.

    Raises:
        SelectionError: the text is not of that form.
    """
    seeds: dict[int, None] = {}
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise SelectionError(
                f"{part!r} in the seeds {text!r} is not a number or a range: write for example 0-19,25"
            )
        first = int(match[1])
        last = int(match[2] or first)
        if last < first:
            raise SelectionError(f"the range {part} in the seeds {text!r} runs backwards: write {last}-{first}")
        if last - first >= MOST_SEEDS:
            raise SelectionError(f"the range {part} holds more than {MOST_SEEDS:,} seeds")
        seeds.update(dict.fromkeys(range(first, last + 1)))
    return tuple(seeds)


def registered_tasks(pattern: str = "CodeAct/*") -> tuple[str, ...]:
    """Ids in Gymnasium's registry that match a glob pattern, in order; not those of Gymnasium itself."""
    import gymnasium

    # Gymnasium's own environments take numbers, not programs.
    ours = [name for name, spec in gymnasium.registry.items() if not str(spec.entry_point).startswith("gymnasium.")]
    return tuple(sorted(fnmatch.filter(ours, pattern)))


def find_tasks(patterns: Iterable[str]) -> tuple[str, ...]:
    """The ids that ids and glob patterns name, each once.

    An id may name the module that registers it, as in Gymnasium: `my_module:My/Task-v0`. The path of a task's file,
    such as `mine.yaml`, stands for the task in it; so does `mine`, where nothing else is called that.

    Raises:
        SelectionError: a pattern that nothing matches; near names are in the message.
        TaskError: a file is missing or wrong.
    """

    import gymnasium

    found: dict[str, None] = {}
    for pattern in patterns:
        if _is_file(pattern):
            _registered(pattern)
            found[pattern] = None
            continue
        if ":" in pattern:
            _import_and_look(pattern)
            found[pattern] = None
            continue
        matching = (pattern,) if pattern in gymnasium.registry else registered_tasks(pattern)
        if not matching and Path(f"{pattern}.yaml").is_file():  # as `codeact tasks new mine` wrote it
            matching = (f"{pattern}.yaml",)
            _registered(*matching)
        if not matching:
            raise SelectionError(_unknown(pattern, list(registered_tasks("*"))))
        found.update(dict.fromkeys(matching))
    if not found:
        raise SelectionError("no task was named: name one or more, for example CodeAct/Stack2-v0 or 'CodeAct/*'")
    return tuple(found)


def environment_class(task: str) -> tuple[Any, dict[str, Any]]:
    """The class or function that makes a registered task's environment, and the keywords it is registered with."""
    import gymnasium
    from gymnasium.envs.registration import load_env_creator

    spec = gymnasium.spec(_registered(task).rpartition(":")[2])
    entry = spec.entry_point
    return (load_env_creator(entry) if isinstance(entry, str) else entry), dict(spec.kwargs)


def make_environment(task: str, options: Mapping[str, Any]) -> gymnasium.Env[Any, Any]:
    """The environment of a task.

    Args:
        task: its id.
        options: keywords for it, such as `tier` and `perception`.

    Raises:
        TaskError: it takes no such option.
    """
    import gymnasium

    try:
        return gymnasium.make(_registered(task), **options)
    except TypeError as error:
        unknown = next((name for name in options if f"argument '{name}'" in str(error)), None)
        if unknown is None:
            raise
        flag = "tools" if unknown == "extra_tools" else unknown  # as the command line calls it
        raise TaskError(f"{task} has no option {unknown!r}; leave out --{flag}") from error


def _is_file(task: str) -> bool:
    return task.endswith((".yaml", ".yml"))


def _registered(task: str) -> str:
    """The id of a task that is named by its id, or by the path of its file, which is registered then.

    An entry point in the group `codeact.task_files`, named after the ending of such files, does that.
    """
    if not _is_file(task):
        return task
    from importlib.metadata import entry_points

    point = next(iter(entry_points(group="codeact.task_files", name=task.rpartition(".")[2])), None)
    if point is None:
        raise SelectionError(f"{task!r}: nothing that is installed reads the files of tasks")
    name: str = point.load()(task)
    return name


def _import_and_look(name: str) -> None:
    import importlib

    import gymnasium

    module, _, task = name.partition(":")
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise SelectionError(f"the task {name!r} names a module that cannot be imported: {error}") from error
    if task not in gymnasium.registry:
        raise SelectionError(f"{_unknown(task, list(gymnasium.registry))} (the module {module} was imported)")


def _unknown(pattern: str, known: list[str]) -> str:
    what = "no task matches" if any(character in pattern for character in "*?[") else "there is no task"
    # A reader may leave out the namespace, the version or the capitals: compare with and without them.
    short = {name.rpartition("/")[2].rpartition("-v")[0].lower(): name for name in known}
    short |= {name.lower(): name for name in known}
    near = difflib.get_close_matches(pattern.lower(), short, n=6, cutoff=0.5)
    names = list(dict.fromkeys(short[name] for name in near))[:3]
    if names:
        return f"{what} {pattern!r}; did you mean {' or '.join(names)}?"
    ours = [name for name in known if name.startswith("CodeAct/")]
    have = ", ".join(sorted(ours)) if ours else "none: is the extra `bullet` installed?"
    return f"{what} {pattern!r}. Tasks here: {have}"
