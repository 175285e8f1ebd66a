"""How often each button was pressed: it comes back when it is let go, so its position tells of this moment only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_PRESSED, _LET_GO = 0.8, 0.4  # shares of the travel


@dataclass(frozen=True)
class Press:
    """Of one button since the reset: how often it was pressed, and whether it is down."""

    count: int = 0
    down: bool = False


class Presses:
    """Watches the buttons of one world.

    Args:
        fractions: the share of its travel at which each button of the episode is now, by name.
    """

    def __init__(self, fractions: Callable[[], dict[str, float]]) -> None:
        self._fractions = fractions
        self._presses: dict[str, Press] = {}

    def reset(self) -> None:
        self._presses = {name: Press(0, fraction >= _PRESSED) for name, fraction in self._fractions().items()}

    def look(self) -> None:
        """To be called often enough to see the shortest press."""
        for name, fraction in self._fractions().items():
            press = self._presses[name]
            if not press.down and fraction >= _PRESSED:
                self._presses[name] = Press(press.count + 1, True)
            elif press.down and fraction <= _LET_GO:
                self._presses[name] = Press(press.count, False)

    def count(self, name: str) -> int:
        return self._presses.get(name, Press()).count

    def memory(self) -> tuple[tuple[str, Press], ...]:
        """What `recall` takes."""
        return tuple(self._presses.items())

    def recall(self, memory: tuple[tuple[str, Press], ...]) -> None:
        self._presses = dict(memory)

    def exact_state(self) -> list[float]:
        """As exact numbers for a hash."""
        return [float(value) for press in self._presses.values() for value in (press.count, press.down)]
