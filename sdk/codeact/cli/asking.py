"""Asking the person at the terminal about a call, in a way that Ctrl-C can end."""

from __future__ import annotations

import os
import select
import sys

from codeact.episode.plain import printable
from codeact.tools.approval import Approval, Approve, PendingCall, Refusal, question, verdict

_INPUT = 0
_ALWAYS = ("a", "always")


class Asking:
    """The policy `ask_about_all`, for a session that goes on after Ctrl-C: nothing may still wait for a line then.

    The answer `a` lets all later calls of that tool go on.

    Attributes:
        nobody: the reason of a refusal without asking, where nobody can answer; empty where somebody can.
    """

    def __init__(self, nobody: str = "") -> None:
        self._cancelled, self._cancel = os.pipe()
        os.set_blocking(self._cancelled, False)
        self._always: set[str] = set()
        self._agreed: str | None = None  # the call to which the session's policy got a yes just now
        self._program = self._shown = ""
        self.nobody = nobody

    def watching(self, policy: Approve | None) -> Approve:
        """The policy, and before a question of any tool the program that makes the call is known."""

        def watched(call: PendingCall) -> Approval:
            self._program = call.program
            return None if policy is None else policy(call)

        return watched

    def __call__(self, call: PendingCall) -> Approval:
        """Ask about a call for the policy of a session, which is asked first."""
        answer = self._ask(call)
        self._agreed = str(call) if answer is None else None
        return answer

    def of_tools(self, call: PendingCall) -> Approval:
        """Ask about a call because its tool wants that, after the session's policy. Nobody is asked twice."""
        agreed, self._agreed = self._agreed, None
        return None if agreed == str(call) else self._ask(call)

    def _ask(self, call: PendingCall) -> Approval:
        if call.tool in self._always:
            return None
        if self.nobody:
            return Refusal(self.nobody)
        self._forget()
        sys.stdout.flush()
        self._show_program()
        sys.stderr.write(question(call, always=True))  # standard output is the program's, or one JSON object
        sys.stderr.flush()
        ready = select.select([_INPUT, self._cancelled], [], [])[0]
        if self._cancelled in ready:
            self._forget()
            return Refusal("the person at the terminal interrupted the program")
        answer = os.read(_INPUT, 4_096).decode(errors="replace")
        if answer.strip().lower() in _ALWAYS:
            self._always.add(call.tool)
            return None
        return verdict(answer) if answer else Refusal("nobody was there to approve the call")

    def _show_program(self) -> None:
        """The program that makes the call, once before its first question."""
        if self._program and self._program != self._shown:
            lines = printable(self._program).strip("\n").split("\n")
            width = len(str(len(lines)))
            numbered = "\n".join(f"{number:{width + 2}} | {line}" for number, line in enumerate(lines, 1))
            sys.stderr.write(f"This program makes the call:\n{numbered}\n")
            self._shown = self._program

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
