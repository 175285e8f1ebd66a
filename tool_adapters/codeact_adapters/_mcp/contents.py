"""What a server answers, as Python values: text, images, bytes, resources."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass
from typing import Any

from codeact.values import Image
from codeact_adapters._mcp.connection import McpError
from codeact_adapters.secrets import Secrets

_PIXELS = 64_000_000
_PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/jpg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}


@dataclass(frozen=True)
class Resource:
    """Something that a server can be asked to read.

    `size` is in bytes, where the server says it.
    """

    uri: str
    name: str
    description: str = ""
    media_type: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Prompt:
    """A prepared text of a server, and the names of its arguments; those that may be left out end in `?`."""

    name: str
    description: str
    arguments: list[str]


@dataclass(frozen=True)
class PromptMessage:
    """One message of a prompt. `role` is `user` or `assistant`, `content` text, an Image, bytes or a Resource."""

    role: str
    content: Any


class Contents:
    """Turns blocks of content into values, without secrets, and refuses what is too long."""

    def __init__(self, secrets: Secrets, most_bytes: int) -> None:
        self._secrets, self._most_bytes = secrets, most_bytes

    def values(self, blocks: list[Any], what: str) -> list[Any]:
        """The blocks one by one.

        Raises:
            McpError: together they are longer than may be.
        """
        size = sum(_size(block) for block in blocks)
        if size > self._most_bytes:
            raise McpError(f"{what} is longer than {self._most_bytes:,} bytes")
        return [self.value(block) for block in blocks]

    def one(self, blocks: list[Any], what: str) -> Any:
        """The value of a single block, the list of several, None for none. Errors as of `values`."""
        values = self.values(blocks, what)
        return values[0] if len(values) == 1 else values or None

    def value(self, block: Any) -> Any:
        kind = getattr(block, "type", "")
        if kind == "text":
            return self._secrets.hidden(block.text)
        if kind in ("image", "audio"):
            return self._bytes(block.data, block.mime_type)
        if kind == "resource":
            return self.value(block.resource)
        if kind == "resource_link":
            return self.resource(block)
        if hasattr(block, "text"):  # the contents of a resource
            return self._secrets.hidden(block.text)
        return self._bytes(block.blob, block.mime_type)

    def resource(self, found: Any) -> Resource:
        text = self._secrets.hidden
        return Resource(
            text(str(found.uri)),
            text(found.title or found.name),
            text(found.description or ""),
            text(found.mime_type or ""),
            found.size,
        )

    def template(self, found: Any) -> Resource:
        text = self._secrets.hidden
        return Resource(
            text(found.uri_template),
            text(found.title or found.name),
            text(found.description or ""),
            text(found.mime_type or ""),
        )

    def _bytes(self, encoded: str, media_type: str | None) -> Any:
        """An Image where it is one that can be read, else bytes."""
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise McpError("the answer holds data that is not base64") from None
        kind = _PICTURES.get((media_type or "").partition(";")[0].strip().lower())
        return self._secrets.hidden(data) if kind is None else _image(data, kind)


def _image(data: bytes, kind: str) -> Any:
    from PIL import Image as pil

    try:
        picture = pil.open(io.BytesIO(data), formats=(kind,))
        if picture.width * picture.height > _PIXELS:
            raise McpError(f"the answer holds a picture of {picture.width} x {picture.height} pixels: too many")
        return Image.from_pil(picture)
    except McpError:
        raise
    except Exception:
        return data


def _size(block: Any) -> int:
    inner = getattr(block, "resource", block)
    return sum(len(getattr(inner, name, None) or "") for name in ("text", "data", "blob"))
