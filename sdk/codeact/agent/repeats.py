"""Notices when a model does the same again, and it leads to the same."""

from __future__ import annotations


class Repeats:
    """Counts equal actions in a row that led to equal observations, and equal replies in a row that could not be run.

    An observation tells what a program printed, its error, and what the world shows. So an action that changes anything
    that can be seen is no repetition.
    """

    def __init__(self) -> None:
        self._action = self._before = self._reply = ""
        self._observation: str | None = None
        self._actions = self._replies = 0

    def acted(self, code: str) -> None:
        """This program is about to run."""
        self._before, self._action = self._action, code
        self._reply, self._replies = "", 0

    def observed(self, observation: str) -> int:
        """It led to this. Returns how many times in a row the same led to the same."""
        same = self._action == self._before and observation == self._observation
        self._actions = self._actions + 1 if same else 1
        self._observation = observation
        return self._actions

    def replied(self, text: str) -> int:
        """This reply could not be run. Returns how many times in a row it was written."""
        self._replies = self._replies + 1 if text == self._reply else 1
        self._reply = text
        return self._replies
