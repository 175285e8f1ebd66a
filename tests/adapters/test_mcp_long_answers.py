"""Servers of the Model Context Protocol that answer without end, or not as they should: calls fail, others go on."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from codeact_adapters import McpError, mcp
from codeact_adapters._mcp.process import Lines, _too_long, process_transport

MOST = 100_000
TOOLS = ("endless", "events", "packed", "short", "broken", "h401", "h429", "h500")
TOO_LONG = "^the answer is longer than 100,000 bytes$"
BEGIN = '{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"'
SERVER = """
import json, sys

def say(number, **said):
    print(json.dumps({"jsonrpc": "2.0", "id": number, **said}), flush=True)

for line in sys.stdin:
    asked = json.loads(line)
    number, method = asked.get("id"), asked["method"]
    if method == "initialize":
        version = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
        say(number, result={**version, "serverInfo": {"name": "long", "version": "1"}})
    elif method == "tools/list":
        say(number, result={"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in NAMES]})
    elif method == "tools/call" and asked["params"]["name"] == "huge":
        sys.stdout.write('{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"' % number)
        for _ in range(100):
            sys.stdout.write("x" * 1_000_000)
        print('"}]}}', flush=True)
    elif method == "tools/call" and asked["params"]["name"] == "noise":
        sys.stdout.buffer.write(b"{no message\\n\\xff\\xfe\\n\\n")
        say(number, result={"content": [{"type": "text", "text": "after the noise"}]})
    elif method == "tools/call":
        sys.stdout.write("no message, and no end")
        while True:
            sys.stdout.write("x" * 1_000_000)
    elif number is not None:
        say(number, error={"code": -32601, "message": "unknown"})
""".replace("NAMES", '["huge", "noise", "endless"]')


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file: Path = tmp_path_factory.mktemp("servers") / "long.py"
    file.write_text(SERVER)
    return [sys.executable, str(file)]


def test_lines_are_taken_apart_and_of_long_ones_only_the_beginning_is_kept() -> None:
    lines = Lines(4)
    pieces = [b"on", b"e\ntwo\n\nlo", b"nger", b" and longer\n", b"last\n"]
    found = [line for piece in pieces for line in lines.taken(piece)]
    assert found == [(b"one", False), (b"two", False), (b"", False), (b"longer", True), (b"last", False)]


@pytest.mark.parametrize(
    ("beginning", "answered"),
    [
        ('{"jsonrpc":"2.0","id":3,"result":{"content":[', [3]),
        ('{"id": "a", "jsonrpc": "2.0", "result": {', ["a"]),
        ('{"jsonrpc":"2.0","id":9,"result":{"content":[', []),
        ('{"result":{"structuredContent":{"trees":[{"id":3,', [3, 4, "a"]),
        ('{"jsonrpc":"2.0","id":3,"method":"sampling/createMessage","params":{', []),
        ('{"method":"notifications/message","params":{', []),
        ("no message at all", [3, 4, "a"]),
    ],
)
def test_whoever_waits_for_a_message_that_is_too_long_is_told(beginning: str, answered: list[Any]) -> None:
    waiting = {3, 4, "a"}
    told = [each.message.id for each in _too_long(beginning.encode(), waiting, MOST)]
    assert sorted(told, key=str) == answered
    assert waiting == {3, 4, "a"} - set(answered)


def test_an_answer_of_a_hundred_megabytes_is_refused_and_the_server_goes_on(command: list[str]) -> None:
    with mcp(command, max_response_bytes=MOST) as box:
        with pytest.raises(McpError, match=TOO_LONG):
            box["huge"]()
        assert box["noise"]() == "after the noise"


def test_a_line_without_end_fails_its_call_and_the_server_is_ended_all_the_same(command: list[str]) -> None:
    with mcp(command, max_response_bytes=MOST) as box, pytest.raises(McpError, match=TOO_LONG):
        box["endless"]()


def test_no_pipe_stays_open_to_what_a_server_left_behind(tmp_path: Path) -> None:
    def pipes() -> int:
        open_files = Path("/proc/self/fd").iterdir()
        return sum("pipe:" in os.readlink(each) for each in open_files if each.is_symlink())

    async def main() -> None:
        command = ["sh", "-c", "sleep 5 & read line"]
        with (tmp_path / "errors").open("w") as errors:
            async with process_transport(command, env={}, cwd=None, errors=errors, most_bytes=MOST):
                assert pipes() > before
            await asyncio.sleep(0.1)
            assert pipes() == before

    before = pipes()
    asyncio.run(main())


async def at_an_address(scope: Any, receive: Any, send: Any) -> None:
    """A small server over HTTP whose tools answer without end."""
    if scope["type"] != "http":
        return
    body = (await receive()).get("body", b"")
    asked = json.loads(body) if scope["method"] == "POST" else {}
    number, method = asked.get("id"), asked.get("method")
    if number is None:
        await send({"type": "http.response.start", "status": 202 if asked else 405, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    called = asked["params"]["name"] if method == "tools/call" else ""
    as_events = called == "events"
    headers = [(b"content-type", b"text/event-stream" if as_events else b"application/json")]
    if called == "packed":
        headers.append((b"content-encoding", b"gzip"))
    status = int(called[1:]) if called[1:].isdigit() else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if called in ("endless", "events"):
        await send(part((b"data: " if as_events else b"") + (BEGIN % number).encode()))
        while True:
            await send(part(b"x" * 100_000))
            await asyncio.sleep(0)
            if await gone(receive):
                return
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]
    result: dict[str, Any] = {"content": [{"type": "text", "text": "short"}]}
    if method == "initialize":
        server = {"serverInfo": {"name": "long", "version": "1"}}
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, **server}
    elif method == "tools/list":
        result = {"tools": tools}
    elif not called:
        result = {}
    text = json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()
    if called == "packed":
        text = gzip.compress((BEGIN % number).encode() + b"x" * 50_000_000 + b'"}]}}')
    await send({"type": "http.response.body", "body": b"{not JSON" if called == "broken" else text})


def part(body: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def gone(receive: Any) -> bool:
    try:
        message = await asyncio.wait_for(receive(), 0.001)
    except TimeoutError:
        return False
    return bool(message["type"] == "http.disconnect")


def test_an_answer_over_http_is_read_no_further_than_is_allowed(serve: Any) -> None:
    with mcp(f"{serve(at_an_address)}/mcp", max_response_bytes=MOST, timeout_s=60) as box:
        for name in ("endless", "events"):
            with pytest.raises(McpError, match=TOO_LONG):
                box[name]()
            assert box["short"]() == "short"
        with pytest.raises(McpError, match="the answer is compressed, which it was asked not to be"):
            box["packed"]()
        assert box["short"]() == "short"


def test_what_fails_over_http_in_a_session_is_said_and_the_session_goes_on(serve: Any) -> None:
    with mcp(f"{serve(at_an_address)}/mcp", timeout_s=60) as box:
        for name, says in (
            ("h401", "answered with HTTP 401; it wants other credentials"),
            ("h429", "answered with HTTP 429"),
            ("h500", "answered with HTTP 500"),
            ("broken", "Failed to parse JSON response"),
        ):
            with pytest.raises(McpError, match=says):
                box[name]()
            assert box["short"]() == "short"
