"""Servers of the Model Context Protocol that are not up to the question for their resource templates."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codeact_adapters import mcp

SERVER = """
import json, sys

for line in sys.stdin:
    asked = json.loads(line)
    number, method = asked.get("id"), asked["method"]
    said = {"error": {"code": -32601, "message": "unknown"}}
    if method == "initialize":
        offered = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}, "resources": {}}}
        said = {"result": {**offered, "serverInfo": {"name": "plain", "version": "1"}}}
    elif method == "tools/list":
        said = {"result": {"tools": []}}
    elif method == "resources/list":
        said = {"result": {"resources": [{"uri": "memory:note", "name": "note"}]}}
    elif method == "resources/templates/list":
        if sys.argv[1] == "ends":
            sys.exit(1)
        if sys.argv[1] == "says nothing":
            continue
    if number is not None:
        print(json.dumps({"jsonrpc": "2.0", "id": number, **said}), flush=True)
"""


@pytest.mark.parametrize("how", ["refuses", "ends", "says nothing"])
def test_a_server_that_is_asked_for_templates_and_fails_offers_all_else(tmp_path: Path, how: str) -> None:
    file = tmp_path / "server.py"
    file.write_text(SERVER)
    with mcp([sys.executable, str(file), how], timeout_s=4) as box:
        assert list(box.tools) == ["resources", "read_resource"]
        assert [found.uri for found in box["resources"]()] == ["memory:note"]
