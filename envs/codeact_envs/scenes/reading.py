"""YAML files that are checked: each error names the file and the key, and says what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from codeact.errors import TaskError


class Part(BaseModel):
    """A part of such a file: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_yaml(path: Path) -> Any:
    """What a YAML file says.

    Raises:
        TaskError: the file is missing or no YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TaskError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise TaskError(f"{path}: no YAML: {error}") from error


def problems(error: ValidationError, prefix: str = "") -> Iterator[str]:
    """One line for each key that is wrong."""
    for problem in error.errors():
        key = prefix
        for step in problem["loc"]:
            key += f"[{step}]" if isinstance(step, int) else f".{step}" if key else str(step)
        message = problem["msg"].removeprefix("Value error, ")
        yield f"{key}: {message}" + (
            f", not {problem['input']!r}" if isinstance(problem["input"], (int, float, str)) else ""
        )
