"""What came of a program, as blocks of content: text, pictures, and links to files."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from codeact.sandbox import Artifact, Execution
from codeact.values import Image

if TYPE_CHECKING:
    from mcp_types import ContentBlock, ImageContent

_MOST_PICTURES = 4
_LARGEST_PICTURE = 2_000_000  # bytes of a PNG file
_SCHEME = "workspace"


def blocks(execution: Execution, key: str) -> list[ContentBlock]:
    """The text that a model reads, then pictures, then links to the files that the run created or changed.

    Args:
        key: of the session, which the links name.
    """
    from mcp_types import ResourceLink, TextContent

    pictures = list(_pictures(execution))[:_MOST_PICTURES]
    links = [
        ResourceLink(
            uri=file_uri(key, file.path),
            name=file.path.rpartition("/")[2],
            description=f"{file.path}, {file.change} by this program",
            mime_type=file.media_type,
            size=file.size,
        )
        for file in execution.artifacts
    ]
    text = execution.observation() or "(no output)"
    return [TextContent(text=text), *map(picture, pictures), *links]


def picture(image: Image) -> ImageContent:
    from mcp_types import ImageContent

    return ImageContent(data=base64.b64encode(image.png()).decode(), mime_type="image/png")


def _pictures(execution: Execution) -> Iterable[Image]:
    if isinstance(execution.value, Image):
        yield execution.value
    for file in execution.artifacts:
        if _is_picture(file):
            try:
                yield file.image()
            except Exception:  # no picture after all: the link remains
                continue


def _is_picture(file: Artifact) -> bool:
    return file.media_type == "image/png" and file.size <= _LARGEST_PICTURE


def told(execution: Execution) -> dict[str, Any]:
    """What a client's own code may want to know of a program, without reading the text."""
    error = execution.error
    calls = [{"tool": call.tool, "effect": call.effect, "error": call.error} for call in execution.calls]
    return {
        "ok": execution.ok,
        "error": None if error is None else {"type": error.type, "message": error.message, "line": error.line},
        "seconds": round(execution.seconds, 6),
        "calls": calls,
        "restarted": execution.restarted,
    }


def file_uri(key: str, path: str) -> str:
    """The address of a file in a session's workspace."""
    return f"{_SCHEME}://{key}/{quote(path)}"


def file_of(uri: str) -> tuple[str, str]:
    """The session's key and the path in an address that `file_uri` made; empty where it is another one."""
    scheme, _, rest = uri.partition("://")
    key, _, path = rest.partition("/")
    return (key, unquote(path)) if scheme == _SCHEME else ("", "")
