"""Asking the person at the terminal about a call, in a way that Ctrl-C can end."""

from __future__ import annotations

import os
import select
import sys

from codeact.tools.approval import Approval, PendingCall, Refusal, question, verdict

_INPUT = 0


class Asking:
    """The policies `ask_in_terminal` and `ask_about_all`, for a session that goes on after Ctrl-C.

    Nothing may still wait for a line then.
    """

    def __init__(self) -> None:
        self._cancelled, self._cancel = os.pipe()
        os.set_blocking(self._cancelled, False)

    def __call__(self, call: PendingCall) -> Approval:
        """Let a mere read go on; ask about any other call, and refuse it where nobody answers."""
        return None if call.effect == "read" else self.about_all(call)

    def about_reads(self, call: PendingCall) -> Approval:
        """Ask about a mere read alone."""
        return self.about_all(call) if call.effect == "read" else None

    def about_all(self, call: PendingCall) -> Approval:
        """Ask about any call, and refuse it where nobody answers."""
        self._forget()
        sys.stderr.write(question(call))  # standard output is the program's, or one JSON object
        sys.stderr.flush()
        ready = select.select([_INPUT, self._cancelled], [], [])[0]
        if self._cancelled in ready:
            self._forget()
            return Refusal("the person at the terminal interrupted the program")
        answer = os.read(_INPUT, 4_096)
        return verdict(answer.decode(errors="replace")) if answer else Refusal("nobody was there to approve the call")

    def cancel(self) -> None:
        """From any thread: end a question that waits."""
        os.write(self._cancel, b"!")

    def _forget(self) -> None:
        try:
            os.read(self._cancelled, 4_096)
        except BlockingIOError:
            return

    def __del__(self) -> None:
        os.close(self._cancelled)
        os.close(self._cancel)
