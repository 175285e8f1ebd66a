"""Pictures, as values."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact.errors import UnsupportedValue


@dataclasses.dataclass(frozen=True, eq=False)
class Image:
    """A picture, as 8-bit values.

    Attributes:
        array: uint8, shape (H, W) for grey, (H, W, 3) for RGB or (H, W, 4) for RGBA; row 0 is the top. Read-only.
    """

    array: NDArray[np.uint8]

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        if array.dtype != np.uint8 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
            raise UnsupportedValue(
                f"an image needs a uint8 array of shape (H, W), (H, W, 3) or (H, W, 4), not {array.dtype} {array.shape}"
            )
        if array.flags.writeable:
            array = array.copy()
            array.setflags(write=False)
        object.__setattr__(self, "array", array)

    @property
    def width(self) -> int:
        """Columns, in pixels."""
        return int(self.array.shape[1])

    @property
    def height(self) -> int:
        """Rows, in pixels."""
        return int(self.array.shape[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """What `numpy.asarray(image)` gives: the array itself, or a copy where one is asked for or needed."""
        return np.array(self.array, dtype=dtype, copy=copy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and np.array_equal(self.array, other.array)

    def __hash__(self) -> int:
        return hash((self.array.shape, self.array.tobytes()))

    def __repr__(self) -> str:
        kind = {2: "grey"}.get(self.array.ndim) or {3: "RGB", 4: "RGBA"}[self.array.shape[2]]
        return f"Image({self.width}x{self.height} {kind})"

    @staticmethod
    def from_pil(picture: Any) -> Image:
        """An image from a `PIL.Image.Image`; modes other than L, RGB and RGBA are converted to RGB."""
        if picture.mode not in ("L", "RGB", "RGBA"):
            picture = picture.convert("RGB")
        return Image(np.array(picture, dtype=np.uint8))

    def to_pil(self) -> Any:
        """This image as a `PIL.Image.Image`."""
        from PIL import Image as pil

        return pil.fromarray(np.ascontiguousarray(self.array))

    def png(self) -> bytes:
        """This image as the bytes of a PNG file."""
        out = io.BytesIO()
        self.to_pil().save(out, format="PNG")
        return out.getvalue()
