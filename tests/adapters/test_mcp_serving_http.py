"""`codeact mcp --transport http`: who may come in, and whose session is whose."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from test_mcp_serving import ALONE, TOOLS, text
from typer.testing import CliRunner

from codeact_adapters import McpError, mcp
from codeact_adapters._mcp.serving.command import app as command
from codeact_adapters._mcp.serving.over_http import application
from codeact_adapters._mcp.serving.serving import Options, Served, opened

TOKEN = "let-me-in-please-1234"
OVER_HTTP = replace(ALONE, http=True, token=TOKEN)
SERVE = [sys.executable, "-m", "codeact_adapters._mcp.serving.command"]
MODES = pytest.mark.parametrize("mode", ["legacy", "auto"])


@asynccontextmanager
async def serving(options: Options = OVER_HTTP) -> AsyncIterator[tuple[str, Served]]:
    """The server at an address."""
    async with opened(options) as served:
        app = application(served.service.server(), served.sessions, token=TOKEN, host="127.0.0.1", hosts=("lab",))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
        running = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp", served
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def client(address: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as made,
    ):
        yield made


def played(scene: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scene()

    asyncio.run(bounded())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer let-me-in-please-1235"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example"}, 403),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "http://localhost:3000"}, 200),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "lab:80"}, 200),
    ],
)
def test_only_who_has_the_token_and_comes_from_a_known_place_gets_in(headers: dict[str, str], status: int) -> None:
    begin = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    }

    async def scene() -> None:
        async with serving() as (address, _), httpx2.AsyncClient(trust_env=False) as http:
            accept = {"Accept": "application/json, text/event-stream"}
            answer = await http.post(address, json=begin, headers={**accept, **headers})
            assert answer.status_code == status

    played(scene)


@MODES
def test_clients_do_not_see_each_other(mode: str) -> None:
    async def scene() -> None:
        async with serving() as (address, _), client(address, mode) as one, client(address, mode) as other:
            first = await one.call_tool("run", {"code": "mine = 1"})
            assert not first.is_error
            unseen = await other.call_tool("run", {"code": "mine"})
            assert "NameError" in text(unseen)

    played(scene)


def test_a_connection_has_its_session_until_it_says_goodbye() -> None:
    async def scene() -> None:
        async with serving() as (address, served):
            async with client(address, "legacy") as one:
                await one.call_tool("run", {"code": "kept = 5"})
                again = await one.call_tool("run", {"code": "kept"})
                assert text(again) == "5"
                assert "session" not in again.structured_content
                assert len(served.sessions) == 1
            assert len(served.sessions) == 0

    played(scene)


def test_where_there_are_no_connections_an_answer_names_the_session() -> None:
    async def scene() -> None:
        async with serving() as (address, _), client(address) as one:
            first = await one.call_tool("run", {"code": "kept = 5"})
            session = first.structured_content["session"]
            assert f"(session: {session})" in text(first)
            again = await one.call_tool("run", {"code": "kept", "session": session})
            assert text(again).startswith("5")
            fresh = await one.call_tool("run", {"code": "kept"})
            assert "NameError" in text(fresh)
            guessed = await one.call_tool("run", {"code": "kept", "session": "own"})
            assert "there is no session 'own'" in text(guessed)

    played(scene)


def test_there_are_only_so_many_sessions(tmp_path: Any) -> None:
    (tmp_path / "arm_tools.py").write_text(TOOLS)

    async def scene(options: Options) -> None:
        async with serving(options) as (address, _), client(address) as one:
            assert not (await one.call_tool("run", {"code": "1"})).is_error
            refused = await one.call_tool("run", {"code": "1"})
            assert text(refused) == "1 sessions are open, and no more may be; try again later"

    played(lambda: scene(replace(OVER_HTTP, sessions=1)))
    played(lambda: scene(replace(OVER_HTTP, tools=f"{tmp_path / 'arm_tools.py'}:box")))  # it moves something


def test_idle_sessions_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codeact_adapters._mcp.serving.sessions.IDLE_S", 0.2)
    monkeypatch.setattr("codeact_adapters._mcp.serving.sessions._LOOK_S", 0.1)

    async def scene() -> None:
        async with serving() as (address, served), client(address) as one:
            session = (await one.call_tool("run", {"code": "1"})).structured_content["session"]
            while len(served.sessions):
                await asyncio.sleep(0.05)
            late = await one.call_tool("run", {"code": "1", "session": session})
            assert f"there is no session {session!r}" in text(late)

    played(scene)


def test_wrong_options_are_said() -> None:
    for arguments, said in (
        (["--transport", "http", "--token", "short"], "--token has 5 characters; take 16 or more"),
        (["--transport", "http", "--host", "0.0.0.0"], "--host 0.0.0.0 lets other machines in: give a token"),
        (["--env", "CodeAct/Lift-v0", "--tools", "x.py:box"], "--env has its own; leave out --tools"),
        (["--sessions", "3"], "--host, --port, --allow-host and --sessions are for HTTP; add --transport http"),
        (["--workspace", "no/such/folder"], "--workspace no/such/folder: there is no such folder; make it first"),
        (["--tier", "low"], "--tier and --perception are for an environment"),
    ):
        result = CliRunner(env={"COLUMNS": "200"}).invoke(command, arguments)
        assert result.exit_code == 2
        assert said in result.output


def test_our_own_client_uses_our_own_server_and_a_signal_ends_it_softly(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    tools, stopped = tmp_path / "arm_tools.py", tmp_path / "stopped"
    marked = TOOLS.replace("halt.set()", f"halt.set(); open({str(stopped)!r}, 'w').close()")
    tools.write_text(f"print('this is not the protocol')\n{marked}")
    arguments = ["--tools", f"{tools}:box", "--approve", "always"]
    with mcp([*SERVE, *arguments], name="server", env={"PYTHONPATH": os.environ.get("PYTHONPATH", "")}) as box:
        assert box["server.run"]("print('hi')\n[drive('here'), look()]") == "hi\n['here', ['began', 'arrived']]"
        (process,) = subprocess.run(["pgrep", "-f", str(tools)], capture_output=True, text=True).stdout.split()
        threading.Timer(0.5, os.kill, (int(process), signal.SIGTERM)).start()
        with pytest.raises((McpError, ConnectionError)):
            box["server.run"]("drive('far')")
    assert stopped.exists()
    assert not Path(f"/proc/{process}").exists()
    assert "JSONRPC" not in caplog.text
