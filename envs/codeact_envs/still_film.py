"""A film of a world without a clock: what it shows whenever frames are taken."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class StillFilm(ABC):
    """The filming part of `codeact_envs.tasks.World`, for a world that can draw itself."""

    _film: tuple[int, int] | None = None  # width and height

    @abstractmethod
    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """The world now, as uint8 of shape (height, width, 3)."""

    def record(self, fps: int | None, width: int, height: int) -> None:
        """Film from now on; `fps` None ends it. Nothing moves by itself, so how many a second does not matter."""
        self._film = (width, height) if fps is not None else None

    def take_frames(self) -> list[NDArray[np.uint8]]:
        """One picture; none where nothing is filmed."""
        return [self.render(*self._film)] if self._film is not None else []
