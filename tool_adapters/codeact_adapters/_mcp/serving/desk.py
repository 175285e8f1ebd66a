"""What a session offers to its client: `Desk`, and the desk at which programs run."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.errors import CodeActError
from codeact.sandbox import Artifact, Sandbox
from codeact.tools import Approval, Approve, PendingCall, Refusal, Toolbox
from codeact_adapters._mcp.serving.answers import blocks, told
from codeact_adapters._mcp.serving.work import Work

if TYPE_CHECKING:
    from mcp_types import ContentBlock


@dataclass(frozen=True)
class Answer:
    """What a call of one of the server's tools gave.

    Attributes:
        content: for a reader.
        data: for the client's own code.
        failed: whether the call failed.
    """

    content: list[ContentBlock]
    data: Mapping[str, Any]
    failed: bool = False


def ask_client(call: PendingCall) -> Approval:
    """A policy for a toolbox that several sessions share: asks the client whose program makes the call."""
    desk = _DESK.get()
    return desk.ask_for_tool(call) if desk is not None else Refusal("there is nobody to ask")


class Desk(ABC):
    """One session. One thing is done at a time, always in the same thread: what simulators want.

    Attributes:
        key: the session, in addresses of its files.
        work: what it does, or did last.
    """

    def __init__(self, key: str, policy: Approve | None, asks: bool) -> None:
        """Make a session.

        Args:
            policy: looks at calls; None for none.
            asks: whether the client is asked about calls that do more than read, and that `policy` lets go on.
        """
        self.key = key
        self.work: Work | None = None
        self._policy, self._asks = policy, asks
        self._allowed: set[str] = set()  # tools that the person wants to be asked about no more
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="codeact-mcp-session")

    def begin(self, tool: str, arguments: Mapping[str, Any]) -> Work:
        """Begin a call of one of the server's tools. Its outcome is an `Answer`.

        Raises:
            CodeActError: the session does something else.
        """
        if self.work is not None and not self.work.outcome.done():
            raise CodeActError("a program runs in this session; wait for it, or end it with `interrupt`")
        perform: Callable[..., Answer] = getattr(self, f"do_{tool}")

        known = threading.Event()  # so that a program's first question finds its work

        def performed() -> Answer:
            known.wait()
            _DESK.set(self)
            return perform(**arguments)

        self.work = Work(performed, self.interrupt, self._thread.submit)
        known.set()
        return self.work

    async def at_rest(self) -> None:
        """Wait for a program that is being ended."""
        work = self.work
        if work is not None and work.interrupted:
            await asyncio.wait({work.outcome})

    def approve(self, call: PendingCall) -> Approval:
        """The policy of the session's programs."""
        if self._policy is not None and (refusal := self._policy(call)) is not None:
            return refusal
        return self.ask(call) if self._asks and call.effect != "read" else None

    def ask_for_tool(self, call: PendingCall) -> Approval:
        """Ask about a call because its tool wants that; what `approve` asks about is not asked twice."""
        return self.ask(call) if not self._asks or call.effect == "read" else None

    def ask(self, call: PendingCall) -> Approval:
        """Ask the person at the client."""
        if call.tool in self._allowed:
            return None
        if self.work is None:
            return Refusal("nobody waits for this program")
        approval, always = self.work.ask(call)
        if always:
            self._allowed.add(call.tool)
        return approval

    async def close(self) -> None:
        """End what runs, and give everything back."""
        if self.work is not None:
            await self.work.end()
        closing = Work(self._let_go, lambda: None, self._thread.submit)
        await closing.next()
        self._thread.shutdown(wait=False)

    @abstractmethod
    async def look(self) -> tuple[str, list[str]]:
        """What programs may call: stubs and names; and make ready what takes time.

        Raises:
            CodeActError: it cannot be made.
        """

    def files(self) -> Mapping[str, Artifact]:
        """The files that programs created or changed in the session's workspace, by path."""
        return {}

    @abstractmethod
    def interrupt(self) -> object:
        """From any thread: bring what moves to rest, and end the program."""

    @abstractmethod
    def _let_go(self) -> None:
        """In the session's thread, at its end."""


_DESK: ContextVar[Desk | None] = ContextVar("codeact_mcp_desk", default=None)  # whose program runs


class ProgramDesk(Desk):
    """Programs in a sandbox; variables last from one to the next."""

    def __init__(
        self, key: str, policy: Approve | None, asks: bool, toolbox: Toolbox, open_sandbox: Callable[[], Sandbox]
    ) -> None:
        super().__init__(key, policy, asks)
        self._toolbox, self._open = toolbox, open_sandbox
        self._sandbox: Sandbox | None = None
        self._files: dict[str, Artifact] = {}

    async def look(self) -> tuple[str, list[str]]:
        self._thread.submit(self._opened)  # the first program need not wait; should it fail, that program says so
        return self._toolbox.stubs() if len(self._toolbox) else "", list(self._toolbox.tools)

    def do_run(self, code: str) -> Answer:
        execution = self._opened().run(code)
        self._files.update({file.path: file for file in execution.artifacts})
        for path in execution.removed:
            self._files.pop(path, None)
        return Answer(blocks(execution, self.key), told(execution), failed=not execution.ok)

    def do_reset(self) -> Answer:
        from mcp_types import TextContent

        self._opened().reset()
        return Answer([TextContent(text="All variables are forgotten.")], {"ok": True})

    def files(self) -> Mapping[str, Artifact]:
        return dict(self._files)

    def interrupt(self) -> object:
        return self._sandbox is not None and self._sandbox.interrupt()

    def _opened(self) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = self._open()
            self._sandbox.approve = self.approve
        return self._sandbox

    def _let_go(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
