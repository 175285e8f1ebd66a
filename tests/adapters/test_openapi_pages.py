"""Answers in pages, in every way in which services say where the next one is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from codeact.errors import ArgumentError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import HttpError, api_key, openapi

ALL = [{"id": f"i{number}"} for number in range(7)]
ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
ITEMS = {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def cut(request: Request, start: int) -> tuple[list[dict[str, str]], int]:
    size = int(request.query_params.get("limit", 3))
    return ALL[start : start + size], start + size


async def by_link(request: Request) -> Response:
    found, following = cut(request, int(request.query_params.get("from", 0)))
    more = following < len(ALL)
    host = request.headers["host"]
    headers = {"Link": f'<http://{host}/by_link?from={following}>; rel="next", <x>; rel="last"'} if more else {}
    return JSONResponse(found, headers=headers)


async def by_cursor(request: Request) -> Response:
    start = int(request.query_params.get("cursor", "c0")[1:])
    found, following = cut(request, start)
    return JSONResponse({"items": found, "meta": {"next_cursor": f"c{following}" if following < len(ALL) else None}})


async def by_address(request: Request) -> Response:
    found, following = cut(request, int(request.query_params.get("at", 0)))
    more = following < len(ALL)
    return JSONResponse({"results": found, "count": len(ALL), "next": f"/by_address?at={following}" if more else None})


async def by_last_id(request: Request) -> Response:
    after = request.query_params.get("starting_after")
    found, following = cut(request, int(after[1:]) + 1 if after else 0)
    return JSONResponse({"data": found, "has_more": following < len(ALL)})


async def by_offset(request: Request) -> Response:
    return JSONResponse(cut(request, int(request.query_params.get("offset", 0)))[0])


async def by_page(request: Request) -> Response:
    return JSONResponse({"orders": cut(request, 3 * (int(request.query_params.get("page", 1)) - 1))[0], "total": 7})


async def keyed(request: Request) -> Response:
    """Repeats the key in the address of the next page, and takes no other."""
    if request.query_params.getlist("key") != ["my-secret-key"]:
        return JSONResponse({"detail": str(request.url)}, status_code=401)
    found, following = cut(request, int(request.query_params.get("at", 0)))
    url = f"/keyed?key=my-secret-key&at={following}"
    return JSONResponse({"results": found, "next": url if following < len(ALL) else None})


async def away(request: Request) -> Response:
    return JSONResponse({"results": ALL, "next": "http://169.254.169.254/latest"})


async def around(request: Request) -> Response:
    return JSONResponse({"items": ALL, "next_cursor": "again"})


def listed(*query: tuple[str, Any], headers: Any = None, schema: Any) -> dict[str, Any]:
    return {
        "parameters": [{"name": name, "in": "query", "schema": kind} for name, kind in query],
        "responses": {"200": {"headers": headers or {}, "content": {"application/json": {"schema": schema}}}},
    }


def envelope(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {name: ITEMS, **more}}


LIMIT = ("limit", NUMBER)
OPERATIONS = {
    "by_link": listed(LIMIT, headers={"Link": {"schema": TEXT}}, schema=ITEMS),
    "by_cursor": listed(
        LIMIT, ("cursor", TEXT), schema=envelope("items", meta={"type": "object", "properties": {"next_cursor": TEXT}})
    ),
    "by_address": listed(LIMIT, schema=envelope("results", count=NUMBER, next={"type": "string", "nullable": True})),
    "by_last_id": listed(LIMIT, ("starting_after", TEXT), schema=envelope("data", has_more={"type": "boolean"})),
    "by_offset": listed(LIMIT, ("offset", NUMBER), schema=ITEMS),
    "by_page": listed(("page", NUMBER), schema=envelope("orders", total=NUMBER)),
    "keyed": listed(schema=envelope("results", next=TEXT)),
    "away": listed(schema=envelope("results", next=TEXT)),
    "around": listed(("cursor", TEXT), schema=envelope("items", next_cursor=TEXT)),
}
ONE = {"responses": {"200": {"content": {"application/json": {"schema": ITEMS}}}}, "parameters": []}


@pytest.fixture(scope="module")
def address(serve: Any) -> str:
    functions = [by_link, by_cursor, by_address, by_last_id, by_offset, by_page, keyed, away, around]
    return serve(Starlette(routes=[Route(f"/{f.__name__}", f) for f in functions]))  # type: ignore[no-any-return]


def box(address: str, **options: Any) -> Toolbox:
    paths = {f"/{name}": {"get": {"operationId": name, **node}} for name, node in {**OPERATIONS, "whole": ONE}.items()}
    document = {"openapi": "3.0.3", "paths": paths, "components": {"schemas": {"Item": ITEM}}}
    return openapi(document, base_url=address, **options)


@pytest.fixture(scope="module")
def call(address: str) -> Callable[..., Any]:
    made = box(address)
    return lambda name, **arguments: made[name].invoke(made[name].bind((), arguments))


def ids(answer: Any) -> list[str]:
    if not isinstance(answer, list):
        answer = next(v for v in vars(answer).values() if isinstance(v, list))
    return [item.id for item in answer]


@pytest.mark.parametrize("name", ["by_link", "by_cursor", "by_address", "by_last_id", "by_offset", "by_page"])
def test_pages_are_joined(call: Callable[..., Any], name: str) -> None:
    everything = [item["id"] for item in ALL]
    assert ids(call(name)) == everything[:3]
    assert ids(call(name, pages=2)) == everything[:6]
    assert ids(call(name, pages=50)) == everything


def test_the_size_of_pages_is_kept(call: Callable[..., Any]) -> None:
    for name in ("by_cursor", "by_last_id", "by_offset"):
        assert len(ids(call(name, limit=2, pages=2))) == 4


def test_what_else_an_answer_says_is_that_of_its_last_page(call: Callable[..., Any]) -> None:
    answer = call("by_cursor", pages=2)
    assert answer.meta.next_cursor == "c6"  # where a program can go on
    assert call("by_cursor", cursor=answer.meta.next_cursor).items[0].id == "i6"


def test_a_next_page_elsewhere_is_not_fetched(call: Callable[..., Any]) -> None:
    assert len(ids(call("away"))) == 7
    with pytest.raises(Exception, match=r"a request would have left http://127.0.0.1"):
        call("away", pages=2)


def test_a_next_page_may_repeat_the_key(address: str) -> None:
    keyed_box = box(address, auth=api_key("my-secret-key", query="key"))
    answer = keyed_box["keyed"].invoke(keyed_box["keyed"].bind((), {"pages": 9}))
    assert len(ids(answer)) == 7
    assert "my-secret-key" not in str(answer)


def test_pages_that_go_round_end(call: Callable[..., Any]) -> None:
    assert len(ids(call("around", pages=100))) == 14


def test_pages_have_limits(address: str, call: Callable[..., Any]) -> None:
    with pytest.raises(ArgumentError, match="from 1 to 100"):
        call("by_page", pages=101)
    small = box(address, max_response_bytes=100)
    with pytest.raises(HttpError, match="GET /by_page: 2 pages together are longer than 100 bytes"):
        small["by_page"].invoke(small["by_page"].bind((), {"pages": 3}))
    assert "pages" not in box(address, max_pages=1).stubs()
    assert "def whole() -> list[Item]" in box(address).stubs()


def test_a_program_reads_pages(address: str) -> None:
    with Sandbox(box(address)) as sandbox:
        result = sandbox.run("[item.id for item in by_cursor(pages=3).items]")
    assert result.value == [item["id"] for item in ALL]
