"""Playing a trace again: the same environment, seed and programs, with every state hash compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from codeact import events
from codeact.episode import schema
from codeact.episode.stand_ins import StandIns
from codeact.episode.trace import WITHHELD, TraceFile, installed_packages, read_trace
from codeact.errors import TraceError

if TYPE_CHECKING:
    import gymnasium

    from codeact.events import Event, EventSink
    from codeact.tools import Approval, PendingCall, Toolbox


@dataclass(frozen=True)
class Difference:
    """Where a replay first left its trace. `turn` 0 is the reset; `what` is `state_hash`, `score`, `end` or `call`."""

    turn: int
    what: str
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        place = f"turn {self.turn}" if self.turn else "the reset"
        if self.what == "call":
            return f"in {place}, {self.replayed}"
        return f"after {place}, {self.what} is {self.replayed} and was recorded as {self.recorded}"


@dataclass(frozen=True)
class ReplayResult:
    """What playing a trace again showed.

    Attributes:
        path: the trace.
        equal: every state hash and score that was compared is equal, and there was at least one.
        compared: how many state hashes were compared, the one of the reset included.
        difference: the first difference; the replay stops there.
        turns: programs that were played.
        recorded_turns: programs that the trace holds.
        score, success: how the replay ended.
        notes: what a reader should know: a torn last line, a trace that breaks off, packages of other versions.
    """

    path: Path
    equal: bool
    compared: int
    difference: Difference | None
    turns: int
    recorded_turns: int
    score: float
    success: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Turn:
    """A program of the trace, what became of its calls, and what it led to (None: the trace breaks off before)."""

    code: str
    calls: tuple[schema.CallRecord, ...]
    stepped: schema.Stepped | None


def replay(
    run: Path | str | TraceFile,
    *,
    env: gymnasium.Env[Any, Any] | None = None,
    tools: Toolbox | None = None,
    on_event: EventSink | None = None,
) -> ReplayResult:
    """Play a trace again and compare.

    No model is asked: the recorded programs run, and calls that an approval policy refused are refused again. The turn
    in which an episode was interrupted ended at a moment of the wall clock, so it is played no more.

    Tools that were given to the environment and reach outside of it are not called: they answer as was recorded. A
    call that the trace does not hold is a difference, and so is one that is not made again.

    Args:
        run: a run's folder, a trace file, or what `read_trace` gave.
        env: the environment to play in; None: it is made from the trace, by its Gymnasium id, and closed.
        tools: is called instead of answering as recorded, with all that its tools do outside.
        on_event: called with the events of the replay, which are an episode's without those of a model.

    Raises:
        TraceError: the trace cannot be read, ended before the reset, or its environment cannot be made.
    """
    trace = run if isinstance(run, TraceFile) else read_trace(run)
    started = trace.started
    if started is None:
        raise TraceError(f"{trace.path} ends before the environment was reset: there is nothing to replay")
    if env is not None:
        return _Replay(trace, started, env, on_event).play()
    outside = trace.head.environment.tools
    if tools is not None and len(outside) != 1:
        raise TraceError(f"{trace.path} is of an episode without tools from outside: there is nothing to call")
    stand_ins = [StandIns(stubs, _effects(trace)) for stubs in outside.values()] if tools is None else []
    given = [each.toolbox for each in stand_ins] if tools is None else [tools]
    made = _make(trace, dict(zip(outside, given, strict=True)))
    try:
        return _Replay(trace, started, made, on_event, stand_ins).play()
    finally:
        made.close()


class _Replay:
    def __init__(
        self,
        trace: TraceFile,
        started: schema.EpisodeStarted,
        env: gymnasium.Env[Any, Any],
        on_event: EventSink | None,
        stand_ins: Sequence[StandIns] = (),
    ) -> None:
        self.trace, self.started, self.env = trace, started, env
        self.world: Any = env.unwrapped
        self.on_event = on_event
        self.stand_ins = stand_ins
        self.compared = 0
        self.score, self.total_reward, self.success = 0.0, 0.0, False
        self.executed = False

    def play(self) -> ReplayResult:
        turns, notes = _turns(self.trace.lines), _notes(self.trace)
        ended = self.trace.ended
        if ended is not None and ended.reason == "interrupted" and turns:
            turns.pop()
            notes.append("the episode was interrupted: the turn in which that happened was not played")
        kept = getattr(self.world, "on_event", None), getattr(self.world, "approve", None)
        try:
            self.world.on_event, self.world.approve = self.tell, None
            played, difference = self.compare(turns)
        finally:
            self.world.on_event, self.world.approve = kept
        if not self.compared and difference is None:
            notes.append("the trace holds no state hash to compare")
        if self.stand_ins:
            answered = sum(each.answered for each in self.stand_ins)
            notes.append(f"tools from outside were not called: {answered} of their calls were answered as recorded")
        return ReplayResult(
            path=self.trace.path,
            equal=difference is None and self.compared > 0,
            compared=self.compared,
            difference=difference,
            turns=played,
            recorded_turns=len(turns),
            score=self.score,
            success=self.success,
            notes=tuple(notes),
        )

    def compare(self, turns: list[_Turn]) -> tuple[int, Difference | None]:
        from codeact.tools.some_stubs import PROMPT_CHARACTERS

        observation, info = self.reset()
        state_hash = info.get("state_hash")
        self.tell(
            events.EpisodeStarted(
                environment=self.started.environment,
                seed=self.trace.head.seed,
                agent=f"replay of {self.trace.head.agent}",
                instruction=str(self.world.instruction),
                stubs=self.world.tools.stubs(PROMPT_CHARACTERS),
                observation=observation,
                state_hash=state_hash,
                options=self.trace.head.options or {},
            )
        )
        difference = self.equal_hash(0, self.started.state_hash, state_hash)
        for number, turn in enumerate(turns, 1):
            if difference is not None:
                return number - 1, difference
            stepped = self.step(number, turn)
            problem = next((each.problem for each in self.stand_ins if each.problem), "")
            if problem:
                difference = Difference(number, "call", None, problem)
            elif turn.stepped is not None:
                difference = self.equal_turn(number, turn.stepped, stepped)
                over = stepped.terminated or stepped.truncated
                if difference is None and over and number < len(turns):
                    difference = Difference(number, "end", "no", "yes")
        return len(turns), difference

    def reset(self) -> tuple[str, dict[str, Any]]:
        import gymnasium

        head = self.trace.head
        try:
            return self.env.reset(seed=head.seed, options=head.options)
        except gymnasium.error.Error as error:
            raise TraceError(
                f"the environment of {self.trace.path} cannot be reset as it says (seed {head.seed}, options "
                f"{head.options}): {error}"
            ) from error

    def step(self, number: int, turn: _Turn) -> events.Stepped:
        self.tell(events.ActionChosen(number, turn.code))
        self.world.approve = _RecordedApproval(turn.calls)
        for each in self.stand_ins:
            each.begin(turn.calls)
        self.executed = False
        observation, reward, terminated, truncated, info = self.env.step(turn.code)
        for each in self.stand_ins:
            each.end()
        if info.get("execution") is not None and not self.executed:
            self.tell(events.Executed(info["execution"]))
        self.total_reward += float(reward)
        self.score, self.success = float(info.get("score", self.total_reward)), bool(info.get("success", False))
        stepped = events.Stepped(
            turn=number,
            observation=observation,
            reward=float(reward),
            terminated=bool(terminated),
            truncated=bool(truncated),
            score=self.score,
            success=self.success,
            violations=tuple(info.get("violations", ())),
            state_hash=info.get("state_hash"),
        )
        self.tell(stepped)
        return stepped

    def equal_turn(self, number: int, recorded: schema.Stepped, replayed: events.Stepped) -> Difference | None:
        difference = self.equal_hash(number, recorded.state_hash, replayed.state_hash)
        if difference is None and recorded.score != replayed.score:
            difference = Difference(number, "score", recorded.score, replayed.score)
        return difference

    def equal_hash(self, turn: int, recorded: str | None, replayed: str | None) -> Difference | None:
        if recorded is None:
            return None
        self.compared += 1
        return None if recorded == replayed else Difference(turn, "state_hash", recorded, replayed)

    def tell(self, event: Event) -> None:
        if isinstance(event, events.Executed):
            self.executed = True
        if self.on_event is not None:
            self.on_event(event)


class _RecordedApproval:
    """Decides about a call as it was decided in the trace: the next recorded call that is the same."""

    def __init__(self, calls: Iterable[schema.CallRecord]) -> None:
        self._calls = list(calls)

    def __call__(self, pending: PendingCall) -> Approval:
        arguments = schema.value_of(dict(pending.arguments))
        for number, call in enumerate(self._calls):
            if call.tool == pending.tool and call.arguments == arguments:
                del self._calls[: number + 1]
                return call.refused
        return None


def _turns(lines: tuple[schema.Line, ...]) -> list[_Turn]:
    turns: list[_Turn] = []
    code: str | None = None
    calls: list[schema.CallRecord] = []
    for line in lines:
        if isinstance(line, schema.ActionChosen):
            code, calls = line.code, []
        elif isinstance(line, schema.CallFinished):
            calls.append(line.call)
        elif isinstance(line, schema.Stepped) and code is not None:
            turns.append(_Turn(code, tuple(calls), line))
            code = None
    if code is not None:
        turns.append(_Turn(code, tuple(calls), None))
    return turns


def _notes(trace: TraceFile) -> list[str]:
    notes = []
    if trace.torn:
        notes.append("the last line of the trace is torn and was left out")
    if trace.ended is None:
        notes.append("the trace breaks off before the episode ended: what it holds was played")
    now = installed_packages()
    other = [
        f"{name} {was} (now {now.get(name, 'not installed')})"
        for name, was in trace.head.packages.items()
        if now.get(name) != was
    ]
    if other:
        notes.append("recorded with other versions: " + ", ".join(other))
    return notes


def _effects(trace: TraceFile) -> dict[str, str]:
    return {line.call.tool: line.call.effect for line in trace.lines if isinstance(line, schema.CallFinished)}


def _make(trace: TraceFile, tools: Mapping[str, Toolbox]) -> gymnasium.Env[Any, Any]:
    import gymnasium

    made = trace.head.environment
    if made.id is None:
        raise TraceError(f"{trace.path} names no Gymnasium id: give the environment, as replay(run, env=...)")
    # `module:Name-v0` would import whatever module a trace names, so only what is registered already is made.
    if made.id not in gymnasium.registry:
        raise TraceError(
            f"{trace.path} is of {made.id}, which is not registered here: install or import what registers it"
        )
    kwargs = {**made.kwargs, **tools}
    # A trace may come from anywhere, so it cannot take layers away from the wall.
    lost = [*made.lost, *(name for name in kwargs if name in WITHHELD)]
    if lost:
        raise TraceError(
            f"the environment of {trace.path} was made with {', '.join(lost)}, which is not taken from a trace: "
            "give the environment, as replay(run, env=...)"
        )
    if isinstance(kwargs.get("limits"), dict):
        from codeact.sandbox import Limits

        try:
            kwargs["limits"] = msgspec.convert(kwargs["limits"], Limits)
        except msgspec.ValidationError as error:
            raise TraceError(f"the limits in {trace.path} are not right: {error}") from error
    try:
        return gymnasium.make(made.id, **kwargs)
    except (TypeError, gymnasium.error.Error) as error:
        raise TraceError(f"the environment of {trace.path} cannot be made: {error}") from error
