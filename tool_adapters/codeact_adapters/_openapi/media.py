"""Kinds of media types."""

from __future__ import annotations

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def bare(kind: object) -> str:
    """A media type in lower case and without its parameters."""
    return str(kind).split(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind.endswith(("/xml", "+xml", "ndjson", "jsonl", "yaml", "/csv"))


def is_binary(kind: str) -> bool:
    named = ("application/octet-stream", "application/pdf", "application/zip", "application/gzip")
    return kind.startswith(("image/", "audio/", "video/")) or kind in named


def is_sendable(kind: str) -> bool:
    """Whether a media type of a document can stand in a header."""
    return kind.isascii() and kind.isprintable() and "/" in kind and not set(kind) & set(' ,"\\')
