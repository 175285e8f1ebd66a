"""Other names for the tools of a task: whoever has read the stubs can use them, whoever remembers others cannot.

The vocabulary is `suite/phrasings/names.yaml`: of each tool the names to learn from, and one that is kept unseen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codeact.errors import TaskError, ToolError
from codeact.tools import Toolbox
from codeact.yaml_files import read_yaml
from codeact_envs.scenes.random_numbers import RandomNumbers
from codeact_envs.scenes.reading import Part, problems

Names = str | Mapping[str, str]
"""New names by old ones; or text: `unseen`, `training:NUMBER`, `made_up:NUMBER`, or `pick=grab,place_on=put_onto`."""
_BY_NUMBER = re.compile(r"(training|made_up):(\d{1,9})")
_BEFORE = ("robot", "arm", "do", "my", "api", "cell", "lab", "call", "run", "use", "sys", "op")
_AFTER = ("now", "it", "one", "here", "call", "tool", "x", "v2", "step", "fn", "for_me", "please")
_SYLLABLES = tuple(first + vowel for first in "bdfgklmnprstvz" for vowel in "aeiou")


class Synonyms(Part):
    """What a tool may be called instead."""

    training: list[str]
    unseen: str


def check_names(names: Any) -> Names:
    """It, if it is well formed; text of pairs as a mapping.

    Raises:
        TaskError: it is not; the message says what would be right.
    """
    if isinstance(names, str) and (names == "unseen" or _BY_NUMBER.fullmatch(names)):
        return names
    if isinstance(names, str) and "=" in names:
        pairs = [pair.partition("=") for pair in names.replace(" ", "").split(",")]
        names = {old: new for old, _, new in pairs}
        if len(names) < len(pairs) or not all(old and new for old, new in names.items()):
            raise TaskError(f"names must give each tool one new name, such as pick=grab,place_on=put_onto: {pairs}")
    if not isinstance(names, Mapping) or not all(isinstance(each, str) for pair in names.items() for each in pair):
        raise TaskError(
            "names must be 'unseen', 'training:NUMBER', 'made_up:NUMBER', or new names of tools such as "
            f"{{'pick': 'grab'}} ('pick=grab' as text), not {names!r}"
        )
    return dict(names)


def renamed(box: Toolbox, names: Names, task: Any) -> Toolbox:
    """The tools of a task's world under other names.

    Args:
        box: the tools.
        names: as `check_names` gives them. A bare name stands for the tools of each group that are called so.
        task: whose attribute `vocabulary` is the part of the vocabulary that names are taken from. `training` renames
            about half of the tools by it, `made_up` all: by it, with a word more, or by words that mean nothing.

    Raises:
        TaskError: there is no such tool, the names clash, or there is no vocabulary for this task.
    """
    given = names if isinstance(names, Mapping) else _drawn(names, task)
    full: dict[str, str] = {}
    for old, new in given.items():
        meant = [old] if old in box else [each for each in box.tools if each.rpartition(".")[2] == old]
        if not meant and isinstance(names, Mapping):
            meant = [old]  # unknown: `renamed` says so
        full.update(dict.fromkeys(meant, new))
    try:
        return box.renamed(full)
    except ToolError as error:
        raise TaskError(f"names={names!r}: {error}") from error


def _drawn(names: str, task: Any) -> dict[str, str]:
    vocabulary = read_vocabulary().get(getattr(task, "vocabulary", ""))
    if vocabulary is None:
        raise TaskError(f"there is no vocabulary of other names for the task {task.name!r}; leave out names={names!r}")
    if names == "unseen":
        return {tool: synonyms.unseen for tool, synonyms in vocabulary.items()}
    import numpy as np

    kind, _, number = names.partition(":")
    numbers = RandomNumbers(np.random.Generator(np.random.PCG64(int(number))))
    if kind == "made_up":
        return _made_up(vocabulary, numbers)
    found = {}
    for tool, synonyms in vocabulary.items():
        other, chosen = numbers.below(2), numbers.below(len(synonyms.training))
        if other:
            found[tool] = synonyms.training[chosen]
    return found


def _made_up(vocabulary: Mapping[str, Synonyms], numbers: RandomNumbers) -> dict[str, str]:
    taken = {*vocabulary, *(synonyms.unseen for synonyms in vocabulary.values())}
    found: dict[str, str] = {}
    for tool, synonyms in vocabulary.items():
        while (name := _made_up_name(synonyms, numbers)) in taken:
            pass
        taken.add(name)
        found[tool] = name
    return found


def _made_up_name(synonyms: Synonyms, numbers: RandomNumbers) -> str:
    known = synonyms.training[numbers.below(len(synonyms.training))]
    match numbers.below(6):
        case 0 | 1:
            return known
        case 2:
            return f"{_BEFORE[numbers.below(len(_BEFORE))]}_{known}"
        case 3:
            return f"{known}_{_AFTER[numbers.below(len(_AFTER))]}"
    syllables = [_SYLLABLES[numbers.below(len(_SYLLABLES))] for _ in range(3 + numbers.below(2))]
    return "".join(syllables[:2]) + ("_" if numbers.below(3) == 0 else "") + "".join(syllables[2:])


@cache
def read_vocabulary(file: Path | None = None) -> Mapping[str, Mapping[str, Synonyms]]:
    """Other names of tools: of a robot's under `robot`, of the tool-use generators' under their names.

    Raises:
        TaskError: the file is wrong, or a name stands for two tools; the message says where.
    """
    file = file or Path(str(files("codeact_envs.tasks"))) / "suite" / "phrasings" / "names.yaml"
    data = read_yaml(file, TaskError)
    if not isinstance(data, dict) or not all(isinstance(tools, dict) for tools in data.values()):
        raise TaskError(f"{file}: give a mapping of tools under `robot` and under the name of each generator")
    found: dict[str, dict[str, Synonyms]] = {}
    for part, tools in data.items():
        taken = dict.fromkeys(tools, "a tool")
        found[part] = {}
        for tool, given in tools.items():
            where = f"{file}: {part}.{tool}"
            try:
                synonyms = found[part][tool] = Synonyms.model_validate(given)
            except ValidationError as error:
                raise TaskError("\n".join(f"{where}: {line}" for line in problems(error))) from error
            if not synonyms.training:
                raise TaskError(f"{where}.training: give at least one name")
            for name in (*synonyms.training, synonyms.unseen):
                if name in taken:
                    raise TaskError(f"{where}: {name!r} is {taken[name]} already; each name stands for one tool")
                taken[name] = f"a name of {tool}"
    return found
