"""A session with a server, on a thread with an event loop of its own, for callers in any thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

from codeact.errors import ToolError
from codeact_adapters._mcp.place import Place, Trouble
from codeact_adapters.secrets import Secrets

if TYPE_CHECKING:
    from mcp import Client

T = TypeVar("T")
_log = logging.getLogger(__name__)
_MOST_STARTS = 3
_LEAVING_S = 8.0  # closing standard input, SIGTERM and SIGKILL take two seconds each at most
_CANCELLING_S = 2.0
_LONGEST_TEXT = 500
_FAILED = "Server returned an error response"  # what the SDK makes of an HTTP status without an error of the protocol
_FORGOTTEN = (400, 404, 410)  # what servers answer to a session that they do not know; not all say 404 as they should
_TOO_LONG = re.compile(r"the answer is longer than [\d,]+ bytes|event exceeded the \d+ byte limit")
_CHANGES = ("tools", "resources", "prompts")


class McpError(ToolError):
    """The server says that the call failed. The message is the server's own.

    Attributes:
        code: the protocol's error code, in the host; 0 where a tool itself failed.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class _Link:
    """One session, from its opening until it is given up."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.task: asyncio.Task[None]
        self.trouble = Trouble()
        self.problem: BaseException | None = None
        self.calls = 0
        self.served = False
        self.retired = False
        self.leave = asyncio.Event()


class Connection:
    """Sends requests to one server, each with a deadline.

    A server that has ended is told by a ConnectionError once: by the call that was under way, else by the next one. No
    call is sent twice. The call after that starts the server anew, or connects to it again. After three starts in a
    row of which none served a call, it stays ended.

    Attributes:
        changed: what the server has said to offer anew since it was connected to: `tools`, `resources`, `prompts`.
        prepare: what is asked of a server first whenever it was connected to.
    """

    def __init__(self, place: Place, secrets: Secrets, *, timeout_s: float, most_bytes: int) -> None:
        self._place, self.secrets = place, secrets
        self.timeout_s, self.most_bytes = timeout_s, most_bytes
        self._limits = (timeout_s, most_bytes)
        self.changed: set[str] = set()
        self._owner = os.getpid()
        self.prepare: Callable[[Client], Awaitable[None]] | None = None
        self._link: _Link | None = None
        self._starts = 0  # in a row, without a call that was served
        self._connecting = asyncio.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_serve, args=(self._loop,), name="codeact-mcp", daemon=True)
        self._thread.start()
        links: set[_Link] = set()
        self._links = links
        self._finalizer = weakref.finalize(self, _end, self._owner, self._loop, self._thread, links)

    @property
    def label(self) -> str:
        """The server, as errors name it."""
        return self._place.label

    def request(self, ask: Callable[[Client], Awaitable[T]], in_flight: set[Future[Any]] | None = None) -> T:
        """Ask the server, and wait for its answer.

        Args:
            ask: sends the request; called on the connection's own loop.
            in_flight: holds the request's future meanwhile. Cancelling that cancels the request at the server.

        Raises:
            McpError: the server refused or failed.
            TimeoutError: there is no answer in time; the server was told that it is not wanted any more.
            ConnectionError: the server has ended, or cannot be reached.
            InterruptedError: it was cancelled.
        """
        if self._owner != os.getpid():
            raise ConnectionError(f"{self.label} belongs to the process that this one was forked from")
        if self._closed:
            raise ConnectionError(f"{self.label}: the connection is closed")
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(self._ask(ask, ended), self._loop)
        if in_flight is not None:
            in_flight.add(future)
        try:
            return future.result()
        except CancelledError:
            ended.wait(_CANCELLING_S)  # until the server was told
            if self._closed:
                raise ConnectionError(f"{self.label}: the connection was closed") from None
            raise InterruptedError(f"{self.label} was told to cancel the call; whether it did is not known") from None
        except BaseException:
            future.cancel()  # Ctrl-C: nobody waits any more
            raise
        finally:
            if in_flight is not None:
                in_flight.discard(future)

    def connect(self) -> Client:
        """Connect, unless it is done, and give the client of the protocol's SDK.

        Raises:
            as `request`.
        """

        async def itself(client: Client) -> Client:
            return client

        return self.request(itself)

    def close(self) -> None:
        """End the session, and the server if it was started. Calls under way end with ConnectionError."""
        self._closed = True
        self._finalizer()

    async def _ask(self, ask: Callable[[Client], Awaitable[T]], ended: threading.Event) -> T:
        try:
            return await self._answer(await self._linked(), ask)
        finally:
            ended.set()

    async def _answer(self, link: _Link, ask: Callable[[Client], Awaitable[T]]) -> T:
        from mcp import MCPError
        from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT

        assert link.client is not None
        link.calls += 1
        link.trouble.status = 0
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await ask(link.client)
            link.served, self._starts = True, 0
            return answer
        except MCPError as error:
            if error.code == REQUEST_TIMEOUT:
                raise self._late() from None
            if _TOO_LONG.search(error.message):
                link.served, self._starts = True, 0
                raise McpError(f"the answer is longer than {self.most_bytes:,} bytes") from None
            if error.code == CONNECTION_CLOSED or _is_gone(link):
                raise await self._lost(link) from None
            forgotten = error.message == _FAILED and link.trouble.status in _FORGOTTEN
            if forgotten or error.message == "Session terminated":
                self._retire(link)
                raise ConnectionError(f"{self.label} has ended the session; the next call begins a new one") from None
            link.served, self._starts = True, 0
            raise McpError(self._said(link, error.message), error.code) from None
        except TimeoutError:
            raise self._late() from None
        except asyncio.CancelledError:
            if _is_gone(link) and not self._closed:
                raise await self._lost(link) from None
            raise
        except ToolError:
            raise
        except Exception as error:  # an answer that breaks the protocol
            raise McpError(f"{self.label} answered what cannot be read: {self.short(error)}") from None
        finally:
            link.calls -= 1
            if link.retired and link.calls == 0:
                link.leave.set()

    def _late(self) -> TimeoutError:
        return TimeoutError(f"{self.label} did not answer within {self.timeout_s:g} s")

    def _said(self, link: _Link, message: str) -> str:
        status = link.trouble.status
        if status and message == _FAILED:
            refused = "; it wants other credentials" if status in (401, 403) else ""
            return f"{self.label} answered with HTTP {status}{refused}"
        if self.changed:
            message = f"{message} (since it was connected to, its {' and '.join(sorted(self.changed))} have changed)"
        return self.short(message)

    def short(self, problem: object) -> str:
        """An error's text, without secrets and not too long."""
        text: str = self.secrets.hidden(str(problem) or type(problem).__name__)
        return text[:_LONGEST_TEXT]

    async def _lost(self, link: _Link) -> ConnectionError:
        """Give up a link that broke, and say why as far as that is known."""
        self._retire(link)
        if self._place.restarts or _is_gone(link):  # at an address, other calls may still be answered
            link.leave.set()
            await asyncio.wait([link.task], timeout=_LEAVING_S)
        said = self.secrets.hidden(link.trouble.output)[-_LONGEST_TEXT:]
        reason = f" The last that it wrote: {said}" if said else ""
        if link.problem is not None and not said:
            reason = f" ({self.short(_root(link.problem))})"
        again = "starts it anew, without what it held in memory" if self._place.restarts else "connects to it again"
        return ConnectionError(
            f"{self.label} has ended or broke off; whether the call took effect is not known. The next call {again}."
            + reason
        )

    def _retire(self, link: _Link) -> None:
        link.retired = True
        if self._link is link:
            self._link = None

    async def _linked(self) -> _Link:
        async with self._connecting:  # one at a time; the others find it open
            if self._link is not None:
                return self._link
            if self._place.restarts and self._starts >= _MOST_STARTS:
                raise ConnectionError(f"{self.label} has ended {self._starts} times in a row without serving a call")
            self._starts += 1
            began = time.monotonic()
            link = _Link()
            ready: asyncio.Future[None] = self._loop.create_future()
            link.task = asyncio.create_task(_hold(link, ready, self._place, self._limits, self.changed))
            self._links.add(link)
            link.task.add_done_callback(lambda _: self._links.discard(link))
            try:
                async with asyncio.timeout(self.timeout_s):
                    await asyncio.shield(ready)
                    if self.prepare is not None and link.client is not None:
                        await self.prepare(link.client)
            except BaseException as problem:
                link.leave.set()
                link.task.cancel()
                await asyncio.wait([link.task], timeout=_LEAVING_S)
                if isinstance(problem, asyncio.CancelledError):
                    raise
                raise self._unconnected(link, problem, time.monotonic() - began) from None
            self._link = link
            return link

    def _unconnected(self, link: _Link, problem: BaseException, seconds: float) -> Exception:
        said = self.secrets.hidden(link.trouble.output)[-_LONGEST_TEXT:]
        wrote = f". The last that it wrote: {said}" if said else ""
        if isinstance(problem, TimeoutError) and seconds >= self.timeout_s:
            return TimeoutError(f"{self.label} was not ready within {self.timeout_s:g} s{wrote}")
        if link.trouble.status:
            refused = "; it wants other credentials" if link.trouble.status in (401, 403) else ""
            return ConnectionError(f"{self.label} answered with HTTP {link.trouble.status}{refused}")
        return ConnectionError(f"{self.label} cannot be connected to: {self.short(_root(problem))}{wrote}")


