"""A text as a picture, for worlds that have nothing else to show."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def text_picture(text: str, width: int, height: int) -> NDArray[np.uint8]:
    """Dark text on white, as uint8 of shape (height, width, 3); long lines are wrapped."""
    import numpy as np
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (width, height), "white")
    lines = [line for each in text.splitlines() for line in textwrap.wrap(each, max(8, width // 7))]
    ImageDraw.Draw(picture).multiline_text((8, 8), "\n".join(lines), fill="black")
    return np.asarray(picture, np.uint8)
