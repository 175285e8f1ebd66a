"""What an agent is to an episode: it is given a brief, and then turns observations into actions until it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from codeact.events import EventSink
from codeact.tools import Approve, Toolbox

if TYPE_CHECKING:
    from codeact.values import Image


@dataclass(frozen=True)
class Brief:
    """What an agent knows when an episode begins.

    Attributes:
        instruction: the task in words.
        stubs: the functions that programs may call, as Python stubs.
        observation: what the world shows at the start.
        tools: the functions themselves, for agents that hold calls against them before they are made.
        environment: the unwrapped environment, for agents that play its reference program; models never see it.
    """

    instruction: str
    stubs: str
    observation: str
    environment: Any = None
    tools: Toolbox | None = None


class Observation(str):
    """What a program led to, as text, with the pictures that came with it."""

    images: tuple[Image, ...]

    def __new__(cls, text: str, images: tuple[Image, ...] = ()) -> Observation:
        made = super().__new__(cls, text)
        made.images = images
        return made


@dataclass(frozen=True)
class Action:
    """What an agent does in a turn.

    Attributes:
        code: the program to run; None when there is nothing to run.
        text: the model's reply that it was taken from.
        note: what was odd about the reply, if anything.
        done: the episode ends here, without running anything.
        answer: what the agent says it found.
        reason: why it is done: `finished`, `gave up`, `interrupted` or `budget: ...`.
    """

    code: str | None
    text: str
    note: str = ""
    done: bool = False
    answer: Any = None
    reason: str = ""


@runtime_checkable
class Agent(Protocol):
    """Plays episodes. Anything with these four plays; an optional `interrupt()` ends a turn from another thread."""

    @property
    def name(self) -> str: ...

    @property
    def approve(self) -> Approve | None:
        """The policy that is asked about each tool call; None lets all calls run."""
        ...

    def begin(self, brief: Brief, on_event: EventSink) -> None:
        """Start a new episode and forget the last one."""
        ...

    def act(self, observation: str | None, on_event: EventSink) -> Action:
        """Choose the next action. `observation` is what the last one led to; None on the first turn.

        In an episode it is an `Observation`, which holds pictures, too.
        """
        ...
