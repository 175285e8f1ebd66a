"""The colours that bodies have, and what they are called."""

from __future__ import annotations

from codeact.errors import TaskError

COLORS: dict[str, tuple[float, float, float]] = {
    "red": (0.84, 0.19, 0.18),
    "green": (0.24, 0.64, 0.30),
    "blue": (0.18, 0.42, 0.78),
    "yellow": (0.96, 0.78, 0.17),
    "orange": (0.94, 0.50, 0.16),
    "purple": (0.52, 0.29, 0.66),
    "pink": (0.93, 0.52, 0.66),
    "cyan": (0.26, 0.72, 0.76),
    "brown": (0.52, 0.35, 0.23),
    "gray": (0.50, 0.51, 0.53),
    "white": (0.94, 0.94, 0.92),
    "black": (0.14, 0.14, 0.15),
}


def require_color(name: str) -> tuple[float, float, float]:
    """A colour's red, green and blue in [0, 1].

    Raises:
        TaskError: no colour has this name.
    """
    try:
        return COLORS[name]
    except KeyError:
        raise TaskError(f"colour {name!r} is unknown; known are {', '.join(COLORS)}") from None
