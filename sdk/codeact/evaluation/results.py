"""One JSON line an episode, appended as it ends: the form of the lines, and the file that keeps them."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from codeact.evaluation.errors import EvaluationError

VERSION = 1
FILE = "results.jsonl"


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from run to run. `seconds`: wall time of the episode; `ended`: when, in UTC."""

    seconds: float = 0.0
    ended: str = ""


class EpisodeResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """How one episode of an evaluation went. All but `times` is the same in every run of a deterministic agent.

    Attributes:
        version: of this form.
        task, seed, agent: what was played, and by whom.
        settings: budgets and whatever else distinguishes this evaluation of the agent from another.
        tier: API and perception tier of the task, what perturbed it, and unusual values, phrasing and names.
        success, score, turns, calls, prompt_tokens, completion_tokens, reason, answer: as in `codeact.Episode`.
        violations: hard constraints that were violated.
        simulated_seconds: time that passed in the world.
        state_hash: of the world at the end.
        trajectory: SHA-256 over the state hashes after the reset, after each physical call and after each step.
        error: why there is no score, when the episode broke; else None.
        attempts: 2 when a worker process died and the episode was played again.
        codeact: the version.
        times: wall time and the time of day.
    """

    version: int = VERSION
    task: str
    seed: int
    agent: str
    settings: dict[str, Any] = {}
    tier: str | None = None
    success: bool = False
    score: float = 0.0
    turns: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    violations: list[str] = []
    reason: str = ""
    answer: Any = None
    simulated_seconds: float | None = None
    state_hash: str | None = None
    trajectory: str | None = None
    error: str | None = None
    attempts: int = 1
    codeact: str = ""
    times: Times = Times()

    @property
    def key(self) -> tuple[str, int]:
        """Task and seed, which tell the episodes of an evaluation apart."""
        return self.task, self.seed


class ResultsFile:
    """`results.jsonl` in a folder, held by one evaluation at a time.

    Args:
        folder: made when missing.
        agent, settings: of this evaluation; lines of others are not mixed in.
        resume: go on with the lines that are there. A torn last line, left by a killed process, is cut off.

    Raises:
        EvaluationError: there are results and `resume` is False, or they are of another agent or other settings, or the
            file is damaged, in use, or cannot be written.
    """

    def __init__(self, folder: Path, *, agent: str, settings: dict[str, Any], resume: bool) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise EvaluationError(f"{self.path} cannot be opened: {error.strerror}") from error
        try:
            self._lock()
            self.kept = self._read(resume)
            for number, result in enumerate(self.kept, 1):
                self._same(number, result, agent, settings)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, result: EpisodeResult) -> None:
        """Add a line and see it onto the disk.

        Raises:
            EvaluationError: the disk is full or broken. The lines before are whole.
        """
        data = msgspec.json.encode(result) + b"\n"
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            raise EvaluationError(
                f"{self.path} cannot be written any further: {error.strerror}. What it holds is whole; make room and "
                "go on with resume."
            ) from error

    def close(self) -> None:
        """Let go of the file and its lock. Closing twice is allowed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EvaluationError(
                f"another evaluation is writing {self.path}: wait for it, or choose another folder"
            ) from error

    def _read(self, resume: bool) -> list[EpisodeResult]:
        data = self.path.read_bytes()
        if data and not resume:
            raise EvaluationError(
                f"{self.path} holds results already: go on with --resume (resume=True), or choose another folder"
            )
        whole, newline, torn = data.rpartition(b"\n")
        if torn:
            os.ftruncate(self._file, len(whole) + len(newline))
        return list(_decode(self.path, whole.split(b"\n") if whole else []))

    def _same(self, number: int, result: EpisodeResult, agent: str, settings: dict[str, Any]) -> None:
        other = [f"agent {result.agent!r}, now {agent!r}"] if result.agent != agent else []
        other += [
            f"{name} {result.settings.get(name)!r}, now {settings.get(name)!r}"
            for name in sorted({*result.settings, *settings})
            if result.settings.get(name) != settings.get(name)
        ]
        if other:
            raise EvaluationError(
                f"line {number} of {self.path} was made with {' and '.join(other)}: resume with the same settings, or "
                "choose another folder"
            )


def read_results(path: Path | str) -> list[EpisodeResult]:
    """The lines of a results file, or of the one in a folder. A torn last line is left out.

    Raises:
        EvaluationError: there is no such file, or a line is not a result.
    """
    path = Path(path)
    if path.is_dir():
        path = path / FILE
    try:
        whole = path.read_bytes().rpartition(b"\n")[0]
    except OSError as error:
        raise EvaluationError(f"no results can be read at {path}: {error.strerror}") from error
    return list(_decode(path, whole.split(b"\n") if whole else []))


def _decode(path: Path, lines: Sequence[bytes]) -> Iterable[EpisodeResult]:
    for number, line in enumerate(lines, 1):
        try:
            result = msgspec.json.decode(line, type=EpisodeResult)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise EvaluationError(f"line {number} of {path} is not a result: {error}") from error
        if result.version != VERSION:
            raise EvaluationError(
                f"line {number} of {path} has version {result.version}, and this codeact reads {VERSION}"
            )
        yield result
