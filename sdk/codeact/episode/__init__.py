"""One episode: an agent plays an environment. Here live the loop, the trace with its reader, replay, video and page."""

from codeact.episode.loop import Episode, EpisodeInterrupted, play
from codeact.episode.replaying import Difference, ReplayResult, replay
from codeact.episode.stop_key import emergency_stop_on_key
from codeact.episode.trace import TraceFile, TraceWriter, head_of, read_trace
from codeact.episode.video import VideoError

__all__ = [
    "Difference",
    "Episode",
    "EpisodeInterrupted",
    "ReplayResult",
    "TraceFile",
    "TraceWriter",
    "VideoError",
    "emergency_stop_on_key",
    "head_of",
    "play",
    "read_trace",
    "replay",
]
