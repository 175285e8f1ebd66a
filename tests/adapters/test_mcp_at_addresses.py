"""Servers of the Model Context Protocol at an address: credentials, and what a program sees when they go away."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from mcp_server import server

from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import McpError, mcp

TOKEN = "nobody-sees-this-1234"
KEY = "nor-this-5678"


def guarded(app: Any) -> Any:
    """The application behind a check of the token."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and (b"authorization", f"Bearer {TOKEN}".encode()) not in scope["headers"]:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"who are you?"})
            return
        await app(scope, receive, send)

    return answer


@pytest.fixture(scope="module")
def address(serve: Any) -> str:
    return f"{serve(guarded(server().streamable_http_app()))}/mcp"


@pytest.fixture(scope="module")
def lab(address: str) -> Iterator[Toolbox]:
    with mcp(address, name="lab", token=TOKEN, headers={"X-Lab": KEY, "Accept-Language": "en"}) as box:
        yield box


def test_a_token_and_headers_go_to_the_server_and_nowhere_else(lab: Toolbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Sandbox(lab) as sandbox:
        result = sandbox.run("print(lab.headers())")
    assert "'authorization': 'Bearer [token]'" in result.stdout
    assert "'x-lab': '[X-Lab]', 'accept-language'" in result.stdout
    seen = lab.stubs() + repr(lab) + result.observation() + repr(result.calls)
    seen += "".join(record.getMessage() for record in caplog.records if record.name.startswith("codeact"))
    assert TOKEN not in seen
    assert KEY not in seen


def test_a_program_uses_it_as_any_server(lab: Toolbox) -> None:
    with Sandbox(lab) as sandbox:
        result = sandbox.run("[point.x for point in lab.get_walk(Point(0, 0))], lab.picture().width")
    assert result.value == ([0, 1, 2], 3)


def test_missing_credentials_are_said(address: str) -> None:
    with pytest.raises(ConnectionError, match="answered with HTTP 401; it wants other credentials") as refused:
        mcp(address, token="some-other-token")
    assert "some-other-token" not in str(refused.value)


def test_nobody_listens() -> None:
    with pytest.raises(ConnectionError, match=r"the server at http://127.0.0.1:9/mcp cannot be connected to"):
        mcp("http://127.0.0.1:9/mcp?key=hidden-value", timeout_s=5)


def test_what_is_no_server_of_this_protocol(serve: Any) -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": b"<h1>hello</h1>"})

    with pytest.raises((ConnectionError, McpError), match="Unexpected content type: text/html"):
        mcp(f"{serve(plain)}/mcp", timeout_s=5)


def test_a_redirect_to_another_host_is_not_followed(serve: Any, address: str) -> None:
    asked = []

    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append(dict(scope["headers"]))
            headers = [(b"location", address.replace("127.0.0.1", "localhost").encode())]
            await send({"type": "http.response.start", "status": 307, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

    with pytest.raises(ConnectionError, match=r"Redirect to .* not followed"):
        mcp(f"{serve(elsewhere)}/mcp", token=TOKEN, timeout_s=5)
    assert asked


@pytest.mark.real_time
def test_a_server_that_goes_away_is_a_connection_error_and_its_return_is_found(serve_until: Any) -> None:
    with ExitStack() as serving:
        address = serving.enter_context(serve_until(server().streamable_http_app()))
        with mcp(f"{address}/mcp", allow=["add"], timeout_s=5) as box:
            assert box["add"](1, 1).sum == 2
            serving.close()
            for _ in range(5):  # however often it is asked for
                began = time.monotonic()
                with pytest.raises(ConnectionError, match=f"the server at {address}"):
                    box["add"](1, 1)
                assert time.monotonic() - began < 4
            with serve_until(server().streamable_http_app(), int(address.rpartition(":")[2])):
                assert box["add"](2, 2).sum == 4
