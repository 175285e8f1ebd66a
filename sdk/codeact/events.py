"""What happens during a run or an episode, as data. Everything that shows, records or streams an episode reads these.

Events are told in the order in which they happen, by calling an `EventSink`. The sandbox tells `Printed`, `CallStarted`
and `CallFinished`; the agent `ModelText`, `ModelReplied`, `Summarised`, `Rehearsed`, `ActionChosen`, `Paused`,
`Resumed` and, in a chat, `Answered`; the environment `Executed`; the episode tells the rest.
`docs/trace.md` gives their form in a trace file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeact.sandbox.execution import Execution


@dataclass(frozen=True)
class Call:
    """One call of a tool by a program.

    What a run gives holds no more than `Limits.record_mb` of them; of later calls, each large argument and value is a
    `codeact.values.Omitted`. Events tell all of them whole.

    Attributes:
        tool: dotted name, such as `arm.move_to`.
        arguments: argument name to value, after validation (as the program passed them if validation failed).
        effect: `read`, `write` or `physical`.
        value: what the tool returned; None when it failed.
        error: `"ExceptionName: message"` when it failed, else None.
        seconds: wall time spent in validation, approval and the tool itself; two equal calls may differ in it.
        refused: the reason, when an approval policy refused the call, else None.
        left: the state in which its stop path left things, when it was stopped and says so, else None.
    """

    tool: str
    arguments: dict[str, Any]
    effect: str
    value: Any = None
    error: str | None = None
    seconds: float = field(default=0.0, compare=False)
    refused: str | None = None
    left: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the tool returned a value."""
        return self.error is None


@dataclass(frozen=True)
class EpisodeStarted:
    """The environment was reset. `stubs`: what programs may call, as Python stubs; `options`: of the reset."""

    environment: str
    seed: int
    agent: str
    instruction: str
    stubs: str
    observation: str
    state_hash: str | None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelText:
    """A piece of the model's reply, as it is streamed."""

    text: str


@dataclass(frozen=True)
class ModelReplied:
    """The model's whole reply, its cost (`seconds`: wall time) and why it ended, as in `Completion.finish_reason`."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    finish_reason: str


@dataclass(frozen=True)
class Summarised:
    """The context was full, and the model summed its oldest messages up: `text` stands in place of all so far.

    `left_out`: how many messages it was this time. Then what the summary cost; `seconds`: wall time.
    """

    left_out: int
    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


@dataclass(frozen=True)
class Rehearsed:
    """A program was tried and undone. `told`: what the model reads when it failed and is not run; else empty.

    What it printed and called meanwhile is not told. `simulated_seconds`: that it would have taken. `score` and
    `violations`: of the state that it would have led to. `candidate`: which one of several it is, counted from 1; 0
    when it is the only one.
    """

    code: str
    passed: bool
    told: str
    simulated_seconds: float
    score: float = 0.0
    violations: tuple[str, ...] = ()
    candidate: int = 0


@dataclass(frozen=True)
class ActionChosen:
    """The program that is about to run. `note` says what was odd about the reply it was taken from, if anything.

    `candidate`: which one of several rehearsed programs it is, counted from 1; 0 when it is the only one.
    """

    turn: int
    code: str
    note: str = ""
    candidate: int = 0


@dataclass(frozen=True)
class Printed:
    """A piece of what the program prints, as it comes."""

    text: str


@dataclass(frozen=True)
class CallStarted:
    """A call of a tool begins. Told after validation and approval, and for the calls that these refuse as well."""

    tool: str
    arguments: dict[str, Any]
    effect: str


@dataclass(frozen=True)
class CallFinished:
    """A call of a tool has returned, failed or been refused."""

    call: Call


@dataclass(frozen=True)
class Executed:
    """The program has ended."""

    execution: Execution


@dataclass(frozen=True)
class Stepped:
    """What a turn led to. `frames`: how many frames the video has at its end; None without a video."""

    turn: int
    observation: str
    reward: float
    terminated: bool
    truncated: bool
    score: float
    success: bool
    violations: tuple[str, ...]
    state_hash: str | None
    simulated_seconds: float | None = None
    frames: int | None = None


@dataclass(frozen=True)
class Paused:
    """The agent was paused, and is at rest: no tool is running. `before`: what comes next, such as `the next reply`.

    `left`: what the stop paths say of things that went on between calls, such as a belt, and were stopped.
    """

    before: str
    left: str = ""


@dataclass(frozen=True)
class Resumed:
    """It goes on, after so many seconds of wall time."""

    seconds: float


@dataclass(frozen=True)
class Answered:
    """The end of one task in a chat. `reason` is `finished`, `gave up`, `stopped`, `interrupted` or `budget: ...`."""

    text: str
    reason: str


@dataclass(frozen=True)
class EpisodeEnded:
    """How it ended. `reason` is `success`, `finished`, `violation`, `truncated`, `budget: ...`, `gave up`,
    `stopped`, `interrupted` or `error: ...`.
    """

    success: bool
    score: float
    turns: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    reason: str
    answer: Any = None


Event = (
    EpisodeStarted
    | ModelText
    | ModelReplied
    | Summarised
    | Rehearsed
    | ActionChosen
    | Printed
    | CallStarted
    | CallFinished
    | Executed
    | Stepped
    | Paused
    | Resumed
    | Answered
    | EpisodeEnded
)
EventSink = Callable[[Event], None]
