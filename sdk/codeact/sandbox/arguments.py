"""The arguments of a session, looked at before anything is started."""

from __future__ import annotations

import os

from codeact.errors import SandboxError
from codeact.sandbox.limits import Limits

_SEEDS = 2**63  # what the frame that carries it can hold


def require(
    toolbox: object,
    limits: object,
    approve: object,
    seed: object,
    without: object,
    imports: object,
    workspace: object,
    readable: object,
) -> None:
    """See whether the arguments of `Sandbox` are what they should be.

    Raises:
        SandboxError: naming the one that is not, and what would be right.
    """
    for name, given in (("without", without), ("imports", imports), ("readable", readable)):
        if isinstance(given, (str, os.PathLike)):
            raise SandboxError(f"{name} takes a collection of names, such as {name}=({os.fspath(given)!r},)")
    if readable and workspace is None:
        raise SandboxError("readable= goes with workspace=: only there a program can read files")
    if limits is not None:
        require_limits(limits)
    if type(seed) is not int or not -_SEEDS <= seed < _SEEDS:
        raise SandboxError(f"seed takes a whole number of up to 63 bits, not {seed!r:.60}")
    if toolbox is not None and not hasattr(toolbox, "tools"):
        raise SandboxError(f"a sandbox takes a Toolbox, such as Toolbox([my_tool]), not {type(toolbox).__name__}")
    if approve is not None and not callable(approve):
        raise SandboxError(f"approve takes a function that looks at each call, not {approve!r}")


def require_limits(limits: object) -> None:
    """See whether limits are such.

    Raises:
        SandboxError: they are not.
    """
    if not isinstance(limits, Limits):
        raise SandboxError(f"limits takes a Limits, such as Limits(wall_s=5), not {type(limits).__name__}")
