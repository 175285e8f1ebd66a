"""Request bodies: JSON, forms, uploads of files, text and bytes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from codeact.errors import ArgumentError
from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.media import FORM, MULTIPART, bare, is_json, is_sendable, is_text
from codeact_adapters._openapi.names import class_case, field_name
from codeact_adapters._openapi.parameters import Argument, deep_pairs, pair
from codeact_adapters._openapi.schema import Types, optional
from codeact_adapters._openapi.values import to_json


@dataclasses.dataclass
class FileUpload:
    """A file to send, where its name or its media type matters; where they do not, plain bytes will do."""

    content: bytes
    name: str = "file"
    media_type: str = "application/octet-stream"


@dataclasses.dataclass(frozen=True)
class Body:
    """How the body of an operation is made of its arguments.

    Attributes:
        media_type: what it is sent as.
        arguments: with the place `body` or `field`.
        required: whether it is sent even if there is nothing in it.
        encoding: by property of a form, the document's encoding object.
    """

    media_type: str
    arguments: list[Argument]
    required: bool
    encoding: Mapping[str, Mapping[str, Any]]

    def content(self, values: Mapping[str, Any]) -> tuple[str, bytes] | None:
        """The Content-Type and the bytes for these values of arguments; None for no body.

        Raises:
            ArgumentError: a value cannot be sent this way.
        """
        fields: dict[str, Any] = {}
        for argument in self.arguments:
            value = values[argument.name]
            if argument.place == "body":
                return self._whole(value) if value is not None or argument.required else None
            if value is not None or argument.required:
                fields[argument.wire_name] = value
        if not fields and not self.required:
            return None
        return self._fields(fields)

    def _whole(self, value: Any) -> tuple[str, bytes]:
        if self.media_type in (FORM, MULTIPART):
            if not isinstance(value, dict):
                raise ArgumentError(f"argument 'body': a form takes a dict, not {type(value).__name__}")
            return self._fields({str(name): inner for name, inner in value.items() if inner is not None})
        if is_json(self.media_type):
            return self.media_type, json.dumps(to_json(value), allow_nan=False).encode()
        if isinstance(value, bytes):
            return self.media_type, value
        if isinstance(value, str):
            return f"{self.media_type}; charset=utf-8", value.encode()
        raise ArgumentError(f"argument 'body': expected bytes or a string, got {type(value).__name__}")

    def _fields(self, fields: Mapping[str, Any]) -> tuple[str, bytes]:
        if self.media_type == MULTIPART:
            return self._multipart(fields)
        if self.media_type == FORM:
            parts = [part for name, value in fields.items() for part in self._form_parts(name, to_json(value))]
            return FORM, "&".join(parts).encode()
        return self.media_type, json.dumps(
            {name: to_json(inner) for name, inner in fields.items()}, allow_nan=False
        ).encode()

    def _form_parts(self, name: str, value: Any) -> list[str]:
        encoding = self.encoding.get(name, {})
        if encoding.get("style") == "deepObject":
            return deep_pairs(name, value)
        if isinstance(value, list) and encoding.get("explode", True) is not False:
            return [pair(name, item) for item in value]
        if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
            return [pair(name, ",".join(str(to_json(item)) for item in value))]
        return [pair(name, value)]

    def _multipart(self, fields: Mapping[str, Any]) -> tuple[str, bytes]:
        import httpx

        parts: list[tuple[str, Any]] = []
        for name, value in fields.items():
            kind = str(self.encoding.get(name, {}).get("contentType", "")).split(",")[0].strip()
            kind = "" if "*" in kind else kind
            items = value if isinstance(value, (list, tuple)) else [value]
            parts += [(name, _part(item, kind)) for item in items]
        request = httpx.Request("POST", "http://form", files=parts or {"": (None, b"")})
        return request.headers["Content-Type"], request.read()


def body_of(operation: Mapping[str, Any], hint: str, document: Document, types: Types) -> Body | None:
    """The body of an operation; None if it takes none.

    A JSON schema with a name is one argument, `body`; the properties of one without, and those of forms, are arguments
    themselves.
    """
    node = document.mapping(operation.get("requestBody"))
    content = document.mapping(node.get("content"))
    if not content:
        return None
    required = node.get("required") is True
    media_type, media = _chosen(content, document, types)
    schema = media.get("schema", {})
    encoding = {str(k): document.mapping(v) for k, v in document.mapping(media.get("encoding")).items()}
    form = media_type in (FORM, MULTIPART)
    properties: Mapping[str, tuple[Any, bool]] = {}
    if form or (is_json(media_type) and not (isinstance(schema, Mapping) and "$ref" in schema)):
        properties = types.fields(schema, form=form)
    if properties:
        arguments = []
        for wire_name, (inner, needed) in properties.items():
            annotation = types.annotated(inner, f"{hint}{class_case(wire_name)}")
            if media_type == MULTIPART:
                annotation = _with_uploads(annotation)
            if not needed:
                annotation = optional(annotation)
            arguments.append(Argument(field_name(wire_name), wire_name, "field", annotation, needed))
        return Body(media_type, arguments, required, encoding)
    if form:
        annotation = dict[str, Any]
    elif is_json(media_type):
        annotation = types.annotated(schema, f"{hint}Body", node.get("description"))
    else:
        annotation = str if is_text(media_type) else bytes
    if not required:
        annotation = optional(annotation)
    return Body(media_type, [Argument("body", "body", "body", annotation, required)], required, encoding)


def _chosen(content: Mapping[str, Any], document: Document, types: Types) -> tuple[str, Mapping[str, Any]]:
    """The media type that is sent: JSON if there is one, else a form, else text, else what comes first."""
    kinds = {bare(kind): kind for kind in content}
    json_kinds = [kind for kind in kinds if is_json(kind)]
    forms = [kind for kind in (FORM, MULTIPART) if kind in kinds]
    if len(forms) == 2 and _has_files(document.mapping(content[kinds[MULTIPART]]), document, types):
        forms.reverse()
    text = [kind for kind in kinds if is_text(kind)]
    chosen = next(iter(("application/json",) if "application/json" in kinds else json_kinds or forms or text or kinds))
    media = document.mapping(content[kinds[chosen]])
    return (chosen if is_sendable(chosen) and "*" not in chosen else "application/octet-stream"), media


def _has_files(media: Mapping[str, Any], document: Document, types: Types) -> bool:
    nodes = [document.mapping(inner) for inner, _ in types.fields(media.get("schema", {}), form=True).values()]
    return any(node.get("format") == "binary" or "contentMediaType" in node for node in nodes)


def _with_uploads(annotation: Any) -> Any:
    """The annotation with `bytes | FileUpload` for bytes."""
    if annotation is bytes:
        return bytes | FileUpload
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return Annotated[(_with_uploads(inner), *metadata)]
    if get_origin(annotation) is Union:
        return Union[tuple(_with_uploads(option) for option in get_args(annotation))]  # noqa: UP007
    if get_origin(annotation) is list:
        return list[_with_uploads(get_args(annotation)[0])]  # type: ignore[misc]
    return annotation


def _part(value: Any, kind: str) -> tuple[str | None, bytes, str] | tuple[str | None, bytes]:
    """A part of a multipart form, as httpx takes it: file name, content, media type."""
    if isinstance(value, FileUpload):
        return _plain(value.name, "name"), value.content, _plain(value.media_type, "media_type")
    if isinstance(value, bytes):
        return "file", value, kind or "application/octet-stream"
    data = to_json(value)
    if isinstance(data, (dict, list)):
        return None, json.dumps(data, allow_nan=False).encode(), kind or "application/json"
    text = ("true" if data else "false") if isinstance(data, bool) else "" if data is None else str(data)
    return (None, text.encode(), kind) if kind else (None, text.encode())


def _plain(text: str, what: str) -> str:
    if not text.isprintable() or not text:
        raise ArgumentError(f"the {what} of a FileUpload must be printable, not {text[:60]!r}")
    return text
