"""Episodes played in a thread of their own: as an iterator of events, or awaited."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from codeact.events import Event

if TYPE_CHECKING:
    from codeact.agent.code_act import CodeActAgent
    from codeact.episode import Episode

ASK_AGAIN_SECONDS = 0.1

T = TypeVar("T")


@dataclass(frozen=True)
class _Over:
    """The last thing that is told. `error` is what ended the episode early, if anything."""

    error: BaseException | None = None


class _Playing:
    """An episode in a thread. `tell` gets its events, and `_Over` at the end, in that thread."""

    def __init__(
        self,
        agent: CodeActAgent,
        env: Any,
        seed: int,
        options: dict[str, Any] | None,
        tell: Callable[[Event | _Over], None],
    ) -> None:
        self._agent, self._env = agent, env
        self._stop = threading.Event()
        self.episode: Episode | None = None

        def run() -> None:
            from codeact.episode import play

            try:
                self.episode = play(agent, env, seed, on_event=tell, options=options, stop=self._stop)
            except BaseException as error:  # handed to the reader of the stream, whatever it is
                tell(_Over(error))
            else:
                tell(_Over())

        self._thread = threading.Thread(target=run, name="codeact-episode", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the robot, the program and the model, and wait until they have stopped."""
        while self._thread.is_alive():  # again and again: the episode may be just before what is to be stopped
            self._stop.set()
            self._agent.interrupt()
            interrupt = getattr(self._env.unwrapped, "interrupt", None)  # as in an episode: a world may have none
            if interrupt is not None:
                interrupt()
            self._thread.join(ASK_AGAIN_SECONDS)

    def wait(self) -> None:
        self._thread.join()


def stream_episode(agent: CodeActAgent, env: Any, seed: int, options: dict[str, Any] | None) -> Iterator[Event]:
    """Play an episode in a thread and yield its events; see `CodeActAgent.stream`."""
    events: queue.SimpleQueue[Event | _Over] = queue.SimpleQueue()
    playing = _Playing(agent, env, seed, options, events.put)
    over = False
    try:
        while not isinstance(event := events.get(), _Over):
            yield event
        over = True
        if event.error is not None:
            raise event.error
    finally:
        playing.wait() if over else playing.stop()


async def stream_episode_async(
    agent: CodeActAgent,
    env: Any,
    seed: int,
    options: dict[str, Any] | None,
    finished: Callable[[Episode], object] | None = None,
) -> AsyncGenerator[Event, None]:
    """The same on an event loop; see `CodeActAgent.astream`. `finished` is given the whole episode at its end."""
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Event | _Over] = asyncio.Queue()

    def tell(event: Event | _Over) -> None:
        loop.call_soon_threadsafe(events.put_nowait, event)

    playing = _Playing(agent, env, seed, options, tell)
    over = False
    try:
        while not isinstance(event := await events.get(), _Over):
            yield event
        over = True
        if event.error is not None:
            raise event.error
        if finished is not None and playing.episode is not None:
            finished(playing.episode)
    finally:
        if not over:
            await in_thread(playing.stop, lambda: None)


async def in_thread(work: Callable[[], T], interrupt: Callable[[], object]) -> T:
    """Do blocking work in a thread of its own. Where the task is cancelled, interrupt the work and wait for its end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # raised where it is awaited
            loop.call_soon_threadsafe(done.set_exception, error)
        else:
            loop.call_soon_threadsafe(done.set_result, result)

    threading.Thread(target=run, name="codeact-agent", daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        while not done.done():
            interrupt()
            await asyncio.wait([done], timeout=ASK_AGAIN_SECONDS)
        if not done.cancelled():
            done.exception()  # it was asked to end; how it did so is of no interest
        raise
