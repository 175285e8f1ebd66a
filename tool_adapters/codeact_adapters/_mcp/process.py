"""A server that is started as a process and speaks on its standard input and output, one message a line.

The SDK's own transport keeps a line however long it becomes, and looks it through again with every piece of it: a
server that answers a call with a gigabyte would take the host's memory, and its time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import anyio
from anyio.abc import Process

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

_log = logging.getLogger(__name__)
_FLUSHING_S = 0.5
_LEAVING_S = 2.0  # the time that the protocol's specification leaves open, as the SDK has it
_MEMBER = re.compile(rb'[\s{,]*"(jsonrpc|id|method)"\s*:\s*(\d+|"[^"\\]*")')  # of those before the long one
_BEGINNING = 500
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class Lines:
    """Takes bytes apart into lines. Of a line that is too long only the beginning is given, and at once: it may never
    end.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._parts: list[bytes] = []
        self._size = 0

    def taken(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """The lines that these bytes end, without their ends, and whether each was too long."""
        *ended, rest = data.split(b"\n")
        for piece in ended:
            yield from self._grown(piece)
            if self._size <= self._most:
                yield b"".join(self._parts), False
            self._parts.clear()
            self._size = 0
        yield from self._grown(rest)

    def _grown(self, piece: bytes) -> Iterator[tuple[bytes, bool]]:
        before = self._size
        self._size += len(piece)
        if self._size <= self._most:
            self._parts.append(piece)
        elif before <= self._most:
            yield b"".join([*self._parts, piece])[:_BEGINNING], True
            self._parts.clear()


@contextlib.asynccontextmanager
async def process_transport(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path | None, errors: TextIO, most_bytes: int
) -> AsyncIterator[TransportStreams]:
    """The streams of a session with a process, which is started and ended by whoever enters and leaves.

    Args:
        command: its parts.
        env: environment variables, beside those that the SDK takes for harmless.
        cwd: the folder that it is started in; None for that of this process.
        errors: what the process writes to its standard error.
        most_bytes: of a message. A request whose answer is longer is told so.

    Raises:
        OSError: it cannot be started.
    """
    from mcp.client.stdio import get_default_environment
    from mcp.shared.message import SessionMessage

    process = await anyio.open_process(
        list(command), env={**get_default_environment(), **env}, stderr=errors, cwd=cwd, start_new_session=True
    )
    heard, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    sent, to_send = anyio.create_memory_object_stream[SessionMessage](0)
    waiting: set[Any] = set()
    written = asyncio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_hear, process, heard, waiting, most_bytes)
        tasks.start_soon(_say, process, to_send, heard, waiting, written)
        try:
            yield received, sent
        finally:
            with anyio.CancelScope(shield=True):  # a process must not be left, even by who is cancelled
                received.close()
                sent.close()
                with anyio.move_on_after(_FLUSHING_S):
                    await written.wait()
                await _end(process)
            tasks.cancel_scope.cancel()


async def _hear(process: Process, heard: Any, waiting: set[Any], most_bytes: int) -> None:
    assert process.stdout is not None
    lines = Lines(most_bytes)
    async with heard:
        with contextlib.suppress(anyio.EndOfStream, *_GONE):
            while True:
                for line, too_long in lines.taken(await process.stdout.receive()):
                    messages = _too_long(line, waiting, most_bytes) if too_long else _understood(line, waiting)
                    for message in messages:
                        await heard.send(message)
    # Nobody listens any more, and who cannot write does not come to an end.
    with contextlib.suppress(anyio.EndOfStream, *_GONE):
        while True:
            await process.stdout.receive()


async def _say(process: Process, to_send: Any, heard: Any, waiting: set[Any], written: asyncio.Event) -> None:
    from mcp_types import JSONRPCRequest

    assert process.stdin is not None
    try:
        async with to_send:
            async for message in to_send:
                if isinstance(message.message, JSONRPCRequest):
                    waiting.add(message.message.id)
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                await process.stdin.send(f"{text}\n".encode())
    except _GONE:
        await heard.aclose()  # or a request would wait for a process that does not hear
    finally:
        written.set()


def _understood(line: bytes, waiting: set[Any]) -> list[Any]:
    from mcp.shared.message import SessionMessage
    from mcp_types import JSONRPCError, JSONRPCResponse, jsonrpc_message_adapter

    try:
        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValueError as error:
        _log.info("a server wrote a line that is no message")
        return [error]
    if isinstance(message, (JSONRPCError, JSONRPCResponse)):
        waiting.discard(message.id)
    return [SessionMessage(message)]


def _too_long(beginning: bytes, waiting: set[Any], most_bytes: int) -> list[Any]:
    """An answer to the request whose answer was too long; where that is not known, to all that wait for one.

    What is no answer, such as a message for a log, is left out, and nobody waits for it.
    """
    from mcp.shared.message import SessionMessage
    from mcp_types import INTERNAL_ERROR, ErrorData, JSONRPCError

    _log.warning("a server wrote a line of more than %d bytes, which is left out", most_bytes)
    found: dict[bytes, bytes] = {}
    place = 0
    while member := _MEMBER.match(beginning, place):
        found[member[1]], place = member[2].strip(b'"'), member.end()
    if b"method" in found:
        return []
    # An id within the answer is another one: some servers write the answer first, and its own id behind it.
    answered = {each for each in waiting if found.get(b"id", str(each).encode()) == str(each).encode()}
    waiting -= answered
    error = ErrorData(code=INTERNAL_ERROR, message=f"the answer is longer than {most_bytes:,} bytes")
    return [SessionMessage(JSONRPCError(jsonrpc="2.0", id=each, error=error)) for each in answered]


async def _end(process: Process) -> None:
    """Close its input, and end it and all that it started if that is not enough."""
    from mcp.os.posix.utilities import terminate_posix_process_tree

    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(*_GONE):
        await process.stdin.aclose()
    if not await _has_ended(process):
        await terminate_posix_process_tree(process, _LEAVING_S)
        if not await _has_ended(process):
            _log.warning("the process %d of a server goes on after it was killed", process.pid)
    with contextlib.suppress(*_GONE):
        await process.stdout.aclose()
    # What the server left behind may hold its output open, and the transport, which nothing hands out, with it.
    transport = getattr(getattr(process, "_process", None), "_transport", None)
    if transport is not None:
        with contextlib.suppress(PermissionError):
            transport.close()


async def _has_ended(process: Process) -> bool:
    """Whether it ends in time. Not by `wait()`: that waits also for children that hold its output open."""
    with anyio.move_on_after(_LEAVING_S):
        while process.returncode is None:
            await anyio.sleep(0.01)
    return process.returncode is not None
