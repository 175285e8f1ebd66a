"""`AsyncSandbox`: one session of programs, for async code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection
from types import TracebackType
from typing import TYPE_CHECKING, Self

from codeact.errors import SandboxError
from codeact.sandbox.on_loop import in_thread
from codeact.sandbox.session import Sandbox

if TYPE_CHECKING:
    from codeact.events import EventSink
    from codeact.sandbox.execution import Execution
    from codeact.sandbox.limits import Limits
    from codeact.tools import Approve, Toolbox


class AsyncSandbox:
    """A `Sandbox` whose methods never block the event loop. Async tools run on the loop that awaits the run.

    The session is opened by `async with`, or else by the first use; what `Sandbox` raises is raised then.
    """

    def __init__(
        self,
        toolbox: Toolbox | None = None,
        *,
        limits: Limits | None = None,
        approve: Approve | None = None,
        without: Collection[str] = (),
        seed: int = 0,
        on_event: EventSink | None = None,
        imports: Collection[str] | None = None,
        workspace: str | os.PathLike[str] | None = None,
        readable: Collection[str | os.PathLike[str]] = (),
    ) -> None:
        """Declare a session.

        Args:
            toolbox, limits, approve, without, seed, on_event, imports, workspace, readable: as of `Sandbox`.
        """
        self._make: Callable[[], Sandbox] = lambda: Sandbox(
            toolbox,
            limits=limits,
            approve=approve,
            without=without,
            seed=seed,
            on_event=on_event,
            imports=imports,
            workspace=workspace,
            readable=readable,
        )
        self._sandbox: Sandbox | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    @classmethod
    def of(cls, sandbox: Sandbox) -> Self:
        """The async face of a session that is open. Closing it closes the session."""
        made = cls()
        made._sandbox = sandbox
        return made

    async def _opened(self) -> Sandbox:
        if self._closed:
            raise SandboxError("the sandbox is closed")
        async with self._opening:
            if self._sandbox is None:
                self._sandbox = await self._new()
            return self._sandbox

    async def _new(self) -> Sandbox:
        made: list[Sandbox] = []
        try:
            await in_thread(lambda: made.append(self._make()))  # the first in a process starts the zygote
            if self._closed:
                raise SandboxError("the sandbox is closed")
        except BaseException:  # cancelled or closed meanwhile: nobody else would close it
            for sandbox in made:
                sandbox.close()
            raise
        return made[0]

    @property
    def limits(self) -> Limits:
        """The limits of each run.

        Raises:
            SandboxError: the session is not open yet.
        """
        if self._sandbox is None:
            raise SandboxError("the sandbox is not open yet: use `async with AsyncSandbox(...) as sandbox`")
        return self._sandbox.limits

    async def run(self, code: str, *, on_event: EventSink | None = None) -> Execution:
        """Run a program; see `Sandbox.arun`, also for what a cancellation does."""
        sandbox = await self._opened()
        return await sandbox.arun(code, on_event=on_event)

    async def branch(self, *, toolbox: Toolbox | None = None) -> AsyncSandbox:
        """A second session with the same variables; see `Sandbox.branch`. Close it when done."""
        sandbox = await self._opened()
        made: list[Sandbox] = []
        try:
            await in_thread(lambda: made.append(sandbox.branch(toolbox=toolbox)))
        except asyncio.CancelledError:
            for branch in made:
                branch.close()
            raise
        return type(self).of(made[0])

    async def reset(self) -> None:
        """Forget all variables; see `Sandbox.reset`."""
        sandbox = await self._opened()
        await in_thread(sandbox.reset)

    async def interrupt(self) -> bool:
        """End the program that runs; see `Sandbox.interrupt`, also for what it returns."""
        return self._sandbox is not None and await in_thread(self._sandbox.interrupt)  # a stop path may block

    async def close(self) -> None:
        """End the worker. A program that is running is ended."""
        self._closed = True
        if self._sandbox is not None:
            await in_thread(self._sandbox.close)

    async def __aenter__(self) -> Self:
        await self._opened()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncSandbox{', closed' if self._closed else ''}>"
