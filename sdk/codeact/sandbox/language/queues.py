"""`queue` for a program, which has one thread: to wait for another one would be to wait for ever, and is an error."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

from codeact.sandbox.language.views import ModuleView
from codeact.sandbox.text import words

if TYPE_CHECKING:
    from codeact.sandbox.language.guards import Guards

_NAMES = words("""empty full get get_nowait join maxsize put put_nowait qsize queue task_done""")


class _Alone(queue.Queue[Any]):
    """Never waits."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if not self._qsize():
            raise queue.Empty("the queue is empty, and nobody else could put something in")
        return super().get(False)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if 0 < self.maxsize <= self._qsize():
            raise queue.Full("the queue is full, and nobody else could take something out")
        super().put(item, False)

    def join(self) -> None:
        """Everybody who could work on it is here."""


class Queue(_Alone):
    """`queue.Queue`."""


class LifoQueue(_Alone, queue.LifoQueue[Any]):
    """`queue.LifoQueue`."""


class PriorityQueue(_Alone, queue.PriorityQueue[Any]):
    """`queue.PriorityQueue`."""


def view(guards: Guards) -> ModuleView:
    """`queue`, for one session."""
    guards.limited[_Alone] = _NAMES
    return ModuleView(
        "queue",
        {
            "Queue": Queue,
            "SimpleQueue": Queue,
            "LifoQueue": LifoQueue,
            "PriorityQueue": PriorityQueue,
            "Empty": queue.Empty,
            "Full": queue.Full,
        },
    )
