"""The pictures in what a program gave: what it showed last, else what its tools returned."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeact.sandbox import Execution
    from codeact.values import Image

MOST_PICTURES = 4
"""How many pictures of one program are shown; of more, the last ones."""

LONGEST_SIDE = 1024
"""Pixels: a larger picture is made smaller before a model reads it."""

_SMALLEST = 8  # pixels a side: a smaller array of bytes is hardly a picture
_DEEPEST = 3  # lists and mappings in each other that are looked through


def pictures_of(execution: Execution) -> tuple[Image, ...]:
    """The pictures of a run: those in its value, where there are any, else those that its tools returned.

    An `Image` is one (a picture of Pillow becomes an `Image` on its way), and so is an array of uint8 of shape (H, W),
    (H, W, 3) or (H, W, 4), with sides of 8 pixels and more. At most the last `MOST_PICTURES` are given.
    """
    found = pictures_in(execution.value)
    return found or pictures_in([call.value for call in execution.calls])


def pictures_in(value: Any) -> tuple[Image, ...]:
    """The pictures that a value is, or holds; at most the last `MOST_PICTURES`."""
    if "numpy" not in sys.modules:  # then nothing holds a picture, and it need not be loaded to find that
        return ()
    return tuple(_images(value, 0))[-MOST_PICTURES:]


def shrunk(image: Image, longest: int = LONGEST_SIDE) -> Image:
    """The picture, made smaller where a side has more pixels than that."""
    if max(image.width, image.height) <= longest:
        return image
    from codeact.values import Image as Picture

    small = image.to_pil()
    small.thumbnail((longest, longest))
    return Picture.from_pil(small)


def in_words(images: Sequence[Image]) -> str:
    """What stands in a text for pictures: `[picture of 640x480 pixels]`, one a line."""
    return "\n".join(f"[picture of {image.width}x{image.height} pixels]" for image in images)


def _images(value: Any, depth: int) -> Iterator[Image]:
    import numpy as np

    from codeact.values import Image as Picture

    if isinstance(value, Picture):
        yield value
    elif isinstance(value, np.ndarray):
        if value.dtype == np.uint8 and _is_picture(value.shape):
            yield Picture(value)
    elif depth < _DEEPEST and isinstance(value, (list, tuple)):
        for item in value:
            yield from _images(item, depth + 1)
    elif depth < _DEEPEST and isinstance(value, dict):
        for item in value.values():
            yield from _images(item, depth + 1)


def _is_picture(shape: tuple[int, ...]) -> bool:
    return (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))) and min(shape[:2]) >= _SMALLEST
