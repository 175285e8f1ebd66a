"""`--approve`: who decides about a call, as rules on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from codeact.cli.failures import UsageError
from codeact.errors import ToolError
from codeact.tools.approval import EFFECTS
from codeact.tools.approval_rules import RULES, Rule, approval
from codeact.tools.wording import did_you_mean, listed

if TYPE_CHECKING:
    from codeact.tools import Approve, Effect

MODES: dict[str, dict[Effect, Rule]] = {
    "always": {},
    "ask": {"write": "ask", "physical": "ask"},
    "never-physical": {"physical": "never"},
    "read-only": {"write": "never", "physical": "never"},
}


def policy_of(texts: Sequence[str], ask: Approve) -> Approve | None:
    """The policy that `--approve` describes, given once or more often; None where all calls go on.

    Args:
        texts: `always`, `ask`, `never-physical` or `read-only`; or `WHICH=RULE`. WHICH is an effect, or the name of a
            tool or a pattern of names; RULE is `always`, `ask`, `never`, or a function as `FILE.py:NAME`.
        ask: asks a person about a call.

    Raises:
        UsageError: one of them cannot be read, or there is no such function.
    """
    effects: dict[Effect, Rule] = {}
    tools: dict[str, Rule] = {}
    for text in texts:
        which, equals, rule = text.partition("=")
        if not equals:
            if text not in MODES:
                near = did_you_mean(text, MODES) or f"; it is {listed(MODES)}, or WHICH=RULE such as physical=ask"
                raise UsageError(f"--approve {text}: there is no such approval{near}")
            effects = dict(MODES[text])
        elif which in EFFECTS:
            effects[cast("Effect", which)] = _rule(text, rule)
        elif which:
            tools[which] = _rule(text, rule)
        else:
            raise UsageError(f"--approve {text}: an effect or the name of a tool stands before the equals sign")
    return approval(effects=effects, tools=tools, ask=ask) if effects or tools else None


def asks(texts: Sequence[str]) -> bool:
    """Whether somebody may be asked at the terminal: a function may do that, too."""
    return any(text == "ask" or text.partition("=")[2] not in ("", "always", "never") for text in texts)


def _rule(text: str, rule: str) -> Rule:
    match rule:
        case "always" | "never" | "ask":
            return rule
    source, _, name = rule.rpartition(":")
    if not source:
        near = did_you_mean(rule, RULES) or f"; it is {listed(RULES)}, or a function as FILE.py:NAME"
        raise UsageError(f"--approve {text}: there is no rule {rule!r}{near}")
    from codeact.user_modules import NoSuchModule, load_module

    try:
        function = getattr(load_module(source, Path.cwd()), name, None)
    except (NoSuchModule, ToolError) as error:
        raise UsageError(f"--approve {text}: {error}") from error
    if not callable(function):
        raise UsageError(f"--approve {text}: {source} has no function {name!r}")
    found: Approve = function
    return found
