"""The files of one episode: `trace.jsonl`, `episode.mp4` and `episode.html`, in a folder of their own."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact import events
from codeact.episode.trace import TraceWriter, head_of
from codeact.episode.video import VideoWriter
from codeact.errors import TraceError

if TYPE_CHECKING:
    import gymnasium

    from codeact.events import Event


class EpisodeFiles:
    """An `EventSink` that makes `<parent>/<time>-<task>-<seed>/` and keeps an episode in it.

    Args:
        parent: the folder of all runs; made when missing.
        env: the environment that is played.
        seed, options: of its reset.
        agent: the agent's name.
        frame_rate: frames a second of the video; None: no video.

    Raises:
        TraceError: the folder or the trace cannot be made.
        VideoError: the frame rate is not positive.
    """

    def __init__(
        self,
        parent: Path,
        env: gymnasium.Env[Any, Any],
        *,
        seed: int,
        agent: str,
        options: Mapping[str, Any] | None = None,
        frame_rate: float | None = None,
    ) -> None:
        task = env.spec.id if env.spec else type(env.unwrapped).__name__
        self.directory = _make(parent, task, seed)
        video = self.directory / "episode.mp4"
        self._video = None if frame_rate is None else VideoWriter(video, frame_rate)
        self._trace = TraceWriter(self.directory / "trace.jsonl", head_of(env, seed=seed, agent=agent, options=options))

    def __call__(self, event: Event) -> None:
        self._trace(event)
        if isinstance(event, events.EpisodeEnded):
            self._trace.close()

    def film(self, env: gymnasium.Env[Any, Any]) -> int | None:
        """Add the frames that the environment took since the last time. Returns how many the video has now."""
        if self._video is None:
            return None
        frames: Any = env.render()
        self._video.add(frames or ())
        return self._video.frames

    def finish(self) -> None:
        """Close the video and write the page."""
        from codeact.episode.page import write_page

        self._trace.close()
        if self._video is not None:
            self._video.close()
        write_page(self.directory)


def _make(parent: Path, task: str, seed: int) -> Path:
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9_.-]+', '_', task.rpartition('/')[2])}-{seed}"
    for number in range(1, 1000):
        directory = parent / (name if number == 1 else f"{name}-{number}")
        try:
            directory.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise TraceError(f"the folder {directory} for the episode cannot be made: {error.strerror}") from error
        return directory
    raise TraceError(f"{parent} holds a thousand runs named {name}")
