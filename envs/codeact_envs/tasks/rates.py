"""How often the reference programs of this package's tasks were seen to solve them, as the gate recorded it.

`make tasks-table` writes the record.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec


class Rate(msgspec.Struct, frozen=True):
    """What the gate saw of a task. `solved` of `seeds` in both processes; `failed`: what did not pass."""

    ok: bool
    solved: int
    seeds: int
    failed: tuple[str, ...] = ()


@cache
def recorded_rates() -> dict[str, Rate]:
    """By Gymnasium id; empty without a record."""
    path = Path(str(files("codeact_envs.tasks"))) / "suite/rates.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Rate]) if path.exists() else {}
