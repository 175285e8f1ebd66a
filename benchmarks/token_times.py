"""When each token of a reply of transformers' own `generate` came."""

from __future__ import annotations

import time
from typing import Any


def token_times() -> Any:
    """A streamer for `generate(streamer=...)`; its `times` are of `time.perf_counter`, the first when the prompt began
    to be read."""
    from transformers.generation.streamers import BaseStreamer

    class Times(BaseStreamer):  # told the prompt first, then each token
        def __init__(self) -> None:
            self.times: list[float] = []

        def put(self, value: Any) -> None:
            self.times.append(time.perf_counter())

        def end(self) -> None: ...

    return Times()
