"""When a request is sent again, and how fast requests may follow each other."""

from __future__ import annotations

import email.utils
import random
import threading
import time
from collections.abc import Mapping

from codeact.errors import ToolError

# Sent twice, these do the same as sent once (RFC 9110, section 9.2.2).
_IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
_PASSING = (0, 429, 502, 503, 504)
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0


class Retries:
    """Sends idempotent requests again after failures that may pass: no connection, and 429, 502, 503 and 504."""

    def __init__(self, most: int, *, also_post: bool = False) -> None:
        """Set how often.

        Args:
            most: how often a request is sent again at most.
            also_post: whether POST and PATCH are sent again as well.

        Raises:
            ToolError: `most` is negative.
        """
        if most < 0:
            raise ToolError(f"retries is {most}, and must be at least 0")
        self._most = most
        self._also_post = also_post

    def pause(self, method: str, attempt: int, status: int, headers: Mapping[str, str]) -> float | None:
        """How long to wait before the request is sent again, in seconds; None if it is not.

        The pause is what the service asks for by Retry-After, else random and up to twice as long each time (AWS,
        «Exponential Backoff And Jitter»), so that many callers do not come back at once.

        Args:
            method: in upper case.
            attempt: how often the request was sent again already.
            status: of the answer; 0 if there was none.
            headers: of the answer, with names in lower case.
        """
        if attempt >= self._most or status not in _PASSING or not (method in _IDEMPOTENT or self._also_post):
            return None
        asked_s = _seconds(headers.get("retry-after", ""))
        if asked_s is not None:
            return asked_s + random.uniform(0, 0.1)
        return random.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt))


class Pace:
    """Lets so many calls a second pass, each after an equal pause."""

    def __init__(self, calls_per_s: float | None) -> None:
        if calls_per_s is not None and not calls_per_s > 0:
            raise ToolError(f"calls_per_s is {calls_per_s}, and must be above 0")
        self._gap_s = 1 / calls_per_s if calls_per_s else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, deadline: float, what: str) -> None:
        """Wait for one's turn.

        Raises:
            TimeoutError: it comes only after the deadline.
        """
        if not self._gap_s:
            return
        with self._lock:
            turn = max(self._next, time.monotonic())
            if turn > deadline:
                raise TimeoutError(f"{what}: more calls wait than calls_per_s lets pass in time")
            self._next = turn + self._gap_s
        time.sleep(max(turn - time.monotonic(), 0))


def _seconds(retry_after: str) -> float | None:
    """Retry-After as seconds from now (RFC 9110, section 10.2.3); None if it says nothing usable."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:  # a raised 2 is a digit, and no number
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
