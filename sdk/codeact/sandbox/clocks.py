"""The clocks of one run: the program's own time, which stands still inside tools, and the time inside tools."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from codeact.sandbox.connection import Connection
from codeact.sandbox.limits import Limits

if TYPE_CHECKING:
    from codeact.sandbox.dispatch import Pending

CHECK_S = 0.25
"""Between two looks at a call that somebody else looks after, or that waits for its approval."""

_LEAST_S = 0.01


class Clocks:
    """What a run has used of its limits.

    Attributes:
        started: when it began.
        tool_s: the seconds inside tools so far; approval_s: those that approvals took, which count for nothing.
    """

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self.started = self.tool_s = self.approval_s = 0.0
        self._watches_cpu = False
        self._cpu_start = 0.0

    def watch_cpu(self, has_threads: bool) -> None:
        """From now on the processor's time counts, too, where it can be used up before the other clock is."""
        # A program has one thread, but for one in a workspace, and uses no more than what the clock shows.
        self._watches_cpu = self._limits.cpu_s < self._limits.wall_s or has_threads
        self._cpu_start = self._connection.cpu_seconds() if self._watches_cpu else 0.0

    def code_seconds(self) -> float:
        """The program's own time."""
        return time.monotonic() - self.started - self.tool_s - self.approval_s

    def deadline(self) -> float:
        """When the program's own time is up, if no tool is called until then."""
        deadline = self.started + self._limits.wall_s + self.tool_s + self.approval_s
        if self._watches_cpu:
            left = self._cpu_start + self._limits.cpu_s - self._connection.cpu_seconds()
            deadline = min(deadline, time.monotonic() + left)
        return deadline

    def used_up(self) -> str | None:
        """What of the program's own time is used up, in words; None if nothing is."""
        if self.code_seconds() >= self._limits.wall_s:
            return f"it ran longer than {self._limits.wall_s:g} s"
        if self._watches_cpu and self._connection.cpu_seconds() - self._cpu_start >= self._limits.cpu_s:
            return f"it used more than {self._limits.cpu_s:g} s of processor time"
        return None

    def tool_time_left(self, pending: Pending | None, since: float) -> float:
        """How many seconds a call may still take. `since` is when its tool began; 0 where it waits for its approval."""
        left = self._limits.tool_s - self.tool_s
        if pending is None:
            return max(left, _LEAST_S)
        if since == 0.0:
            return max(left, CHECK_S)
        if pending.tool is not None and pending.tool.timeout_s is not None:
            left = min(left, pending.tool.timeout_s)
        return left - (time.monotonic() - since)

    def tool_limit(self) -> str:
        """That the time inside tools is used up, in words."""
        return f"the limit of {self._limits.tool_s:g} s inside tools was reached"
