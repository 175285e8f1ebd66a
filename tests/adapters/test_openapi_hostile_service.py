"""Services that answer slowly, too much, wrongly, or by pointing elsewhere."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from codeact.errors import ToolError
from codeact.tools import Toolbox
from codeact_adapters import HttpError, openapi


def application(elsewhere: str) -> FastAPI:
    app = FastAPI()

    @app.get("/slow")
    async def slow() -> int:
        await asyncio.sleep(5)
        return 1

    @app.get("/drip")
    async def drip() -> StreamingResponse:
        async def drops() -> Any:
            for _ in range(100):
                yield b" "
                await asyncio.sleep(0.1)

        return StreamingResponse(drops())

    @app.get("/flood")
    async def flood() -> StreamingResponse:
        async def water() -> Any:
            for _ in range(200):
                yield b"x" * 100_000
                await asyncio.sleep(0)

        return StreamingResponse(water())

    @app.get("/broken_json")
    def broken_json() -> Response:
        return Response("{", media_type="application/json")

    @app.get("/not_a_number")
    def not_a_number() -> Response:
        return Response("[NaN]", media_type="application/json")

    @app.get("/deep_json")
    def deep_json() -> Response:
        return Response("[" * 100_000, media_type="application/json")

    @app.get("/halves")
    def halves() -> Response:
        return Response(b'{"a": "x\\ud83d", "\\uDE00": ["\\ud83d\\ude00"]}', media_type="application/json")

    @app.get("/other_shape")
    def other_shape() -> dict[str, int]:
        return JSONResponse({"a": ["not", "ints"], "b": None})  # type: ignore[return-value]

    @app.get("/text")
    def text() -> PlainTextResponse:
        return PlainTextResponse("schön")

    @app.get("/bytes")
    def raw() -> Response:
        return Response(b"\x00\x01", media_type="application/octet-stream")

    @app.get("/moved")
    def moved() -> Response:
        return RedirectResponse("/text")

    @app.get("/around")
    def around() -> Response:
        return RedirectResponse("/around")

    @app.get("/away")
    def away() -> Response:
        return RedirectResponse(f"{elsewhere}/steal")

    @app.post("/posted_away")
    def posted_away() -> Response:
        return RedirectResponse("/text", status_code=307)

    @app.get("/teapot")
    def teapot() -> Response:
        return Response("x" * 10_000, status_code=418)

    return app


@pytest.fixture(scope="module")
def visits() -> list[str]:
    return []


@pytest.fixture(scope="module")
def address(serve: Any, visits: list[str]) -> str:
    thief = FastAPI()

    @thief.get("/steal")
    def steal() -> None:
        visits.append("steal")

    return serve(application(serve(thief)))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def box(address: str) -> Toolbox:
    return openapi(f"{address}/openapi.json", token="secret-token", max_response_bytes=1_000_000)


def openapi_document(address: str) -> Any:
    return httpx.get(f"{address}/openapi.json", trust_env=False).json()


def call(box: Toolbox, name: str) -> Any:
    return box[name].invoke({})


@pytest.mark.parametrize("name", ["slow", "drip"])
@pytest.mark.real_time
def test_the_time_limit_holds_for_the_whole_answer(address: str, name: str) -> None:
    hasty = openapi(openapi_document(address), base_url=address, timeout_s=0.5)
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=rf"GET /{name}: no (complete )?answer within 0.5 s"):
        call(hasty, name)
    assert time.monotonic() - started < 4


def test_a_long_answer_is_cut_off(box: Toolbox) -> None:
    with pytest.raises(HttpError, match="GET /flood: the answer is longer than 1,000,000 bytes"):
        call(box, "flood")


@pytest.mark.parametrize("name", ["broken_json", "not_a_number", "deep_json"])
def test_an_answer_that_is_not_what_it_says(box: Toolbox, name: str) -> None:
    with pytest.raises(HttpError, match=f"GET /{name}: the answer says it is JSON and is not") as caught:
        call(box, name)
    assert len(str(caught.value)) < 300


def test_an_answer_of_another_shape_stays_plain_data(box: Toolbox) -> None:
    assert call(box, "other_shape") == {"a": ["not", "ints"], "b": None}


def test_half_a_character_does_not_cost_the_answer(box: Toolbox) -> None:
    assert call(box, "halves") == {"a": "x?", "?": ["\U0001f600"]}


def test_text_and_bytes(box: Toolbox) -> None:
    assert call(box, "text") == "schön"
    assert call(box, "raw") == b"\x00\x01"


def test_redirects_are_followed_on_the_same_host_only(box: Toolbox, visits: list[str]) -> None:
    assert call(box, "moved") == "schön"
    with pytest.raises(HttpError, match="HTTP 307 from GET /away: the redirect to another host was not followed"):
        call(box, "away")
    with pytest.raises(HttpError, match="HTTP 307 from GET /around"):
        call(box, "around")
    with pytest.raises(HttpError, match="HTTP 307 from POST /posted_away"):
        call(box, "posted_away")
    assert visits == []


def test_an_error_shows_only_the_start_of_its_text(box: Toolbox) -> None:
    with pytest.raises(HttpError) as caught:
        call(box, "teapot")
    assert caught.value.status == 418
    assert len(caught.value.text) == 500


def test_a_document_cannot_send_requests_to_another_host(serve: Any) -> None:
    app = FastAPI(servers=[{"url": "http://169.254.169.254/latest"}])
    address = serve(app)
    with pytest.raises(
        ToolError, match=r"comes from 127.0.0.1 and says that the service is on 169.254.169.254; pass base"
    ):
        openapi(f"{address}/openapi.json")
    assert len(openapi(f"{address}/openapi.json", base_url=address)) == 0
