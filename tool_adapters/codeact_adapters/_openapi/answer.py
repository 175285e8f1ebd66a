"""Answers: which type an operation returns, and an answer as a value of that type."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Mapping
from typing import Any

from codeact_adapters._openapi.client import Answer, HttpError
from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.media import bare, is_binary, is_json, is_sendable, is_text
from codeact_adapters._openapi.schema import Types
from codeact_adapters._openapi.values import from_json

_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")  # of a pair, perhaps of a whole one


def returned(operation: Mapping[str, Any], hint: str, document: Document, types: Types) -> tuple[Any, str]:
    """The type that an operation returns, and the header Accept that asks for it."""
    responses = document.mapping(operation.get("responses"))
    good = [node for status, node in responses.items() if str(status).startswith("2")]
    if not good and "default" in responses:
        good = [responses["default"]]
    found: list[Any] = []
    kinds: dict[str, None] = {}
    for node in good:
        content = document.mapping(document.mapping(node).get("content"))
        found.append(_type(content, hint, document, types) if content else None)
        kinds.update(dict.fromkeys(kind for each in content if is_sendable(kind := bare(each))))
    ours = [kind for kind in kinds if is_json(kind)]
    if "application/json" in ours or not kinds:
        ours = ["application/json"]
    accept = ", ".join([*(ours or list(kinds))[:5], "*/*;q=0.5"])
    if not found or Any in found:
        return Any, accept
    return typing.Union[tuple(found)], accept  # noqa: UP007


def decoded(answer: Answer, annotation: Any, what: str) -> Any:
    """The value of an answer: as its type says where it fits, else plain data.

    Raises:
        HttpError: the answer is not what it says it is.
    """
    return from_json(annotation, plain(answer, annotation, what))


def plain(answer: Answer, annotation: Any, what: str) -> Any:
    """An answer as parsed JSON, text or bytes; None if it is empty."""
    if not answer.data:
        return b"" if annotation is bytes else None
    if annotation is bytes:
        return answer.data
    if is_json(answer.kind) or (not answer.kind and answer.data[:1] in b"{["):
        try:
            return _whole(json.loads(answer.data, parse_constant=_refuse_constant), answer.data)
        except (ValueError, RecursionError):
            text = f"the answer says it is JSON and is not: {answer.data[:100].decode(errors='replace')}"
            raise HttpError(f"{what}: {text}", 200, text) from None
    if is_text(answer.kind) or annotation is str:
        return answer.data.decode(errors="replace")
    return answer.data


def _whole(value: Any, data: bytes) -> Any:
    """Parsed JSON with a question mark for each half of a surrogate pair, which no program could be given."""
    if _HALF.search(data) is None:
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _type(content: Mapping[str, Any], hint: str, document: Document, types: Types) -> Any:
    kinds = {bare(kind): document.mapping(media) for kind, media in content.items()}
    for kind, media in kinds.items():
        if is_json(kind):
            return types.of(media.get("schema", {}), f"{hint}Result")
    if all(is_text(kind) for kind in kinds):
        return str
    schemas = [document.mapping(media.get("schema")) for media in kinds.values()]
    if all(is_binary(kind) or schema.get("format") == "binary" for kind, schema in zip(kinds, schemas, strict=True)):
        return bytes
    return types.of(kinds["*/*"].get("schema", {}), f"{hint}Result") if "*/*" in kinds else Any


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
