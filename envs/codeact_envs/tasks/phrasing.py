"""Other words for instructions, beside those that a task itself says: to learn from, and to be tested with.

They are in `suite/phrasings`, one file a set. A task's templates stand under its name, those of a generator of tool use
under its name and that of the question:

    put_block_on_object:
      - Would you lay the {block} on the {target}?
    dna:
      gc_content:
        - I need the share of G and C in {sample}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.scenes.random_numbers import RandomNumbers

if TYPE_CHECKING:
    import numpy as np

Phrasing = Literal["usual", "training", "unseen"]
PHRASINGS: tuple[Phrasing, ...] = ("usual", "training", "unseen")
"""The templates of the task itself; these and the ones to learn from; the ones that were written apart from both."""


def check_phrasing(phrasing: Any) -> Phrasing:
    """It, if it is one.

    Raises:
        TaskError: it is none.
    """
    if phrasing not in PHRASINGS:
        raise TaskError(f"phrasing must be 'usual', 'training' or 'unseen', not {phrasing!r}")
    found: Phrasing = phrasing
    return found


def templates(
    phrasing: Phrasing, usual: Sequence[str], own: Mapping[Any, Sequence[str]], path: Sequence[str] = ()
) -> tuple[str, ...]:
    """The templates of a task or a question.

    Args:
        phrasing: which ones.
        usual: those of the task itself.
        own: others that the task itself has, by phrasing.
        path: where the files of this package have others: the name of the task, or those of the generator and the
            question; empty for nowhere.

    Raises:
        TaskError: there are none, or they are wrong; the message names the file, the task and the template.
    """
    if phrasing == "usual":
        return tuple(usual)
    found = tuple(own.get(phrasing, ())) or (_shared(phrasing, usual, path) if path else ())
    if phrasing == "training":
        return (*usual, *found)
    if not found:
        where = f"of {' '.join(map(repr, path))} in {_file(phrasing)}" if path else "of this task: give it some"
        raise TaskError(f"there are no unseen phrasings {where}")
    return found


def unlike(template: str, usual: Sequence[str]) -> str:
    """What is wrong with a template that names other fields than the usual ones; empty where nothing is."""
    told = template_fields(usual[0])
    if template_fields(template) == told:
        return ""
    names = ", ".join(f"{{{name}}}" for name in sorted(told)) or "no field"
    return f"{template!r} must name {names}, as the usual templates do"


def template_fields(template: str) -> set[str]:
    """The names between its braces."""
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


def _shared(phrasing: Phrasing, usual: Sequence[str], path: Sequence[str]) -> tuple[str, ...]:
    file = _file(phrasing)
    found: Any = read_phrasings(file)
    for name in path:
        found = found.get(name, ()) if isinstance(found, Mapping) else ()
    called = ": ".join(path)
    if isinstance(found, Mapping):
        raise TaskError(f"{file}: {called}: give a list of templates, not {', '.join(map(repr, found))}")
    for number, template in enumerate(found):
        if problem := unlike(template, usual):
            raise TaskError(f"{file}: {called}[{number}]: {problem}")
    return tuple(found)


class TemplateDraw:
    """Draws a template by chance of its own, so that the scene of a seed is the same in whatever words.

    Args:
        random: what an episode is drawn with, before anything has been drawn. It is left as it is.
    """

    def __init__(self, random: np.random.Generator) -> None:
        import numpy as np

        bits: Any = random.bit_generator
        self._numbers = RandomNumbers(np.random.Generator(bits.jumped()))

    def choice(self, templates: Sequence[str]) -> str:
        return templates[self._numbers.below(len(templates))]


@cache
def read_phrasings(file: Path) -> Mapping[str, Any]:
    """The templates in a file: of each task, and of each question of a generator.

    Raises:
        TaskError: it is missing or wrong; the message says where.
    """
    data = read_yaml(file, TaskError)
    if not isinstance(data, dict):
        raise TaskError(f"{file}: give a mapping from the names of tasks to their templates")
    for name, given in data.items():
        for path, listed in _lists(name, given):
            _check(f"{file}: {path}", listed)
    return data


def _lists(name: str, given: Any) -> list[tuple[str, Any]]:
    if isinstance(given, dict):
        return [(f"{name}: {question}", listed) for question, listed in given.items()]
    return [(name, given)]


def _check(where: str, listed: Any) -> None:
    if not isinstance(listed, list) or not listed:
        raise TaskError(f"{where}: give a list of templates, not {listed!r}")
    for number, template in enumerate(listed):
        if not isinstance(template, str) or not template.strip():
            raise TaskError(f"{where}[{number}]: a template is a text, not {template!r}")
        try:
            template_fields(template)
        except ValueError as error:
            raise TaskError(f"{where}[{number}]: {template!r}: {error}") from error
        if listed.index(template) != number:
            raise TaskError(f"{where}[{number}]: {template!r} is there twice")


def _file(phrasing: Phrasing) -> Path:
    return Path(str(files("codeact_envs.tasks"))) / "suite" / "phrasings" / f"{phrasing}.yaml"
