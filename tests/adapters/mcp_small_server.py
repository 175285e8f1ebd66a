"""A server in nothing but the standard library, so that it starts at once: it counts, and ends when it is told to."""

from __future__ import annotations

import json
import sys

NOTHING = {"type": "object", "properties": {}}
TOOLS = [{"name": name, "inputSchema": NOTHING} for name in ("count", "die")]
INITIALIZED = {"capabilities": {"tools": {}}, "serverInfo": {"name": "small", "version": "1"}}

counted = 0
for line in sys.stdin:
    message = json.loads(line)
    method = message["method"]
    if "id" not in message:
        continue
    answer: dict[str, object] = {"error": {"code": -32601, "message": f"there is no {method}"}}
    if method == "initialize":
        answer = {"result": {**INITIALIZED, "protocolVersion": message["params"]["protocolVersion"]}}
    elif method == "tools/list":
        answer = {"result": {"tools": TOOLS}}
    elif method == "tools/call":
        if message["params"]["name"] == "die":
            print("boiler pressure lost", file=sys.stderr, flush=True)
            sys.exit(3)
        counted += 1
        answer = {"result": {"content": [{"type": "text", "text": str(counted)}]}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
