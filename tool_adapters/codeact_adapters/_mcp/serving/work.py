"""A program that runs in a thread while the protocol's own loop waits for it, and may ask about calls meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from codeact.tools import Approval, PendingCall, Refusal
from codeact.tools.approval import question

ANSWER_S = 300.0
"""How long a question waits for its answer, in seconds."""


class Question:
    """Whether a call may run, for a person at the client."""

    def __init__(self, call: PendingCall) -> None:
        self.tool = call.tool
        self.text = question(call).partition("  Run it?")[0]
        self._answer: Future[tuple[Approval, bool]] = Future()

    @property
    def schema(self) -> dict[str, Any]:
        """What the answer looks like, as the protocol's forms want it."""
        return {
            "type": "object",
            "properties": {
                "allow": {"type": "boolean", "title": "Run this call"},
                "always": {"type": "boolean", "title": f"Run later calls of {self.tool} without asking"},
                "reason": {"type": "string", "title": "If not, why? The program's author reads it."},
            },
            "required": ["allow"],
        }

    def answer(self, action: str, content: object) -> None:
        """Take the client's answer: what the person did with the form, and what stands in it."""
        form = content if isinstance(content, dict) else {}
        if action == "accept" and form.get("allow") is True:
            self._tell(None, form.get("always") is True)
            return
        reason = form.get("reason")
        given = reason.strip() if isinstance(reason, str) else ""
        self.refuse(given or ("nobody answered" if action == "cancel" else "the person at the client said no"))

    def refuse(self, reason: str) -> None:
        self._tell(Refusal(reason), False)

    def _tell(self, approval: Approval, always: bool) -> None:
        if not self._answer.done():
            self._answer.set_result((approval, always))

    def wait(self) -> tuple[Approval, bool]:
        """In the program's thread: the answer, and whether it holds for later calls of the tool."""
        try:
            return self._answer.result(ANSWER_S)
        except FutureTimeout:
            self.refuse("nobody answered")
            return Refusal(f"nobody answered within {ANSWER_S:g} s"), False


class Work:
    """Something that runs in a thread of its own until it is done.

    Made on the event loop. `ask` is called in the thread, everything else on the loop.
    """

    def __init__(self, perform: Callable[[], Any], interrupt: Callable[[], object], run: Callable[..., object]) -> None:
        """Begin.

        Args:
            perform: the work; it may block.
            interrupt: makes it end soon, and may block as well.
            run: runs a function in the thread.
        """
        self._loop = asyncio.get_running_loop()
        self._interrupt = interrupt
        self._questions: asyncio.Queue[Question] = asyncio.Queue()
        self._open: Question | None = None
        self.interrupted = False
        self.outcome: asyncio.Future[Any] = self._loop.create_future()
        self.outcome.add_done_callback(lambda outcome: outcome.cancelled() or outcome.exception())
        run(self._perform, perform)

    def _perform(self, perform: Callable[[], Any]) -> None:
        try:
            value = perform()
        except BaseException as problem:
            told = problem if isinstance(problem, Exception) else RuntimeError(type(problem).__name__)
            self._tell(lambda: self.outcome.set_exception(told))
        else:
            self._tell(lambda: self.outcome.set_result(value))

    def _tell(self, action: Callable[[], object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def ask(self, call: PendingCall) -> tuple[Approval, bool]:
        """Put a question to whoever waits for the work, and wait for the answer."""
        if self.interrupted:
            return Refusal("the program is being ended"), False
        asked = self._open = Question(call)
        self._tell(lambda: self._questions.put_nowait(asked))
        return asked.wait()

    async def next(self) -> Question | None:
        """The next question, or None when the work is done; then `outcome` has what came of it."""
        asked = asyncio.ensure_future(self._questions.get())
        try:
            await asyncio.wait({asked, self.outcome}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not asked.done():
                asked.cancel()
        return asked.result() if asked.done() and not asked.cancelled() else None

    async def end(self) -> None:
        """Interrupt the work, and wait until it is at rest."""
        self.interrupted = True
        if self._open is not None:
            self._open.refuse("the program is being ended")
        while not self.outcome.done():
            threading.Thread(target=self._interrupt, name="codeact-mcp-interrupt", daemon=True).start()
            await asyncio.wait({self.outcome}, timeout=0.25)  # again, as it may not have begun yet
