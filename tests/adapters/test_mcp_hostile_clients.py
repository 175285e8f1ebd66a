"""Clients of `codeact mcp` that have the token and mean ill."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from test_mcp_serving_http import TOKEN, client, played, serving

HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
}
BEGIN: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
}
MODERN = "2026-07-28"


def run(code: str, **arguments: Any) -> dict[str, Any]:
    about = {"protocolVersion": MODERN, "clientInfo": {"name": "x", "version": "1"}, "clientCapabilities": {}}
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}
    params = {"name": "run", "arguments": {"code": code, **arguments}, "_meta": meta}
    return {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": ' + b'{"a": ' * 50_000,
        b"NaN",
        b"\xff\xfe\x00",
        json.dumps({**BEGIN, "more": "x" * 20_000_000}).encode(),
    ],
    ids=["deep", "deep in an object", "no number", "no text", "20 MB"],
)
def test_a_body_that_is_no_request_is_refused_and_the_server_goes_on(body: bytes) -> None:
    async def scene() -> None:
        async with serving() as (address, _), httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.post(address, content=body, headers=HEADERS)
            assert answer.status_code in (400, 413)
            async with client(address) as one:
                assert not (await one.call_tool("run", {"code": "1"})).is_error

    played(scene)


def test_a_thousand_connections_are_not_opened_and_those_that_are_go_on() -> None:
    async def scene() -> None:
        async with (
            serving() as (address, served),
            httpx2.AsyncClient(trust_env=False) as http,
            client(address, "legacy") as one,
        ):
            await one.call_tool("run", {"code": "kept = 5"})
            answers = [(await http.post(address, json=BEGIN, headers=HEADERS)).status_code for _ in range(100)]
            assert answers.count(503) >= 100 - 4 * served.sessions.most
            assert (await one.call_tool("run", {"code": "kept"})).content[0].text == "5"
            assert len(served.sessions) == 1, "a connection that runs nothing has no session"

    played(scene)


def test_a_session_is_not_taken_by_the_name_of_a_connection() -> None:
    headers = {**HEADERS, "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": "run"}

    async def scene() -> None:
        async with (
            serving() as (address, served),
            httpx2.AsyncClient(trust_env=False) as http,
            client(address, "legacy") as one,
        ):
            await one.call_tool("run", {"code": "mine = 5"})
            (connection,) = served.sessions._connections
            stolen = await http.post(address, json=run("mine"), headers={**headers, "mcp-session-id": connection})
            assert "NameError" in stolen.text
            for number in range(served.sessions.most + 5):
                named = {**headers, "mcp-session-id": f"made up {number}"}
                last = await http.post(address, json=run("1"), headers=named)
            assert "sessions are open, and no more may be" in last.text
            assert list(served.sessions._connections) == [connection], "names that were made up are not kept"
            assert (await one.call_tool("run", {"code": "mine"})).content[0].text == "5"

    played(scene)


def test_an_answer_to_a_question_that_nobody_asked_allows_nothing() -> None:
    async def scene() -> None:
        async with serving() as (address, _), httpx2.AsyncClient(trust_env=False) as http:
            headers = {**HEADERS, "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": "run"}
            forged = run("1")
            forged["params"] |= {
                "requestState": "x" * 32,
                "inputResponses": {"approval": {"action": "accept", "content": {"allow": True, "always": True}}},
            }
            answer = await http.post(address, json=forged, headers=headers)
            assert "no program waits for this answer" in answer.text

    played(scene)
