"""Approval: a policy looks at each call before it runs, and lets it go on or refuses it with a reason.

A policy is any function from a `PendingCall` to an `Approval`. It may block for as long as it likes, for example to ask
a person; the clock of the program does not run meanwhile. A policy sees a copy of the arguments and can change nothing.
If it raises, or returns anything but an `Approval`, the call is refused.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from codeact.errors import ToolError
from codeact.tools.wording import call_text

Effect = Literal["read", "write", "physical"]
_IMMUTABLE = (type(None), bool, int, float, str, bytes)
EFFECTS: tuple[str, ...] = get_args(Effect)


@dataclass(frozen=True)
class Refusal:
    """What a policy returns to refuse a call. The program gets `Refused` with this reason."""

    reason: str


@dataclass(frozen=True)
class PendingCall:
    """A call that waits for approval.

    Attributes:
        tool: dotted name, such as `arm.move_to`.
        arguments: argument name to validated value, defaults included; a deep copy.
        effect: `read`, `write` or `physical`.
        doc: the tool's docstring.
        program: the program that makes the call, where an agent runs it; else empty.
    """

    tool: str
    arguments: Mapping[str, Any]
    effect: Effect
    doc: str = ""
    program: str = ""

    def __str__(self) -> str:
        return call_text(self.tool, self.arguments)


Approval = bool | str | Refusal | None
Approve = Callable[[PendingCall], Approval]


def review(
    approve: Approve | None, tool: str, arguments: Mapping[str, Any], effect: Effect, doc: str = ""
) -> str | None:
    """Ask a policy about a call. Returns None when the call may run, else the reason for refusing it. Never raises."""
    if approve is None:
        return None
    try:
        copied = {n: v if type(v) in _IMMUTABLE else copy.deepcopy(v) for n, v in arguments.items()}
        approval: object = approve(PendingCall(tool, copied, effect, doc))
    except Exception as error:
        return f"the approval policy failed: {type(error).__name__}: {error}"
    if approval is None or approval is True:
        return None
    if inspect.iscoroutine(approval):
        approval.close()
        return "the approval policy is an async function; it must be a plain one, which may wait as long as it likes"
    if approval is False:
        return "the call was not approved"
    if isinstance(approval, Refusal):
        return approval.reason or "the call was not approved"
    if isinstance(approval, str):
        return approval or "the call was not approved"
    return f"the approval policy returned {type(approval).__name__}, not None, True, False, a reason or a Refusal"


def approve_all(call: PendingCall) -> Approval:
    """Let every call go on."""
    return None


def refuse_effects(*effects: Effect) -> Approve:
    """Return a policy that refuses all calls with one of these effects.

    Raises:
        ToolError: no effect was named, or an unknown one.
    """
    unknown = [effect for effect in effects if effect not in EFFECTS]
    if unknown or not effects:
        raise ToolError(f"refuse_effects() takes one or more of {', '.join(EFFECTS)}; got {unknown or 'none'}")

    def policy(call: PendingCall) -> Approval:
        return Refusal(f"{call.effect} calls are not allowed here") if call.effect in effects else None

    return policy


def ask_in_terminal(call: PendingCall) -> Approval:
    """Ask the person at the terminal about each call that is not a mere read; refuse it where there is no terminal."""
    return None if call.effect == "read" else ask_about_all(call)


def ask_about_all(call: PendingCall) -> Approval:
    """Ask the person at the terminal about each call, also one that reads; refuse it where there is no terminal."""
    try:
        return verdict(input(question(call)))
    except EOFError:
        return Refusal("nobody was there to approve the call")


def question(call: PendingCall, *, always: bool = False) -> str:
    """What a person is asked about a call. `always`: whether they may let all later calls of the tool go on."""
    choices = "[y]es, [n]o, [a]lways for this tool" if always else "[y]es, [n]o"
    return f"{call}  [{call.effect}]  Run it? {choices}, or a reason to refuse: "


def verdict(answer: str) -> Approval:
    """What a person's answer to `question` means: yes, or no with a reason."""
    answer = answer.strip()
    if answer.lower() in ("y", "yes"):
        return None
    return Refusal("the person at the terminal said no" if answer.lower() in ("", "n", "no") else answer)
