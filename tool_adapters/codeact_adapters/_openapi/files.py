"""The files beside a document that it refers to: read on demand, and never from outside its folder or its host."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from codeact.errors import ToolError

LARGEST_BYTES = 50_000_000
_MOST_FILES = 5_000
_DEEPEST = 200

Read = Callable[[str], bytes]


class Files:
    """Parsed files by their key: a path below the document's folder, or an address on its host.

    References in them are absolute: `#/...` is always the main document, `KEY#/...` another one.
    """

    def __init__(self, main: str = "", read: Read | None = None) -> None:
        """Prepare to read.

        Args:
            main: the key of the main document.
            read: gives the bytes of a key; None where there are no other files.
        """
        self._main = main
        self._read = read
        self._contents: dict[str, Any] = {}
        self._bytes = 0

    def resolve(self, reference: str, base: str = "") -> str:
        """A reference that stands in the file `base` (the main document if empty), made absolute.

        Raises:
            ToolError: it leads outside.
        """
        name, mark, pointer = reference.partition("#")
        key = base if not name else self._key(name, base or self._main, reference)
        return f"{'' if key == self._main else key}#{pointer}" if mark or name else reference

    def content(self, key: str) -> Any:
        """The parsed file with this key, as `resolve` gives it.

        Raises:
            ToolError: it cannot be read.
        """
        if key not in self._contents:
            if self._read is None or len(self._contents) >= _MOST_FILES:
                raise ToolError(f"the file {key[:100]!r} cannot be read: there are no files, or too many of them")
            data = self._read(key)
            self._bytes += len(data)
            if self._bytes > LARGEST_BYTES:
                raise ToolError(f"the files of the document have more than {LARGEST_BYTES:,} bytes together")
            self._contents[key] = self._absolute(parse(data, key), key, {}, 0)
        return self._contents[key]

    def _key(self, name: str, base: str, reference: str) -> str:
        if self._read is None:
            raise ToolError(f"the reference {reference[:100]!r} leads outside the document; only `#/...` is followed")
        if "://" in base:
            joined = urljoin(base, name)
            if urlsplit(joined)[:2] == urlsplit(base)[:2]:
                return joined
        else:
            path = unquote(name)
            joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
            if not path.startswith("/") and "://" not in path and joined.split("/")[0] not in ("..", ".", "~"):
                return joined
        raise ToolError(f"the reference {reference[:100]!r} leads outside the folder or the host of the document")

    def _absolute(self, node: Any, key: str, done: dict[int, Any], depth: int) -> Any:
        """A copy with absolute references. By identity, as aliases of YAML meet the same node again and again."""
        if not isinstance(node, (dict, list)):
            return node
        if id(node) not in done:
            if depth > _DEEPEST:
                raise ToolError(f"the file {key[:100]!r} is nested too deeply")
            if isinstance(node, list):
                done[id(node)] = [self._absolute(item, key, done, depth + 1) for item in node]
            else:
                done[id(node)] = {n: self._entry(n, inner, key, done, depth + 1) for n, inner in node.items()}
        return done[id(node)]

    def _entry(self, name: Any, value: Any, key: str, done: dict[int, Any], depth: int) -> Any:
        if name == "$ref" and isinstance(value, str):
            return self.resolve(value, key)
        if name == "mapping" and isinstance(value, dict) and all(isinstance(at, str) for at in value.values()):
            return {kind: self.resolve(at, key) if set(at) & set("#/.") else at for kind, at in value.items()}
        return self._absolute(value, key, done, depth)


def beside(path: Path) -> Files:
    """The files in the folder of a document and below."""
    folder = path.resolve().parent

    def read(key: str) -> bytes:
        found = (folder / key).resolve()
        if not found.is_relative_to(folder):  # by way of a link
            raise ToolError(f"the file {key[:100]!r} is outside the folder of the document")
        return read_file(found, key)

    return Files(path.resolve().name, read)


def read_file(path: Path, shown: str) -> bytes:
    """The bytes of a regular file of at most LARGEST_BYTES.

    Raises:
        ToolError: it cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise ToolError(f"the OpenAPI document {shown} cannot be read: it is no regular file")
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ToolError(f"the OpenAPI document {shown} cannot be read: {reason}") from None
    if len(data) > LARGEST_BYTES:
        raise ToolError(f"the OpenAPI document {shown} has more than {LARGEST_BYTES:,} bytes")
    return data


def parse(data: bytes, where: str) -> Mapping[str, Any]:
    """What a JSON or YAML text says, which must be a mapping.

    Raises:
        ToolError: it is neither, or no mapping.
    """
    try:
        if data.lstrip()[:1] == b"{":
            try:
                content = json.loads(data)
            except ValueError:  # YAML has braces too, and allows comments and trailing commas
                content = _parse_yaml(data)
        else:
            content = _parse_yaml(data)
    except RecursionError:
        raise ToolError(f"{where} is nested too deeply") from None
    except Exception as error:
        raise ToolError(f"{where} is neither JSON nor YAML: {error}") from None
    if not isinstance(content, Mapping):
        raise ToolError(f"{where} is no OpenAPI document: it holds {type(content).__name__}, not a mapping")
    return content


def _parse_yaml(data: bytes) -> Any:
    from codeact_adapters._openapi.yaml_text import parse_yaml

    return parse_yaml(data)
