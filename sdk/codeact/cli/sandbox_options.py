"""The options of `codeact sandbox`, and the session that they ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from codeact.cli.failures import UsageError
from codeact.errors import SandboxError
from codeact.sandbox import Limits, Sandbox
from codeact.tools.wording import did_you_mean, listed


@dataclass(frozen=True)
class SandboxOptions:
    """What was asked for on the command line.

    Attributes:
        tools: `MODULE:NAME` or `FILE.py:NAME`; None for a session without tools.
        limits: as `NAME=VALUE`.
        without: layers of the wall to go without.
        approve: the approval policy's name.
    """

    tools: str | None = None
    limits: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    approve: str = "always"

    def open(self, limits: Limits | None = None) -> Sandbox:
        """A session as asked for.

        Args:
            limits: instead of those that were asked for.

        Raises:
            CodeActError: an option is wrong, or the sandbox cannot be opened.
        """
        from codeact.cli.running import policy
        from codeact.cli.toolboxes import load_toolbox

        limits = limits or changed_limits(Limits(), self.limits)
        toolbox = load_toolbox(self.tools) if self.tools is not None else None
        return Sandbox(toolbox, limits=limits, approve=policy(self.approve), without=self.without)


def changed_limits(limits: Limits, changes: Iterable[str]) -> Limits:
    """`limits` with changes such as `wall_s=5`.

    Raises:
        UsageError: a change cannot be read, names no limit, or is out of range.
    """
    kinds = {field.name: type(getattr(limits, field.name)) for field in fields(limits)}
    new: dict[str, Any] = {}
    for change in changes:
        name, equals, text = (part.strip() for part in change.partition("="))
        if name not in kinds:
            known = did_you_mean(name, kinds) or f"; the limits are {listed(kinds)}"
            raise UsageError(f"there is no limit {name!r}{known}")
        try:
            new[name] = kinds[name](text.replace("_", "").replace(",", ""))
        except ValueError:
            example = f"{name}={getattr(limits, name):g}" if kinds[name] is float else f"{name}={getattr(limits, name)}"
            kind = "a number" if kinds[name] is float else "a whole number"
            found = f"not {text!r}" if equals else "after an equals sign"
            raise UsageError(f"limit {name} takes {kind}, {found}; such as {example}") from None
    try:
        return replace(limits, **new)
    except SandboxError as problem:
        raise UsageError(str(problem)) from None


def level_in_words(without: Collection[str]) -> str:
    """How much of the wall stands, in plain words.

    Args:
        without: names of the layers that do not stand.
    """
    if not without:
        return "full wall"
    if "process" in without:
        return "none: no program can run here"
    if {"landlock", "seccomp"} <= set(without):
        return f"none: the kernel holds nothing back, without {listed(sorted(without))}"
    return f"reduced: without {listed(sorted(without))}"
