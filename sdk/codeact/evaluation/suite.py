"""What an evaluation plays, as a file: which tasks, which seeds, and in which tiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from codeact.agent.settings import AgentSettings
from codeact.errors import CodeActError
from codeact.evaluation.errors import SelectionError
from codeact.tools.wording import listed
from codeact.yaml_files import YamlFile

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_NO_OPTIONS = ("tasks", "seeds", "settings")

Kind = TypeVar("Kind", bound="DataclassInstance")


@dataclass(frozen=True)
class Suite:
    """Tasks, seeds and tiers.

    Attributes:
        tasks: Gymnasium ids or glob patterns over its registry.
        seeds: text such as `0-19,25`.
        tier, perception: of the environments, such as `low` and `noisy`; None for the tasks' own.
        perturb: what goes otherwise than planned in each episode, such as `push,dynamics`; None: nothing.
        values, phrasing: of the instructions, such as `unseen`; None for `seen` and `usual`.
        names: other names of tools, as a mapping or as text such as `unseen`; None for their own.
        settings: of a model's agent, in a file by the names of `AgentSettings`. There `prompt` and `skills` name files
            beside it.
    """

    tasks: tuple[str, ...]
    seeds: str = "0-19"
    tier: str | None = None
    perception: str | None = None
    perturb: str | None = None
    values: str | None = None
    phrasing: str | None = None
    names: str | dict[str, str] | None = None
    settings: AgentSettings | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  a misspelt key must not be silently left out

    @property
    def options(self) -> dict[str, Any]:
        """What it says of the environments, as `evaluate` takes it."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _NO_OPTIONS}

    @staticmethod
    def load(path: Path | str) -> Suite:
        """Read a suite, a YAML file with these keys.

        Raises:
            SelectionError: there is no such file, or it is wrong; the message says where.
        """
        try:
            return read_suite(path, Suite, SelectionError, lambda data: _with_files(data, Path(path).parent))
        except SelectionError:
            raise
        except CodeActError as error:
            raise SelectionError(f"{path}: settings: {error}") from error


def _with_files(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A suite's keys, with its files of settings where they are."""
    settings = data.get("settings")
    if not isinstance(settings, dict):
        return data
    settings = dict(settings)
    if isinstance(prompt := settings.pop("prompt", None), str):
        settings["system_prompt"] = folder / prompt
    if isinstance(skills := settings.get("skills"), list):
        settings["skills"] = [folder / skill if isinstance(skill, str) else skill for skill in skills]
    return {**data, "settings": settings}


def read_suite(
    path: Path | str,
    kind: type[Kind],
    refusal: type[CodeActError],
    prepare: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Kind:
    """A dataclass with the keys `tasks`, `seeds` and others, from a YAML file.

    Args:
        path: of the file.
        kind: the dataclass.
        refusal: what is raised where there is no such file, or it is wrong; the message says where.
        prepare: what becomes of the keys before they are held against the dataclass.
    """
    file = YamlFile(Path(path), refusal)
    data = file.data
    if not isinstance(data, dict):
        known = listed(each.name for each in fields(kind) if each.name != "tasks")
        raise refusal(f"{path}: a suite is a mapping with the key tasks, and {known}")
    if type(data.get("seeds")) is int:  # one seed reads as a number
        data = {**data, "seeds": str(data["seeds"])}
    if prepare is not None:
        data = prepare(data)
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise refusal(f"{file.place(*problem['loc'])}: {key}: {problem['msg']}") from error
