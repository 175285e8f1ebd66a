"""What goes over the wire: a service that answers with what it was sent, and documents written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from codeact.errors import ArgumentError, ToolError
from codeact.tools import Toolbox
from codeact_adapters import FileUpload, api_key, openapi


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "path": request.scope["raw_path"].decode().split("?")[0],
            "query": parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True),
            "raw_query": request.scope["query_string"].decode(),
            "headers": dict(request.headers),
            "body": body.decode("latin-1"),
        }
    )


@pytest.fixture(scope="module")
def address(serve: Any) -> str:
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return serve(Starlette(routes=[Route("/{rest:path}", echo, methods=every)]))  # type: ignore[no-any-return]


Sent = dict[str, Any]


def parameter(name: str, place: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, **more}


def operation(address: str, path: str = "/x", method: str = "post", **parts: Any) -> Toolbox:
    parts = {"operationId": "x", "responses": {"200": {"description": "ok"}}, **parts}
    return openapi({"openapi": "3.1.0", "paths": {path: {method: parts}}}, base_url=f"{address}/api")


def call(box: Toolbox, *args: Any, **kwargs: Any) -> Any:
    return box["x"].invoke(box["x"].bind(args, kwargs))


TEXTS = {"type": "array", "items": {"type": "string"}}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "tags": TEXTS, "in": {"type": "object"}}}


@pytest.mark.parametrize(
    ("more", "value", "query"),
    [
        ({"schema": {"type": "string"}}, "a b&c=d", "p=a%20b%26c%3Dd"),
        ({"schema": {"type": "boolean"}}, True, "p=true"),
        ({"schema": TEXTS}, ["a", "b,c"], "p=a&p=b%2Cc"),
        ({"schema": TEXTS, "explode": False}, ["a", "b,c"], "p=a,b%2Cc"),
        ({"schema": TEXTS, "style": "spaceDelimited", "explode": False}, ["a", "b"], "p=a%20b"),
        ({"schema": TEXTS, "style": "pipeDelimited", "explode": False}, ["a", "b"], "p=a%7Cb"),
        ({"schema": POINT}, {"x": 1}, "x=1"),
        ({"schema": POINT, "explode": False}, {"x": 1}, "p=x,1"),
        (
            {"schema": POINT, "style": "deepObject", "explode": True},
            {"x": 1, "tags": ["a", "b"], "in": {"unit": "m"}},
            "p%5Bx%5D=1&p%5Btags%5D%5B%5D=a&p%5Btags%5D%5B%5D=b&p%5Bin%5D%5Bunit%5D=m",
        ),
        ({"content": {"application/json": {"schema": POINT}}}, {"x": 1}, "p=%7B%22x%22%3A%201%7D"),
        ({"schema": {"type": "string"}, "allowReserved": True}, "a/b:c&d#e", "p=a/b:c%26d%23e"),
    ],
)
def test_queries_in_every_style(address: str, more: Mapping[str, Any], value: Any, query: str) -> None:
    if isinstance(value, dict):  # `in` is no Python name: what the field is called in Python
        value = {"in_" if name == "in" else name: inner for name, inner in value.items()}
    box = operation(address, parameters=[{"name": "p", "in": "query", **more}])
    assert call(box, value)["raw_query"] == query
    assert call(box)["raw_query"] == ""


@pytest.mark.parametrize(
    ("more", "value", "path"),
    [
        ({}, "a/b", "/api/x/a%2Fb/z"),
        ({"schema": TEXTS}, ["a", "b"], "/api/x/a,b/z"),
        ({"schema": TEXTS, "style": "label", "explode": True}, ["a", "b"], "/api/x/.a.b/z"),
        ({"schema": TEXTS, "style": "matrix"}, ["a", "b"], "/api/x/;p=a,b/z"),
        ({"schema": TEXTS, "style": "matrix", "explode": True}, ["a", "b"], "/api/x/;p=a;p=b/z"),
        ({"schema": POINT, "explode": True}, {"x": 1}, "/api/x/x=1/z"),
        ({"schema": POINT}, {"x": 1}, "/api/x/x,1/z"),
        ({"x-multi-segment": True}, "a/b c", "/api/x/a/b%20c/z"),
    ],
)
def test_paths_in_every_style(address: str, more: Mapping[str, Any], value: Any, path: str) -> None:
    box = operation(address, "/x/{p}/z", parameters=[{"name": "p", "in": "path", "schema": {"type": "string"}, **more}])
    assert call(box, value)["path"] == path


def test_a_path_cannot_climb_by_parts_or_segments(address: str) -> None:
    two = operation(address, "/x/{a}{b}/z")  # parameters that the document forgot to describe
    assert call(two, "1", "2")["path"] == "/api/x/12/z"
    one = [parameter("p", "path", {"type": "string"}, **{"x-multi-segment": True})]
    for refused in ("../etc", "a/../b", "a//b", "/a", "..", "%2e%2e/../x"):
        with pytest.raises(ArgumentError, match="cannot stand in a path"):
            call(operation(address, "/x/{p}", parameters=one), refused)
    with pytest.raises(ArgumentError):
        call(two, ".", ".")


def test_headers_and_cookies(address: str) -> None:
    parameters = [
        parameter("X-Tags", "header", TEXTS),
        parameter("X-Level", "header", {"type": "integer", "default": 3}, required=True),
        parameter("session", "cookie", {"type": "string"}),
        *(parameter(name, "header", {"type": "string"}) for name in ("Host", "Authorization", "Content-Length", "a b")),
    ]
    box = operation(address, parameters=parameters)
    assert "def x(x_tags: list[str] | None = None, x_level: int = 3, session: str | None = None)" in box.stubs()
    sent = call(box, ["a", "b"], session="s; other=1")
    assert sent["headers"]["x-tags"] == "a,b"
    assert sent["headers"]["x-level"] == "3"
    assert sent["headers"]["cookie"] == "session=s%3B%20other%3D1"
    for text in ("a\r\nX-Evil: 1", "ä", "\0"):
        with pytest.raises(ArgumentError, match="printable ASCII"):
            call(box, [text])


def test_fixed_headers_and_keys_are_not_for_programs(address: str) -> None:
    parameters = [
        parameter("X-Version", "header", {"type": "string"}, required=True),
        parameter("key", "query", {"type": "string"}, required=True),
        parameter("q", "query", {"type": "string"}),
    ]
    document = {"openapi": "3.0.0", "paths": {"/x": {"get": {"operationId": "x", "parameters": parameters}}}}
    box = openapi(document, base_url=address, headers={"X-Version": "2"}, auth=api_key("secret-key", query="key"))
    assert "def x(q: str | None = None)" in box.stubs()
    sent = call(box, "a")
    assert sent["headers"]["x-version"] == "2"
    assert sent["query"] == [["q", "a"], ["key", "[token]"]]
    for name in ("X Version", "X:Version", ""):
        with pytest.raises(ToolError, match="cannot be the name of a header"):
            openapi(document, base_url=address, headers={name: "2"})


def body(media_type: str, schema: Any, required: bool = True, **media: Any) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {media_type: {"schema": schema, **media}}}}


def form(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def test_url_encoded_forms(address: str) -> None:
    schema = form("name", name={"type": "string"}, tags=TEXTS, at=POINT, metadata=POINT)
    encoding = {"metadata": {"style": "deepObject", "explode": True}}
    box = operation(address, **body("application/x-www-form-urlencoded", schema, encoding=encoding))
    sent = call(box, "a&b", tags=["x", "y"], at={"x": 1}, metadata={"x": 2, "tags": ["z"]})
    assert sent["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(sent["body"]) == [
        *[("name", "a&b"), ("tags", "x"), ("tags", "y"), ("at", '{"x": 1}')],
        *[("metadata[x]", "2"), ("metadata[tags][]", "z")],
    ]


def parts(sent: Sent) -> list[tuple[str | None, str | None, str, bytes]]:
    """Name, file name, media type and content of the parts of a multipart body."""
    head = f"Content-Type: {sent['headers']['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + sent["body"].encode("latin-1"))
    found = []
    for part in message.get_payload():
        assert isinstance(part, Message)
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((str(name), part.get_filename(), part.get_content_type(), content))
    return found


def test_uploads(address: str) -> None:
    file = {"type": "string", "format": "binary"}
    schema = form("file", file=file, more={"type": "array", "items": file}, title={"type": "string"}, at=POINT)
    box = operation(address, **body("multipart/form-data", schema))
    assert "def x(file: bytes | FileUpload, more: list[bytes | FileUpload] | None = None" in box.stubs()
    sent = call(box, b"\x00\xff", more=[FileUpload(b"x", 'a"b.png', "image/png"), b"y"], title="T", at={"x": 1})
    assert parts(sent) == [
        ("file", "file", "application/octet-stream", b"\x00\xff"),
        ("more", "a%22b.png", "image/png", b"x"),
        ("more", "file", "application/octet-stream", b"y"),
        ("title", None, "text/plain", b"T"),
        ("at", None, "application/json", b'{"x": 1}'),
    ]
    with pytest.raises(ArgumentError, match="must be printable"):
        call(box, FileUpload(b"", "a\r\nX: y"))


def test_what_a_file_is_in_openapi_3_1(address: str) -> None:
    schema = form(
        "file", file={"type": "string", "contentMediaType": "application/octet-stream"}, note={"type": "string"}
    )
    box = operation(address, **body("multipart/form-data", schema))
    assert "file: bytes | FileUpload" in box.stubs()


@pytest.mark.parametrize(
    ("media_type", "value", "kind", "sent_body"),
    [
        ("application/octet-stream", b"\x00\x01", "application/octet-stream", "\x00\x01"),
        ("image/*", b"\x00", "application/octet-stream", "\x00"),
        ("text/plain", "a", "text/plain; charset=utf-8", "a"),
        ("application/xml", "<a/>", "application/xml; charset=utf-8", "<a/>"),
        ("application/merge-patch+json", {"a": None}, "application/merge-patch+json", '{"a": null}'),
    ],
)
def test_bodies_of_other_kinds(address: str, media_type: str, value: Any, kind: str, sent_body: str) -> None:
    sent = call(operation(address, **body(media_type, {})), value)
    assert (sent["headers"]["content-type"], sent["body"]) == (kind, sent_body)


def test_a_body_that_may_be_left_out_is(address: str) -> None:
    schema = form(name={"type": "string"}, made={"type": "string", "readOnly": True})
    optional = operation(address, **body("application/json", schema, required=False))
    assert "def x(name: str | None = None)" in optional.stubs()
    assert call(optional)["body"] == ""
    assert call(optional, "a")["body"] == '{"name": "a"}'
    assert call(operation(address, **body("application/json", schema)))["body"] == "{}"


def test_json_wins_over_forms_and_files_over_fields(address: str) -> None:
    schema = form(a={"type": "string"}, f={"type": "string", "format": "binary"})
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    content = {kind: {"schema": schema} for kind in kinds}
    with_file = operation(address, requestBody={"content": content})
    assert call(with_file, "x")["headers"]["content-type"].startswith("multipart/form-data")
    with_json = operation(address, requestBody={"content": {**content, "application/json": {"schema": form(a={})}}})
    assert call(with_json, "x")["headers"]["content-type"] == "application/json"


def test_operations_with_a_server_of_their_own(serve: Any, address: str) -> None:
    other = address.replace("127.0.0.1", "localhost")
    paths = {
        "/here": {"get": {"operationId": "here", "servers": [{"url": "/v2"}]}},
        "/there": {"get": {"operationId": "there", "servers": [{"url": f"{other}/up"}]}},
    }
    document = {"openapi": "3.0.0", "paths": paths}
    assert list(openapi(document, base_url=f"{address}/v1").tools) == ["here"]
    with pytest.raises(ToolError, match=r"it is on localhost; pass hosts=\['localhost'\] if that is meant"):
        openapi(document, base_url=f"{address}/v1", allow=["there"])
    box = openapi(document, base_url=f"{address}/v1", hosts=["localhost"], token="my-secret-token")
    assert box["here"].invoke({})["path"] == "/v2/here"
    there = box["there"].invoke({})
    assert (there["path"], there["headers"]["authorization"]) == ("/up/there", "Bearer [token]")
