"""MiniGrid and BabyAI with the meaning of the numbers that they show."""

from __future__ import annotations

from typing import Any

import gymnasium

Observation = dict[str, Any]


def make(spec: Any, **options: Any) -> MiniGrid:
    """An environment of MiniGrid; `options` are those of `gymnasium.make`."""
    return MiniGrid(gymnasium.make(spec, **options))


class MiniGrid(gymnasium.Wrapper[Observation, int, Observation, int]):
    """Tells what the numbers of an observation mean; the package's own words leave it to its source."""

    @property
    def observation_notes(self) -> str:
        from minigrid.core.constants import COLOR_TO_IDX, OBJECT_TO_IDX, STATE_TO_IDX

        objects, colours, states = map(_numbered, (OBJECT_TO_IDX, COLOR_TO_IDX, STATE_TO_IDX))
        return (
            "image[column][row] is (object, colour, state) of a tile of the view; the agent is in the middle of the "
            "last row, looks towards row 0, and what it carries shows on its own tile. "
            f"Objects: {objects}. Colours: {colours}. States of doors: {states}. "
            "direction is where the agent looks: 0 right, 1 down, 2 left, 3 up."
        )


def _numbered(numbers: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.items())
