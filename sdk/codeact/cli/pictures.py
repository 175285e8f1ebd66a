"""The pictures of a chat, as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact.sandbox import Execution
    from codeact.values import Image


class PictureFiles:
    """Writes pictures as `picture-001.png` and so on, into a folder that is made when there is a first one.

    Attributes:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def keep(self, execution: Execution) -> list[str]:
        """Write the pictures of a run. Returns a line about each: where it is, or why it is not."""
        from codeact.agent.pictures import pictures_of

        return self.write(pictures_of(execution))

    def write(self, images: Iterable[Image]) -> list[str]:
        """Write pictures. Returns a line about each: where it is, or why it is not."""
        lines = []
        for image in images:
            self._count += 1
            file = self.folder / f"picture-{self._count:03d}.png"
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                file.write_bytes(image.png())
            except (OSError, ImportError) as problem:
                lines.append(f"a picture of {image.width}x{image.height} could not be written to {file}: {problem}")
            else:
                lines.append(f"picture: {file} ({image.width}x{image.height})")
        return lines