async def _hold(
    link: _Link, ready: asyncio.Future[None], place: Place, limits: tuple[float, int], changed: set[str]
) -> None:
    """Keep a session open from its first word to its last; both are said in this task. It keeps no connection alive."""
    from importlib.metadata import version

    from mcp import Client
    from mcp_types import Implementation

    def note(kind: str) -> None:
        changed.add(kind)
        _log.info("%s says that its %s have changed; a new toolbox would show them", place.label, kind)

    async def heard(message: object) -> None:
        method = getattr(message, "method", "")
        for kind in _CHANGES:
            if method == f"notifications/{kind}/list_changed":
                note(kind)

    try:
        async with (
            place.transport(link.trouble, *limits) as transport,
            Client(
                transport,
                client_info=Implementation(name="codeact", version=version("codeact")),
                message_handler=heard,
                cache=None,
            ) as client,
        ):
            link.client = client
            if not ready.done():
                ready.set_result(None)
            listening = asyncio.create_task(_listen(client, note))
            await link.leave.wait()
            listening.cancel()
            await asyncio.wait([listening])
    except BaseException as problem:
        link.problem = problem
        if not ready.done():
            ready.set_exception(ConnectionError(str(_root(problem)) or type(_root(problem)).__name__))
            ready.exception()  # looked at, should nobody wait any more
    finally:
        link.leave.set()


