"""A server, in nothing but the standard library, that has one tool and ends when it is called."""

from __future__ import annotations

import json
import sys

TOOL = {"name": "die", "inputSchema": {"type": "object", "properties": {}}}
INITIALIZED = {"capabilities": {"tools": {}}, "serverInfo": {"name": "dying", "version": "1"}}

for line in sys.stdin:
    message = json.loads(line)
    method = message["method"]
    if method == "tools/call":
        sys.exit(1)
    if "id" not in message:
        continue
    answer = {"error": {"code": -32601, "message": f"there is no {method}"}}
    if method == "initialize":
        answer = {"result": {**INITIALIZED, "protocolVersion": message["params"]["protocolVersion"]}}
    elif method == "tools/list":
        answer = {"result": {"tools": [TOOL]}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
