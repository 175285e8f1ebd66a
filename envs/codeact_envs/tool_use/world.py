"""A service as a `World`: nothing moves in it, but what tools change can be saved, restored and branched."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from codeact_envs.still_film import StillFilm
from codeact_envs.text_picture import text_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codeact.tools import Toolbox
    from codeact_envs.tool_use.generator import Service


class ToolUseWorld(StillFilm):
    """The world of a question. Implements `codeact_envs.tasks.World`.

    Args:
        open: makes the service.
    """

    violations: tuple[str, ...] = ()
    time_s = 0.0

    def __init__(self, open: Callable[[], Service]) -> None:
        self._open = open
        self._service = open()
        self._data: Any = None
        self._fixed = b""  # digest of the data

    @property
    def toolbox(self) -> Toolbox:
        return self._service.toolbox

    def reset(self, setup: Any) -> None:
        self._data = setup
        self._fixed = hashlib.sha256(msgspec.json.encode(setup)).digest()
        self._service.load(setup)

    def observe(self) -> str:
        return self._service.shown()

    def snapshot(self) -> Mapping[str, Any]:
        """What tools have changed, by name."""
        return copy.deepcopy(dict(self._service.state()))

    def settle(self, seconds: float) -> None:
        pass

    def stop(self) -> None:
        pass

    def resume(self) -> None:
        pass

    def state_hash(self) -> str:
        changed = msgspec.json.encode(self._service.state(), order="deterministic")
        return hashlib.sha256(self._fixed + changed).hexdigest()

    def save_state(self) -> tuple[Any, Mapping[str, Any]]:
        return self._data, self.snapshot()

    def restore_state(self, state: tuple[Any, Mapping[str, Any]]) -> None:
        data, changed = state
        self.reset(data)
        self._service.restore(copy.deepcopy(changed))

    def branch(self) -> ToolUseWorld:
        other = ToolUseWorld(self._open)
        other.restore_state(self.save_state())
        return other

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """What is shown, as dark text on white."""
        return text_picture(self.observe(), width, height)

    def close(self) -> None:
        self._service.close()
