"""The pictures in what a program gave: what it showed last, else what its tools returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from codeact.values import Image

if TYPE_CHECKING:
    from codeact.sandbox import Execution

MOST_PICTURES = 4
"""How many pictures of one program are shown; of more, the last ones."""

_SMALLEST = 8  # pixels a side: a smaller array of bytes is hardly a picture
_DEEPEST = 3  # lists and mappings in each other that are looked through


def pictures_of(execution: Execution) -> tuple[Image, ...]:
    """The pictures of a run: those in its value, where there are any, else those that its tools returned.

    An `Image` is one (a picture of Pillow becomes an `Image` on its way), and so is an array of uint8 of shape (H, W),
    (H, W, 3) or (H, W, 4), with sides of 8 pixels and more. At most the last `MOST_PICTURES` are given.
    """
    found = list(images_in(execution.value))
    if not found:
        found = [image for call in execution.calls for image in images_in(call.value)]
    return tuple(found[-MOST_PICTURES:])


def images_in(value: Any, depth: int = 0) -> Iterator[Image]:
    """The pictures that a value is, or holds."""
    if isinstance(value, Image):
        yield value
    elif isinstance(value, np.ndarray):
        if value.dtype == np.uint8 and _is_picture(value.shape):
            yield Image(value)
    elif depth < _DEEPEST and isinstance(value, (list, tuple)):
        for item in value:
            yield from images_in(item, depth + 1)
    elif depth < _DEEPEST and isinstance(value, dict):
        for item in value.values():
            yield from images_in(item, depth + 1)


def _is_picture(shape: tuple[int, ...]) -> bool:
    return (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))) and min(shape[:2]) >= _SMALLEST
