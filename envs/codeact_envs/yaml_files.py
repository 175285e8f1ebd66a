"""YAML files from anybody: read within bounds, so that a bad one is a clear error and never a crash or a wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from codeact.errors import TaskError

_MOST_BYTES = 1_000_000
_DEEPEST = 40  # of lists and mappings in each other; the parsers themselves crash some thousands further down
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """What a YAML file says.

    Raises:
        TaskError: the file is missing, no YAML, larger than 1 MB or nested more than 40 deep; or a part that has an
            anchor has an alias in it, so that it could repeat itself without end.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise TaskError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > _MOST_BYTES:
        raise TaskError(f"{path}: larger than {_MOST_BYTES:,} bytes")
    try:
        text = data.decode("utf-8")
        _require_bounded(path, text)
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or a number of thousands of digits
        raise TaskError(f"{path}: no YAML: {error}") from error


def _require_bounded(path: Path, text: str) -> None:
    anchored: list[bool] = []  # of each list and mapping that is open: whether it, or one around it, has an anchor
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            anchored.append(event.anchor is not None or (bool(anchored) and anchored[-1]))
            if len(anchored) > _DEEPEST:
                raise TaskError(f"{path}: line {line}: nested more than {_DEEPEST} deep")
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            anchored.pop()
        elif isinstance(event, yaml.AliasEvent) and anchored and anchored[-1]:
            raise TaskError(
                f"{path}: line {line}: *{event.anchor} stands in a part that has an anchor itself; write it out"
            )
