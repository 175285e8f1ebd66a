"""Many episodes, in worker processes, one line each: `evaluate`."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import msgspec

from codeact.evaluation.agents import require_settings, told_settings
from codeact.evaluation.errors import EvaluationError
from codeact.evaluation.pool import Worker, WorkerDied
from codeact.evaluation.results import EpisodeResult, ResultsFile, Times
from codeact.evaluation.selection import find_tasks, parse_seeds
from codeact.evaluation.statistics import Summary, summarize

if TYPE_CHECKING:
    from codeact.agent import AgentSettings
    from codeact.agent.settings import AgentKeywords

ATTEMPTS = 2
"""An episode whose worker process dies is played once more, in a new one."""


@dataclass(frozen=True)
class Running:
    """An episode that is being played. `since` is a reading of `time.monotonic()`, in seconds."""

    task: str
    seed: int
    since: float


@dataclass(frozen=True)
class Progress:
    """Where an evaluation stands, after each episode that began or ended.

    Attributes:
        results: all that have ended, those of an earlier run that is resumed included.
        total: how many there will be.
        running: what is being played.
        latest: the episode that has just ended; None when one has begun.
        resumed: how many were taken over from an earlier run.
    """

    results: Sequence[EpisodeResult]
    total: int
    running: tuple[Running, ...]
    latest: EpisodeResult | None
    resumed: int


@dataclass(frozen=True)
class EvaluationResult:
    """What an evaluation gave.

    Attributes:
        results: one an episode, by task and seed.
        tasks: what the episodes of each task say together.
        total: what all say together.
        out: the folder with `results.jsonl` and the traces; None when nothing was kept.
    """

    results: tuple[EpisodeResult, ...]
    tasks: tuple[Summary, ...]
    total: Summary
    out: Path | None = None

    @property
    def errors(self) -> tuple[EpisodeResult, ...]:
        """Episodes that broke."""
        return tuple(result for result in self.results if result.error is not None)


def evaluate(
    tasks: Sequence[str] | str,
    seeds: Sequence[int] | str,
    agent: str = "oracle",
    *,
    workers: int = 2,
    out: Path | str | None = None,
    resume: bool = False,
    settings: AgentSettings | None = None,
    prompt: Path | None = None,
    tier: str | None = None,
    perception: str | None = None,
    perturb: str | None = None,
    values: str | None = None,
    phrasing: str | None = None,
    names: str | Mapping[str, str] | None = None,
    traces: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    **changes: Unpack[AgentKeywords],
) -> EvaluationResult:
    """Play every task with every seed and say what came of it.

    Each episode's result is a line of `out/results.jsonl` as soon as it ends, on disk before the next is counted. An
    episode that breaks is a result too, with its error; the others go on. Ctrl-C, or the death of this process, keeps
    all lines; the workers end with it.

    Args:
        tasks: Gymnasium ids or glob patterns over its registry, such as `CodeAct/*`.
        seeds: numbers, or text such as `0-19,25`.
        agent: `oracle`, `nothing`, `opposite`, or a model as `codeact.load_model` takes it.
        workers: processes that play at the same time. Each loads the model, and where that writes several replies at
            once (`embedded?rows=16`), plays as many episodes at once.
        out: folder for the results; None keeps nothing on disk.
        resume: go on with what `out` holds; finished episodes are not played again.
        settings: of a model's agent; None: the usual.
        prompt: a file with a template in place of the built-in prompt; see `docs/agent.md`.
        tier, perception: of the environments, such as `low` and `noisy`; None for the tasks' own.
        perturb: what goes otherwise than planned in each episode, such as `push,dynamics`.
        values, phrasing: of the instructions, such as `unseen`; None for `seen` and `usual`.
        names: other names of tools, as a mapping or as text such as `unseen` or `pick=grab`; None for their own.
        traces: keep each episode's trace in `out/traces/`.
        on_progress: called in this thread.
        changes: single settings of a model's agent, by the names of `AgentSettings`, such as `max_turns=5`.

    Raises:
        EvaluationError: unknown tasks, wrong seeds, results of other settings in `out`, an agent that cannot be loaded,
            or a disk that is full.
        CodeActError: the settings mean nothing, or a file that they name cannot be read.
    """
    from codeact.agent import AgentSettings

    chosen = find_tasks([tasks] if isinstance(tasks, str) else tasks)
    numbers = parse_seeds(seeds) if isinstance(seeds, str) else tuple(dict.fromkeys(seeds))
    if not numbers:
        raise EvaluationError("no seed was named: name one or more, for example 0-19")
    if workers < 1:
        raise EvaluationError(f"workers is {workers}; it must be at least 1")
    if resume and out is None:
        raise EvaluationError("to resume, say with out=... where the results are")
    settings = (settings or AgentSettings()).but(**changes)
    if prompt is not None:
        settings = settings.but(system_prompt=prompt)
    if names is not None and not isinstance(names, str):
        names = ",".join(f"{old}={new}" for old, new in names.items())
    stated = {
        "tier": tier,
        "perception": perception,
        "perturb": perturb,
        "values": values if values != "seen" else None,
        "phrasing": phrasing if phrasing != "usual" else None,
        "names": names,
    }
    options = {name: value for name, value in stated.items() if value is not None}
    require_settings(agent, settings)
    folder = Path(out) if out is not None else None
    file = (
        ResultsFile(folder, agent=agent, settings={**told_settings(settings), **options}, resume=resume)
        if folder is not None
        else None
    )
    try:
        wanted = [(task, seed) for task in chosen for seed in numbers]
        kept = {result.key: result for result in (file.kept if file else ())}
        jobs = [key for key in wanted if key not in kept]
        run = _Run(jobs, agent, settings, options, workers, _trace_folder(folder, traces), file, on_progress)
        played = run.play([kept[key] for key in wanted if key in kept])
    finally:
        if file is not None:
            file.close()
    by_key = {result.key: result for result in played}
    results = tuple(by_key[key] for key in wanted)
    summaries = tuple(summarize(task, [result for result in results if result.task == task]) for task in chosen)
    return EvaluationResult(results, summaries, summarize("all", results), folder)


@dataclass
class _Run:
    jobs: list[tuple[str, int]]
    agent: str
    settings: AgentSettings
    options: dict[str, str]
    workers: int
    traces: Path | None
    file: ResultsFile | None
    on_progress: Callable[[Progress], None] | None
    messages: queue.SimpleQueue[Running | EpisodeResult | Exception] = field(default_factory=queue.SimpleQueue)
    alive: dict[int, Worker] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)
    driving: Counter[int] = field(default_factory=Counter)
    waiting: deque[tuple[str, int]] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)
    making: defaultdict[int, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    lonely: threading.Lock = field(default_factory=threading.Lock)
    over: bool = False

    def play(self, results: list[EpisodeResult]) -> list[EpisodeResult]:
        total, resumed = len(results) + len(self.jobs), len(results)
        self.waiting.extend(self.jobs)
        running: dict[tuple[str, int], Running] = {}
        self._report(results, total, running, None, resumed)
        for number in range(min(self.workers, len(self.jobs))):
            self._start(number)
        try:
            while len(results) < total:
                message = self.messages.get()
                if isinstance(message, Exception):
                    raise message
                if isinstance(message, Running):
                    running[message.task, message.seed] = message
                    self._report(results, total, running, None, resumed)
                    continue
                if self.file is not None:
                    self.file.append(message)
                results.append(message)
                running.pop(message.key, None)
                self._report(results, total, running, message, resumed)
            for thread in self.threads:
                thread.join(timeout=10)  # the workers close what they have open
        finally:
            self._stop()
        return results

    def _report(
        self,
        results: list[EpisodeResult],
        total: int,
        running: dict[tuple[str, int], Running],
        latest: EpisodeResult | None,
        resumed: int,
    ) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(results, total, tuple(running.values()), latest, resumed))

    def _start(self, number: int) -> None:
        with self.lock:
            self.driving[number] += 1
        thread = threading.Thread(target=self._drive, args=(number,), name=f"worker-{number}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def _drive(self, number: int) -> None:
        """Feed one worker after the other, in a thread of its own, until no job waits. A worker that plays several
        episodes at once is fed by as many threads."""
        try:
            while not self.over:
                try:
                    task, seed = self.waiting.popleft()
                except IndexError:
                    return
                self.messages.put(Running(task, seed, time.monotonic()))
                result = self._episode(number, task, seed)
                if result is not None:
                    self.messages.put(result)
        except Exception as error:
            if not self.over:
                self.messages.put(error)
        finally:
            with self.lock:
                self.driving[number] -= 1
                worker = self.alive.get(number) if self.driving[number] == 0 else None
            if worker is not None and not self.over:
                worker.close()

    def _episode(self, number: int, task: str, seed: int) -> EpisodeResult | None:
        """None when the evaluation was stopped meanwhile."""
        began = time.perf_counter()
        error = ""
        several = False
        for attempt in range(1, ATTEMPTS + 1):
            worker = None
            try:
                if several:
                    answer = self._alone(task, seed)
                else:
                    worker = self._worker(number)
                    several = worker.at_once > 1
                    answer = worker.episode(task, seed, self.agent)
            except WorkerDied as death:
                with self.lock:
                    if worker is not None and self.alive.get(number) is worker:
                        self.alive.pop(number, None)
                if self.over:
                    return None
                error = f"the worker process {death} (tried {attempt} times)"
                continue
            if "result" in answer:
                result = msgspec.convert(answer["result"], EpisodeResult)
                return msgspec.structs.replace(result, attempts=attempt)
            error = answer["error"]
            break
        return EpisodeResult(
            task=task,
            seed=seed,
            agent=self.agent,
            settings={**told_settings(self.settings), **self.options},
            reason=f"error: {error}",
            error=error,
            attempts=attempt,
            times=Times(
                seconds=round(time.perf_counter() - began, 6), ended=datetime.now(UTC).isoformat(timespec="seconds")
            ),
        )

    def _worker(self, number: int) -> Worker:
        with self.making[number]:
            worker = self.alive.get(number)
            if worker is None:
                worker = self._keep(number, self._new_worker())
                wanted = min(worker.at_once, len(self.waiting) + 1)
                for _ in range(wanted - self.driving[number]):
                    self._start(number)
        return worker

    def _alone(self, task: str, seed: int) -> dict[str, Any]:
        """Play an episode again that others were played beside when the worker died: any of them may have done it."""
        with self.lonely:
            worker = self._keep(-1, self._new_worker())
            try:
                return worker.episode(task, seed, self.agent)
            finally:
                with self.lock:
                    self.alive.pop(-1, None)
                worker.close()

    def _new_worker(self) -> Worker:
        cores = len(os.sched_getaffinity(0))
        return Worker(
            agents=(self.agent,),
            settings=self.settings.as_data(),
            options=self.options,
            traces=self.traces,
            threads=max(1, cores // self.workers),
        )

    def _keep(self, number: int, worker: Worker) -> Worker:
        with self.lock:
            self.alive[number] = worker
        if self.over:
            worker.kill()
        return worker

    def _stop(self) -> None:
        """Whatever still plays is of no use any more: end it now."""
        self.over = True
        with self.lock:
            workers = list(self.alive.values())
        for worker in workers:
            worker.kill()


def _trace_folder(folder: Path | None, traces: bool) -> Path | None:
    if folder is None or not traces:
        return None
    kept = folder / "traces"
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f"the folder {kept} cannot be made: {error.strerror}") from error
    return kept
