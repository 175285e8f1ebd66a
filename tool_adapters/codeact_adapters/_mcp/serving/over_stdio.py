"""The server on standard input and output, for a client that has started it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server import Server

    from codeact_adapters._mcp.serving.sessions import Sessions


async def serve_stdio(server: Server[Any], sessions: Sessions[Any]) -> None:
    """Serve until the client closes standard input, or the process is told to end.

    Standard output belongs to the protocol: whoever calls this has turned `sys.stdout` elsewhere already.
    """
    from mcp.server.stdio import stdio_server

    async def leave() -> None:
        await sessions.close()
        os._exit(0)  # a thread waits for standard input, and nothing else would end it

    loop = asyncio.get_running_loop()
    leaving: set[asyncio.Task[None]] = set()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: leaving.add(loop.create_task(leave())))
    async with contextlib.AsyncExitStack() as stack:
        with contextlib.redirect_stdout(sys.__stdout__):
            reading, writing = await stack.enter_async_context(stdio_server())
        await server.run(reading, writing, server.create_initialization_options())
        await sessions.close()
