"""What a run leaves to read: `metrics.jsonl` with a line every few steps, `loss.svg` drawn from it, `training.json`.

The lines are on disk as they are told, so that a run that is killed leaves all of them.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from codeact.training.errors import TrainingError
from codeact.training.plot import draw_loss

DRAW_SECONDS = 2.0
"""The picture is drawn anew at most so often."""


class Record:
    """The record of a run in its folder.

    Args:
        folder: of the run.
        step: of the checkpoint that the run goes on from; later lines of an earlier run are dropped.
        kept: whether this process writes; of several, the first alone does.
    """

    def __init__(self, folder: Path, step: int = 0, *, kept: bool = True) -> None:
        self.path = folder / "metrics.jsonl"
        self.picture = folder / "loss.svg"
        self.lines = [line for line in read_metrics(self.path) if line["step"] <= step] if step else []
        self._drawn = 0.0
        if not kept:
            return
        partial = self.path.with_suffix(".part")
        partial.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf-8")
        partial.replace(self.path)

    @property
    def seconds(self) -> float:
        """How long the run had taken when the last line was written."""
        return max((line.get("seconds", 0.0) for line in self.lines), default=0.0)

    def add(self, line: dict[str, Any]) -> None:
        """Append a line, and draw the picture if it is time."""
        self.lines.append(line)
        with self.path.open("a", encoding="utf-8") as opened:
            opened.write(json.dumps(line) + "\n")
        if time.monotonic() - self._drawn > DRAW_SECONDS:
            self.draw()

    def draw(self) -> None:
        """Draw `loss.svg`."""
        partial = self.picture.with_suffix(".part")
        partial.write_text(draw_loss(self.lines), encoding="utf-8")
        partial.replace(self.picture)
        self._drawn = time.monotonic()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a record. A torn one at the end, of a run that was killed, is left out."""
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    """Write `training.json`, whole or not at all."""
    path = folder / "training.json"
    partial = path.with_suffix(".part")
    with partial.open("w", encoding="utf-8") as opened:
        opened.write(json.dumps(summary, indent=2) + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(path)


def read_summary(folder: Path) -> dict[str, Any]:
    """What `training.json` says.

    Raises:
        TrainingError: there is none, or it cannot be read.
    """
    path = folder / "training.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} cannot be read, so there is no run to go on with: {error}") from error
    assert isinstance(summary, dict)
    return summary
