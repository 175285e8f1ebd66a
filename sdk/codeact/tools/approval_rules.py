"""Approval by rules: who decides about a call, by the name of its tool or by its effect."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Literal

from codeact.errors import ToolError
from codeact.tools.approval import EFFECTS, Approval, Approve, Effect, PendingCall, Refusal, ask_about_all
from codeact.tools.wording import did_you_mean, listed

Rule = Literal["always", "never", "ask"] | Approve
"""Let calls go on, refuse them, ask a person, or ask a function."""

RULES = ("always", "never", "ask")


def approval(
    *,
    tools: Mapping[str, Rule] | None = None,
    effects: Mapping[Effect, Rule] | None = None,
    otherwise: Rule = "always",
    ask: Approve = ask_about_all,
) -> Approve:
    """A policy made of rules. The name of a tool decides before its effect, and of several patterns the last one.

    Args:
        tools: rules by names or patterns of names, such as `{"arm.*": "ask", "arm.stop": "always"}`.
        effects: rules by effect, such as `{"physical": "ask", "write": "never"}`.
        otherwise: the rule of all other calls.
        ask: asks a person about a call; by default, the one at the terminal.

    Raises:
        ToolError: there is no such rule or effect.
    """
    for effect in effects or {}:
        if effect not in EFFECTS:
            raise ToolError(f"{effect!r} is no effect; an effect is one of {listed(EFFECTS)}")
    by_name = {pattern: _policy(rule, ask) for pattern, rule in (tools or {}).items()}
    by_effect = {effect: _policy(rule, ask) for effect, rule in (effects or {}).items()}
    rest = _policy(otherwise, ask)

    def policy(call: PendingCall) -> Approval:
        for pattern in reversed(by_name):
            if fnmatchcase(call.tool, pattern):
                return by_name[pattern](call)
        return by_effect.get(call.effect, rest)(call)

    return policy


def _policy(rule: object, ask: Approve) -> Approve:
    match rule:
        case "always":
            return _go_on
        case "never":
            return _refuse
        case "ask":
            return ask
    if callable(rule):
        policy: Approve = rule
        return policy
    near = did_you_mean(rule, RULES) if isinstance(rule, str) else ""
    raise ToolError(f"{rule!r} is no rule of approval{near}; a rule is {listed(RULES)}, or a function")


def _go_on(call: PendingCall) -> Approval:
    return None


def _refuse(call: PendingCall) -> Approval:
    return Refusal(f"calls of {call.tool} are not allowed here")
