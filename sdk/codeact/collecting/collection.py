"""Many conversations, played in worker processes and written in a fixed order: `collect`."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from codeact.collecting.errors import CollectionError
from codeact.collecting.records import VERSION, ConversationFile, digest
from codeact.collecting.suite import CollectionSuite, Job, plan
from codeact.evaluation.pool import Worker, WorkerDied

AHEAD = 100
"""So many episodes beyond the first unfinished one may be played and wait for their place in the file."""


@dataclass(frozen=True)
class CollectionProgress:
    """Where a collection stands.

    Attributes:
        done: episodes that are finished, those of an earlier run included. total: how many there will be.
        kept: conversations that are in the file.
        rate: conversations kept a second, in this run.
    """

    done: int
    total: int
    kept: int
    rate: float


@dataclass
class Collected:
    """What a collection gave.

    Attributes:
        out: the file.
        kept: conversations by task and fault (None: without one).
        dropped: episodes by task and reason.
        seconds: wall time of this run.
        new: conversations that this run added.
    """

    out: Path
    kept: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0
    new: int = 0


def collect(
    suites: Sequence[CollectionSuite],
    out: Path | str,
    *,
    workers: int = 2,
    resume: bool = False,
    stubs: str = "short",
    action_format: str = "code",
    model: str | None = None,
    attempts: int = 1,
    temperature: float = 0.0,
    max_tokens: int | None = None,
    on_progress: Callable[[CollectionProgress], None] | None = None,
) -> Collected:
    """Play all episodes of the suites, and keep the conversations of those that end in a verified success.

    Lines are written in the order of the plan, whatever the number of workers, so that two runs give the same file, and
    any beginning of it holds all tasks in about their shares. It may be stopped at any time and gone on with.

    Args:
        suites: what to play.
        out: the file of conversations, `*.jsonl`. Beside it `*.dropped.jsonl` says what was dropped and why.
        workers: processes that play at the same time.
        resume: go on with what `out` holds.
        stubs: how prompts show the tools, `short` or `full`.
        action_format: `code`, or `json` or `text` for the same successes as one call a turn.
        model: plays in place of the reference programs, as `codeact.load_model` takes it; what succeeds is kept.
        attempts: how often a model plays each seed. temperature, max_tokens: of its replies.
        on_progress: called in this thread after each episode.

    Raises:
        CollectionError: seeds that are kept for evaluation, a file that cannot be written or is of another collection.
        SelectionError: unknown tasks, or seeds that cannot be read.
    """
    if workers < 1:
        raise CollectionError(f"workers is {workers}; it must be at least 1")
    jobs = plan(suites, attempts=attempts)
    settings: dict[str, Any] = {"stubs": stubs, "format": action_format}
    if model is not None:
        settings |= {"model": model, "temperature": temperature, "max_tokens": max_tokens}
    identity = hashlib.sha256(json.dumps([msgspec.to_builtins(jobs), settings]).encode()).hexdigest()[:16]
    with ConversationFile(Path(out), collection=identity, resume=resume) as file:
        return _Collection(jobs, settings, workers, file, on_progress).run()


class _Collection:
    def __init__(
        self,
        jobs: list[Job],
        settings: dict[str, Any],
        workers: int,
        file: ConversationFile,
        on_progress: Callable[[CollectionProgress], None] | None,
    ) -> None:
        self.settings, self.workers, self.file, self.on_progress = settings, workers, file, on_progress
        self.result = Collected(file.path)
        self.seen: set[str] = set()
        self.total = len(jobs)
        for record in file.kept:
            self.count(record)
        for record in file.dropped:
            self.result.dropped[record["task"], record["why"]] += 1
        self.next = 1 + max((record["number"] for record in (*file.kept, *file.dropped)), default=-1)
        self.waiting = deque(jobs[self.next :])
        self.replies: queue.SimpleQueue[tuple[Job, dict[str, Any]] | Exception] = queue.SimpleQueue()
        self.room = threading.Semaphore(AHEAD)
        self.lock = threading.Lock()
        self.alive: dict[int, Worker] = {}
        self.over = False

    def run(self) -> Collected:
        began = time.monotonic()
        threads = [
            threading.Thread(target=self.drive, args=(number,), name=f"worker-{number}", daemon=True)
            for number in range(min(self.workers, len(self.waiting)))
        ]
        for thread in threads:
            thread.start()
        early: dict[int, tuple[Job, dict[str, Any]]] = {}
        try:
            while self.next < self.total:
                reply = self.replies.get()
                if isinstance(reply, Exception):
                    raise reply
                early[reply[0].number] = reply
                while self.next in early:
                    self.take(*early.pop(self.next))
                    self.next += 1
                    self.room.release()
                self.result.seconds = time.monotonic() - began
                self.report()
            for thread in threads:
                thread.join(timeout=10)
        finally:
            self.stop()
        return self.result

    def take(self, job: Job, reply: dict[str, Any]) -> None:
        """Write what came of an episode."""
        if "error" in reply:
            raise CollectionError(f"{job.task} cannot be played: {reply['error']}")
        record, why = reply.get("kept"), reply.get("dropped", "")
        if record is not None and digest(record["messages"]) in self.seen:
            record, why = None, "duplicate"
        if record is not None:
            self.file.keep(record)
            self.count(record)
            self.result.new += 1
            return
        self.file.drop(
            {
                "version": VERSION,
                "number": job.number,
                "task": job.task,
                "seed": job.seed,
                "options": job.options,
                "why": why,
            }
        )
        self.result.dropped[job.task, why] += 1

    def count(self, record: dict[str, Any]) -> None:
        self.seen.add(digest(record["messages"]))
        self.result.kept[record["task"], record["fault"]] += 1

    def report(self) -> None:
        if self.on_progress is not None:
            rate = self.result.new / max(self.result.seconds, 1e-9)
            self.on_progress(CollectionProgress(self.next, self.total, self.result.kept.total(), rate))

    def drive(self, number: int) -> None:
        """Feed one worker after the other, in a thread of its own, until no job waits."""
        try:
            while block := self.block():
                for job in block:
                    self.room.acquire()
                    if self.over:
                        return
                    self.replies.put((job, self.ask(number, job)))
        except Exception as error:
            if not self.over:
                self.replies.put(error)
        finally:
            worker = self.alive.get(number)
            if worker is not None and not self.over:
                worker.close()

    def block(self) -> list[Job]:
        """The next jobs that share an environment."""
        with self.lock:
            block: list[Job] = []
            while self.waiting and (not block or _environment(self.waiting[0]) == _environment(block[0])):
                block.append(self.waiting.popleft())
            return block

    def ask(self, number: int, job: Job) -> dict[str, Any]:
        worker = self.worker(number)
        try:
            return worker.ask(msgspec.to_builtins(job))
        except WorkerDied as death:
            with self.lock:
                self.alive.pop(number, None)
            return {"dropped": f"error: the worker process {death}"}

    def worker(self, number: int) -> Worker:
        worker = self.alive.get(number)
        if worker is None:
            cores = len(os.sched_getaffinity(0))
            try:
                worker = Worker(
                    settings=self.settings, threads=max(1, cores // self.workers), module="codeact.collecting.worker"
                )
            except WorkerDied as death:
                raise CollectionError(f"a worker process cannot begin: it {death}") from death
            with self.lock:
                self.alive[number] = worker
            if self.over:
                worker.kill()
        return worker

    def stop(self) -> None:
        """Whatever still plays is of no use any more: end it now."""
        self.over = True
        with self.lock:
            workers = list(self.alive.values())
        for worker in workers:
            worker.kill()
        for _ in workers:
            self.room.release()


def _environment(job: Job) -> tuple[str, dict[str, Any]]:
    return job.task, job.options
