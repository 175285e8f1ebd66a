"""The lines of a trace, as typed structures: what a writer writes and a reader accepts. docs/trace.md explains them.

Every line is one JSON object whose `event` names its structure here. `VERSION` goes up when a reader of the version
before would misread a line; fields that are added with a default do not raise it.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import msgspec

from codeact import events

if TYPE_CHECKING:
    from codeact.events import Call, Event
    from codeact.sandbox.execution import Execution

VERSION = 1


class Line(msgspec.Struct, tag_field="event", frozen=True, kw_only=True):
    """What every line has. `at`: seconds since the episode began."""

    at: float = 0.0


class MadeOf(msgspec.Struct, frozen=True, kw_only=True):
    """How to make the environment again.

    Attributes:
        id: Gymnasium's id; None when the environment was not made by `gymnasium.make`.
        kwargs: keywords of `gymnasium.make` beyond those that the id is registered with, without `render_mode`.
        lost: names of keywords whose values a trace cannot hold.
        tools: the stubs of those keywords that are toolboxes: tools that reach outside of the environment.
    """

    id: str | None
    kwargs: dict[str, Any] = {}
    lost: list[str] = []
    tools: dict[str, str] = {}


class Trace(Line, frozen=True, kw_only=True):
    """The first line: what the episode is made of, written before anything runs."""

    version: int
    environment: MadeOf
    seed: int
    agent: str
    options: dict[str, Any] | None = None
    started: str = ""
    python: str = ""
    platform: str = ""
    packages: dict[str, str] = {}


class EpisodeStarted(Line, frozen=True, kw_only=True):
    environment: str
    seed: int
    agent: str
    instruction: str
    stubs: str
    observation: str
    state_hash: str | None
    options: dict[str, Any] = {}


class ModelText(Line, frozen=True, kw_only=True):
    text: str


class ModelReplied(Line, frozen=True, kw_only=True):
    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    finish_reason: str


class Summarised(Line, frozen=True, kw_only=True):
    left_out: int
    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


class Rehearsed(Line, frozen=True, kw_only=True):
    code: str
    passed: bool
    told: str
    simulated_seconds: float
    score: float = 0.0
    violations: list[str] = []
    candidate: int = 0


class ActionChosen(Line, frozen=True, kw_only=True):
    turn: int
    code: str
    note: str = ""
    candidate: int = 0


class Printed(Line, frozen=True, kw_only=True):
    text: str


class CallStarted(Line, frozen=True, kw_only=True):
    tool: str
    arguments: dict[str, Any]
    effect: str


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    tool: str
    arguments: dict[str, Any]
    effect: str
    value: Any = None
    error: str | None = None
    seconds: float = 0.0
    refused: str | None = None
    left: str | None = None


class CallFinished(Line, frozen=True, kw_only=True):
    call: CallRecord


class ErrorRecord(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    message: str
    line: int | None
    text: str


class Executed(Line, frozen=True, kw_only=True):
    """How the program ended. What it printed and called stands in the lines before."""

    ok: bool
    value: Any = None
    shown: str = ""
    error: ErrorRecord | None = None
    calls: int = 0
    seconds: float = 0.0
    code_seconds: float = 0.0
    tool_seconds: float = 0.0
    ended: bool = False
    answer: Any = None
    restarted: bool = False
    truncated_output: bool = False


class BrokenRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """The figures of a violation, where the environment gives them.

    Attributes:
        times: looks at which it was so.
        worst: the worst value seen, in `unit`.
        first_s: when it first was so, simulated seconds from the reset.
    """

    text: str
    kind: str
    times: int = 1
    worst: float | None = None
    unit: str = ""
    first_s: float | None = None


class Stepped(Line, frozen=True, kw_only=True):
    turn: int
    observation: str
    reward: float
    terminated: bool
    truncated: bool
    score: float
    success: bool
    violations: list[str] = []
    broken_rules: list[BrokenRule] = []
    state_hash: str | None = None
    simulated_seconds: float | None = None
    frames: int | None = None


class Paused(Line, frozen=True, kw_only=True):
    before: str
    left: str = ""


class Resumed(Line, frozen=True, kw_only=True):
    seconds: float


class Answered(Line, frozen=True, kw_only=True):
    text: str
    reason: str


class EpisodeEnded(Line, frozen=True, kw_only=True):
    success: bool
    score: float
    turns: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    reason: str
    answer: Any = None


AnyLine = (
    Trace
    | EpisodeStarted
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

_LINES: dict[type, type[Line]] = {
    events.EpisodeStarted: EpisodeStarted,
    events.ModelText: ModelText,
    events.ModelReplied: ModelReplied,
    events.Summarised: Summarised,
    events.Rehearsed: Rehearsed,
    events.ActionChosen: ActionChosen,
    events.Printed: Printed,
    events.CallStarted: CallStarted,
    events.Stepped: Stepped,
    events.Paused: Paused,
    events.Resumed: Resumed,
    events.Answered: Answered,
    events.EpisodeEnded: EpisodeEnded,
}


_VALUES = {"arguments", "answer", "options"}


def line_of(event: Event, at: float) -> Line:
    """The line that records `event`, told `at` seconds after the episode began."""
    if isinstance(event, events.CallFinished):
        return CallFinished(at=at, call=_call(event.call))
    if isinstance(event, events.Executed):
        return _executed(event.execution, at)
    fields = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    for name in _VALUES.intersection(fields):
        fields[name] = value_of(fields[name])
    if isinstance(event, events.Stepped | events.Rehearsed):
        fields["violations"] = [str(violation) for violation in event.violations]
    if isinstance(event, events.Stepped):
        fields["broken_rules"] = [_broken_rule(each) for each in event.violations if hasattr(each, "kind")]
    return _LINES[type(event)](at=at, **fields)


def _broken_rule(violation: Any) -> BrokenRule:
    worst, first_s = (
        None if value is None or math.isnan(value) else float(value)
        for value in (getattr(violation, "worst", None), getattr(violation, "first_s", None))
    )
    times, unit = getattr(violation, "times", 1), getattr(violation, "unit", "")
    return BrokenRule(str(violation), str(violation.kind), times, worst, unit, first_s)


def value_of(value: object) -> Any:
    """`value` as JSON, by `codeact.values.to_json`."""
    if value is None or type(value) in (bool, str):  # most are, and numpy is not loaded for these
        return value
    from codeact.values import to_json

    return to_json(value)


def encode(line: Line) -> bytes:
    """One line of a trace file, with its newline."""
    try:
        return msgspec.json.encode(line) + b"\n"
    except ValueError:
        return msgspec.json.encode(encodable(msgspec.to_builtins(line))) + b"\n"


def encodable(value: Any) -> Any:
    """JSON data that every encoder takes: no half of a surrogate pair in a text, no integer of thousands of digits."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, int) and value.bit_length() > 10_000:
        return {"int": hex(value)}
    if isinstance(value, list):
        return [encodable(item) for item in value]
    if isinstance(value, dict):
        return {encodable(key): encodable(item) for key, item in value.items()}
    return value


