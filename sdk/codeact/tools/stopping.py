"""The stop paths of several tools, called as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codeact.errors import ToolError
from codeact.tools.tool import Stop


def stop_all(stops: Sequence[Stop]) -> Callable[[], str]:
    """Call every stop path once, in order, even if one of them fails.

    Returns:
        A function that says what state they left, as far as they do; see `Tool`.

    Raises:
        ToolError: stop paths failed; it names the errors.
    """
    failed = []
    said: list[object] = []
    for stop in stops:
        try:
            said.append(stop())
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}")
    if failed:
        raise ToolError(f"{len(failed)} of {len(stops)} stop paths failed: {'; '.join(failed)}")

    def state() -> str:
        told = (each() if callable(each) else each for each in said)
        return "; ".join(each.strip() for each in told if isinstance(each, str) and each.strip())

    return state