async def _listen(client: Client, note: Callable[[str], None]) -> None:
    """Hear of changes where the protocol's version wants to be asked for that; older ones just tell."""
    from mcp_types.version import MODERN_PROTOCOL_VERSIONS

    if client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        return
    offered = client.server_capabilities
    tools, resources, prompts = (
        bool(o and o.list_changed) for o in (offered.tools, offered.resources, offered.prompts)
    )
    if not (tools or resources or prompts):
        return
    listening = client.listen(tools_list_changed=tools, resources_list_changed=resources, prompts_list_changed=prompts)
    with contextlib.suppress(Exception):  # nobody depends on hearing of them
        async with listening as subscription:
            async for event in subscription:
                kind = type(event).__name__.removesuffix("ListChanged").lower()
                if kind in _CHANGES:
                    note(kind)


def _is_gone(link: _Link) -> bool:
    return link.task.done()


def _root(problem: BaseException) -> BaseException:
    """What is at the bottom of groups of errors."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


def _end(owner: int, loop: asyncio.AbstractEventLoop, thread: threading.Thread, links: set[_Link]) -> None:
    """Leave all sessions, wait until the servers have ended, and stop the loop."""
    if owner != os.getpid() or not thread.is_alive():
        return

    async def leave() -> None:
        tasks = [link.task for link in links]
        for link in list(links):
            link.leave.set()
        if tasks:
            await asyncio.wait(tasks, timeout=_LEAVING_S)
        others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=1.0)

    with contextlib.suppress(Exception):
        asyncio.run_coroutine_threadsafe(leave(), loop).result(_LEAVING_S + 2.0)
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join(timeout=1.0)
