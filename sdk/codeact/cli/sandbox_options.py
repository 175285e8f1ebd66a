"""The options of `codeact sandbox`, and the session that they ask for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.cli.asking import Asking
from codeact.cli.failures import UsageError
from codeact.errors import SandboxError
from codeact.sandbox import Limits, Sandbox, level
from codeact.sandbox.kernel.wall import LAYERS
from codeact.tools.wording import did_you_mean, listed

if TYPE_CHECKING:
    from codeact.tools import Toolbox


@dataclass(frozen=True)
class SandboxOptions:
    """What was asked for on the command line.

    Attributes:
        tools: `MODULE:NAME`, `FILE.py:NAME` or a file such as `tools.yaml`; None for a session without tools.
        limits: as `NAME=VALUE`.
        without: layers of the wall to go without.
        approve: who decides about calls, as `--approve` says it.
        imports: what programs may import; None for the sandbox's own choice.
        workspace: a folder that programs may write to.
        readable: what programs may read beside it.
    """

    tools: str | None = None
    limits: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    imports: tuple[str, ...] | None = None
    workspace: Path | None = None
    readable: tuple[Path, ...] = ()

    @cached_property
    def asking(self) -> Asking:
        """What asks the person at the terminal about calls."""
        return Asking()

    @cached_property
    def toolbox(self) -> Toolbox | None:
        """What programs may call; the same for each session.

        Raises:
            CodeActError: it cannot be loaded.
        """
        from codeact.cli.toolboxes import load_toolbox

        return load_toolbox(self.tools, self.asking.of_tools) if self.tools is not None else None

    def close(self) -> None:
        """Give back what the tools use, once no session needs them any more."""
        if self.__dict__.get("toolbox") is not None:
            self.__dict__["toolbox"].close()

    @property
    def branches(self) -> bool:
        """Whether the session can branch."""
        return self.workspace is None

    def open(self, limits: Limits | None = None) -> Sandbox:
        """A session as asked for.

        Args:
            limits: instead of those that were asked for.

        Raises:
            UsageError: an option is wrong.
            CodeActError: the sandbox cannot be opened.
        """
        from codeact.cli.approving import policy_of

        if limits is None:
            limits = changed_limits(self.default_limits(), self.limits)
        self.require_wall()
        return Sandbox(
            self.toolbox,
            limits=limits,
            approve=policy_of(self.approve, self.asking),
            without=self.without,
            imports=self.imports,
            workspace=self.workspace,
            readable=self.readable,
        )

    def require_wall(self) -> None:
        """Raise an error where a layer is missing that was not named as one to go without.

        Raises:
            UsageError: there is no layer of a name.
            SandboxError: a layer is missing; it says how to mend it.
        """
        for name in self.without:
            if name not in LAYERS:
                known = ", ".join(LAYERS)
                raise UsageError(f"--without {name} names no layer; the layers are {known}{did_you_mean(name, LAYERS)}")
        for layer in level(self.workspace is not None).missing:
            if layer.name not in self.without:
                way = (
                    "" if layer.name == "process" else f" To go on without it, at your own risk: --without {layer.name}"
                )
                raise SandboxError(f"the layer {layer.name} is missing: {layer.detail}. Mend it: {layer.remedy}.{way}")

    def default_limits(self) -> Limits:
        """The limits of a run where none are asked for."""
        if self.workspace is None:
            return Limits()
        from codeact.sandbox.workspaces.workspace import LIMITS

        return LIMITS


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
