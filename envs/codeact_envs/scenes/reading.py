"""What a YAML file says, checked: each error names the file and the key, and says what would be right."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, ValidationError


class Part(BaseModel):
    """A part of such a file: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
