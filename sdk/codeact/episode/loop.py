"""One episode: an agent plays an environment, and everything that happens is told, recorded and scored."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from codeact import events
from codeact.episode.interrupts import Interrupts
from codeact.errors import CodeActError, TaskError

if TYPE_CHECKING:
    import gymnasium

    from codeact.agent.protocol import Agent, Observation
    from codeact.events import Event, EventSink

    Environment = gymnasium.Env[Any, Any]


@dataclass(frozen=True)
class Episode:
    """How one episode went.

    Attributes:
        environment: Gymnasium's id, or the class name where there is none.
        seed: the seed of the reset.
        agent: the agent's name.
        success: the environment's verdict.
        score: the partial score at the end, in [0, 1].
        total_reward: the sum of the rewards.
        turns: programs that were run.
        calls: tool calls that were finished, refused and failed ones included.
        prompt_tokens, completion_tokens: what the model read and wrote, in all.
        seconds: wall time from before the reset to the end.
        simulated_seconds: time that passed in the world, when the environment tells it.
        reason: why it ended, as in `codeact.events.EpisodeEnded`.
        answer: what `finish(answer)` or the agent said.
        violations: hard constraints that were violated, in order.
        state_hash: hash of the world at the end, when the environment gives one.
        trace: all events, in order.
        directory: where the files are; None when none were written.
    """

    environment: str
    seed: int
    agent: str
    success: bool
    score: float
    total_reward: float
    turns: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    simulated_seconds: float | None
    reason: str
    answer: Any
    violations: tuple[str, ...]
    state_hash: str | None
    trace: tuple[Event, ...]
    directory: Path | None = None

    @property
    def tokens(self) -> int:
        """What the model read and wrote, together."""
        return self.prompt_tokens + self.completion_tokens


class EpisodeInterrupted(KeyboardInterrupt):
    """Ctrl-C (or SIGTERM) ended `episode`. The robot was stopped, and the files are complete."""

    def __init__(self, episode: Episode) -> None:
        super().__init__("the episode was interrupted")
        self.episode = episode


def play(
    agent: Agent,
    env: Environment,
    seed: int = 0,
    *,
    out: Path | str | None = None,
    on_event: EventSink | None = None,
    video: bool | None = None,
    options: Mapping[str, Any] | None = None,
    stop: Flag | None = None,
) -> Episode:
    """Let `agent` play one episode of `env`.

    The environment's `on_event` and `approve` are the episode's and the agent's meanwhile, and are put back after it.

    Args:
        agent: anything with the protocol of `codeact.agent.protocol.Agent`.
        env: an environment whose action is code, made by `gymnasium.make`. It stays open.
        seed: seed of the reset: the same seed is the same scene.
        out: a folder in which to make `<time>-<task>-<seed>/` with `trace.jsonl`, `episode.html` and, with video,
            `episode.mp4`. None: no files.
        on_event: called with each event as it happens, after it was recorded.
        video: film the episode. None: when there is an `out` and the environment was made with
            `render_mode="rgb_array_list"`.
        options: options of the reset.
        stop: an event that another thread may set to end the episode between two turns (call the environment's
            `interrupt()` as well, to end the turn).

    Returns:
        The episode, however it ended, unless it ended by an exception.

    Raises:
        EpisodeInterrupted: Ctrl-C; a KeyboardInterrupt that carries the episode. The robot was stopped and all files
            are complete, with the reason `interrupted`.
        TaskError: `video=True` and the environment does not film.
        TraceError, VideoError: the files cannot be written any further. What was written stays readable.
        Exception: whatever the agent, the environment or `on_event` raises; it ends the episode with the reason
            `error: ...` after the robot was stopped, and the files are finished first.
    """
    from codeact.episode.files import EpisodeFiles

    _require(agent, env)
    films = env.render_mode == "rgb_array_list"
    if video and not (films and out is not None):
        raise TaskError(
            "to film an episode, make the environment with render_mode='rgb_array_list' and say where to with out=..."
        )
    files = None
    if out is not None:
        frame_rate = float(env.metadata.get("render_fps", 0)) if films and video is not False else None
        files = EpisodeFiles(Path(out), env, seed=seed, agent=agent.name, options=options, frame_rate=frame_rate)
    return _Run(agent, env, seed, dict(options) if options else None, files, on_event, stop).play()


def _require(agent: object, env: object) -> None:
    """Raise `TaskError` for what is no agent or no environment of programs, before anything is written."""
    if not all(callable(getattr(agent, method, None)) for method in ("begin", "act")):
        raise TaskError(
            f"play() takes an agent, such as ProgramAgent('oracle') or CodeActAgent(load_model('embedded')), "
            f"not {agent!r:.60}"
        )
    world = getattr(env, "unwrapped", None)
    if world is None:
        raise TaskError(f"play() takes an environment, such as gymnasium.make('CodeAct/Lift-v0'), not {env!r:.60}")
    for face in ("instruction", "tools"):
        if face not in dir(world):
            raise TaskError(f"{type(world).__name__} takes no programs: it has no {face!r}")


class _Run:
    def __init__(
        self,
        agent: Agent,
        env: Environment,
        seed: int,
        options: dict[str, Any] | None,
        files: Any,
        on_event: EventSink | None,
        stop: Flag | None,
    ) -> None:
        self.agent, self.env, self.seed, self.options, self.files, self.stop = agent, env, seed, options, files, stop
        self.world: Any = env.unwrapped
        self.name = env.spec.id if env.spec else type(env.unwrapped).__name__
        self.sinks: list[Callable[[Event], None]] = [sink for sink in (files, on_event) if sink is not None]
        self.interrupts = Interrupts(self.world)
        self.failure: Exception | None = None
        self.trace: list[Event] = []
        self.turns = self.calls = self.prompt_tokens = self.completion_tokens = 0
        self.total_reward = self.score = 0.0
        self.simulated_seconds: float | None = None
        self.success = False
        self.answer: Any = None
        self.violations: list[str] = []
        self.state_hash: str | None = None
        self.in_step = False

    def play(self) -> Episode:
        began = time.perf_counter()
        kept = getattr(self.world, "on_event", None), getattr(self.world, "approve", None)
        interrupted = False
        error: BaseException | None = None
        with self.interrupts:
            try:
                self.world.on_event, self.world.approve = self.tell, self.agent.approve
                reason = self.run()
                interrupted = self.interrupts.requested
            except KeyboardInterrupt:
                reason, interrupted = "interrupted", True
            except BaseException as caught:
                reason, error = f"error: {_sentence(caught)}", caught
            self.interrupts.finish()
            if interrupted or error is not None:
                self.interrupts.stop_robot().join(timeout=5.0)
            self.world.on_event, self.world.approve = kept
            try:
                episode = self.end(reason, time.perf_counter() - began)
            except Exception as caught:
                raise error or caught from None
        if error is not None:
            if episode.directory is not None:
                error.add_note(f"what happened until then is in {episode.directory}")
            raise error
        if interrupted:
            raise EpisodeInterrupted(episode)
        return episode

    def run(self) -> str:
        """Reset, then turn by turn. Returns the reason for the end."""
        from codeact.agent.protocol import Brief
        from codeact.tools.some_stubs import PROMPT_CHARACTERS

        observation, info = self.env.reset(seed=self.seed, options=self.options)
        self.state_hash = info.get("state_hash")
        instruction, stubs = str(self.world.instruction), self.world.tools.stubs(PROMPT_CHARACTERS)
        self.film()
        self.tell(
            events.EpisodeStarted(
                environment=self.name,
                seed=self.seed,
                agent=self.agent.name,
                instruction=instruction,
                stubs=stubs,
                observation=observation,
                state_hash=self.state_hash,
                options=self.options or {},
            )
        )
        self.agent.begin(Brief(instruction, stubs, observation, self.world, self.world.tools), self.tell)
        last: str | None = None
        while True:
            if self.stop is not None and self.stop.is_set():
                return "interrupted"
            seen = len(self.trace)
            action = self.agent.act(last, self.tell)
            if action.code is None:
                if not action.done:
                    raise CodeActError(f"{self.agent.name}'s act() gave neither code nor done=True")
                self.answer = action.answer
                return action.reason or ("finished" if action.answer is not None else "gave up")
            self.turns += 1
            if not self.told(events.ActionChosen, seen):
                self.tell(events.ActionChosen(self.turns, action.code, action.note))
            last, ended = self.take(action.code)
            if ended:
                return ended
            if action.done:
                self.answer = action.answer if self.answer is None else self.answer
                return action.reason or "finished"

    def take(self, code: str) -> tuple[str, str | None]:
        """One step. Returns the observation and, when the episode is over, the reason."""
        seen = len(self.trace)
        self.in_step = True
        with self.interrupts.step():
            observation, reward, terminated, truncated, info = self.env.step(code)
        self.in_step = False
        if self.failure is not None:
            raise self.failure
        execution = info.get("execution")
        if execution is not None and not self.told(events.Executed, seen):
            self.tell(events.Executed(execution))
        self.total_reward += float(reward)
        self.success = bool(info.get("success", False))
        self.score = float(info.get("score", self.total_reward))
        simulated = info.get("simulated_seconds")
        self.simulated_seconds = None if simulated is None else float(simulated)
        self.state_hash = info.get("state_hash")
        self.answer = info.get("answer")
        violations = tuple(info.get("violations", ()))
        self.violations += [text for text in violations if text not in self.violations]
        frames = self.film()
        self.tell(
            events.Stepped(
                turn=self.turns,
                observation=observation,
                reward=float(reward),
                terminated=bool(terminated),
                truncated=bool(truncated),
                score=self.score,
                success=self.success,
                violations=violations,
                state_hash=self.state_hash,
                simulated_seconds=self.simulated_seconds,
                frames=frames,
            )
        )
        self.interrupts.check()
        return self.seen(observation, execution, info), self.why_ended(
            bool(terminated), bool(truncated), violations, info
        )

    @staticmethod
    def seen(observation: str, execution: Any, info: Mapping[str, Any]) -> Observation:
        """The observation with the pictures of the environment (`info["images"]`) or of the program."""
        from codeact.agent.pictures import pictures_in, pictures_of
        from codeact.agent.protocol import Observation

        images = pictures_in(list(info.get("images", ())))
        return Observation(observation, images or (pictures_of(execution) if execution is not None else ()))

    def why_ended(self, terminated: bool, truncated: bool, violations: tuple[str, ...], info: Any) -> str | None:
        if terminated:
            if self.success:
                return "success"
            if violations and not info.get("finished"):
                return "violation"
            return "finished"
        return "truncated" if truncated else None

    def film(self) -> int | None:
        return None if self.files is None else self.files.film(self.env)

    def told(self, kind: type, since: int) -> bool:
        return any(isinstance(event, kind) for event in self.trace[since:])

    def tell(self, event: Event) -> None:
        """Count and hand on. What a sink raises during a step stops the robot first, and is raised after the step."""
        self.trace.append(event)
        if isinstance(event, events.ModelReplied | events.Summarised):
            self.prompt_tokens += event.prompt_tokens
            self.completion_tokens += event.completion_tokens
        elif isinstance(event, events.CallFinished):
            self.calls += 1
        if self.failure is not None:
            return
        try:
            for sink in self.sinks:
                sink(event)
        except Exception as error:
            self.failure = error
            if not self.in_step:
                raise
            self.interrupts.stop_robot()

    def end(self, reason: str, seconds: float) -> Episode:
        ended = events.EpisodeEnded(
            success=self.success,
            score=self.score,
            turns=self.turns,
            calls=self.calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            seconds=seconds,
            reason=reason,
            answer=self.answer,
        )
        self.trace.append(ended)
        problem: Exception | None = None
        for sink in self.sinks:
            try:
                sink(ended)
            except Exception as error:
                problem = problem or error
        if self.files is not None:
            try:
                self.files.finish()
            except Exception as error:
                problem = problem or error
        if problem is not None:
            raise problem
        return Episode(
            environment=self.name,
            seed=self.seed,
            agent=self.agent.name,
            success=self.success,
            score=self.score,
            total_reward=self.total_reward,
            turns=self.turns,
            calls=self.calls,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            seconds=seconds,
            simulated_seconds=self.simulated_seconds,
            reason=reason,
            answer=self.answer,
            violations=tuple(self.violations),
            state_hash=self.state_hash,
            trace=tuple(self.trace),
            directory=self.files.directory if self.files is not None else None,
        )


def _sentence(error: BaseException) -> str:
    text = ""
    with suppress(Exception):
        text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
