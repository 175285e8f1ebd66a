"""An episode as an iterator of events."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.events import Event

if TYPE_CHECKING:
    from codeact.agent.code_act import CodeActAgent

ASK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True)
class _Over:
    """The last thing in the queue. `error` is what ended the episode early, if anything."""

    error: BaseException | None = None


def stream_episode(agent: CodeActAgent, env: Any, seed: int, options: dict[str, Any] | None) -> Iterator[Event]:
    """Play an episode in a thread and yield its events; see `CodeActAgent.stream`."""
    from codeact.episode import play

    stop = threading.Event()
    events: queue.SimpleQueue[Event | _Over] = queue.SimpleQueue()

    def run() -> None:
        try:
            play(agent, env, seed, on_event=events.put, options=options, stop=stop)
        except BaseException as error:  # handed to the reader of the stream, whatever it is
            events.put(_Over(error))
        else:
            events.put(_Over())

    thread = threading.Thread(target=run, name="codeact-episode", daemon=True)
    thread.start()
    over = False
    try:
        while not isinstance(event := events.get(), _Over):
            yield event
        over = True
        if event.error is not None:
            raise event.error
    finally:
        while not over and thread.is_alive():  # again and again: the episode may be just before what is to be stopped
            stop.set()
            agent.interrupt()
            interrupt = getattr(env.unwrapped, "interrupt", None)  # as in an episode: a world may have none
            if interrupt is not None:
                interrupt()
            thread.join(ASK_AGAIN_SECONDS)
        thread.join()