def execution_data(execution: Execution) -> dict[str, Any]:
    """A whole execution as JSON data: the fields of `Executed`, `code`, `stdout`, the `calls` and files one by one."""
    data: dict[str, Any] = msgspec.to_builtins(_executed(execution, 0.0))
    del data["event"], data["at"]
    data["calls"] = [msgspec.to_builtins(_call(call)) for call in execution.calls]
    named = ("path", "change", "size", "media_type")
    data["artifacts"] = [{name: getattr(file, name) for name in named} for file in execution.artifacts]
    data |= {"removed": list(execution.removed), "left_out": list(execution.left_out)}
    whole: dict[str, Any] = encodable({"code": execution.code, "stdout": execution.stdout, **data})
    return whole


def _call(call: Call) -> CallRecord:
    return CallRecord(
        tool=call.tool,
        arguments=value_of(call.arguments),
        effect=call.effect,
        value=value_of(call.value),
        error=call.error,
        seconds=call.seconds,
        refused=call.refused,
        left=call.left,
    )


def _executed(execution: Execution, at: float) -> Executed:
    error = execution.error
    return Executed(
        at=at,
        ok=execution.ok,
        value=value_of(execution.value),
        shown=execution.shown,
        error=None
        if error is None
        else ErrorRecord(type=error.type, message=error.message, line=error.line, text=error.text),
        calls=len(execution.calls),
        seconds=execution.seconds,
        code_seconds=execution.code_seconds,
        tool_seconds=execution.tool_seconds,
        ended=execution.ended,
        answer=value_of(execution.answer),
        restarted=execution.restarted,
        truncated_output=execution.truncated_output,
    )
