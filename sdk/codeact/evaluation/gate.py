"""What every task must pass: it can be solved, its check can fail, and it is the same in every process."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from codeact.evaluation.errors import EvaluationError
from codeact.evaluation.pool import Worker, WorkerDied
from codeact.evaluation.selection import find_tasks, parse_seeds
from codeact.evaluation.statistics import wilson_interval

ORACLE_RATE = 0.95


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `detail` says what was seen, and where it failed."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class GateReport:
    """What the gate saw of one task.

    Attributes:
        options: of its environment, where they are not the task's own.
        solved: on how many seeds the reference program did it in both processes.
        seconds: how long the look took.
    """

    task: str
    seeds: tuple[int, ...]
    checks: tuple[Check, ...]
    options: dict[str, str] = field(default_factory=dict)
    solved: int = 0
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks)

    def __str__(self) -> str:
        lines = [f"  {'ok  ' if check.ok else 'FAIL'} {check.name}: {check.detail}" for check in self.checks]
        stated = "".join(f", {name} {value}" for name, value in self.options.items())
        return "\n".join([f"{self.task}{stated}: {'passes' if self.ok else 'does not pass'}", *lines])


_Job = tuple[str, int]
_Played = dict[_Job, dict[str, Any]]


def check_task(
    task: str,
    seeds: Sequence[int] | str = "0-19",
    *,
    tier: str | None = None,
    perception: str | None = None,
    robot: str | None = None,
) -> GateReport:
    """Hold a task against the gate, through nothing but the face of its environment.

    Two separate processes play. Both play the reference program on all seeds, the second one in reverse order, and the
    trajectories (SHA-256 over the state hashes after the reset, each physical call and each step) must be equal. The
    first also does nothing, the second the opposite, on all seeds. `check_env` is Gymnasium's.

    Args:
        task: a Gymnasium id, or the path of a task's file.
        seeds: numbers, or text such as `0-19`.
        tier, perception, robot: of the environment, such as `low`, `noisy` and `kuka_iiwa`; None for the task's own.

    Raises:
        EvaluationError: there is no such task, a pattern matches several, or there is no seed.
    """
    names = find_tasks([task])
    if len(names) != 1:
        raise EvaluationError(f"{task!r} matches {len(names)} tasks; check them one by one")
    (report,) = check_tasks(names, seeds, tier=tier, perception=perception, robot=robot, processes=2)
    return report


def check_tasks(
    tasks: Sequence[str],
    seeds: Sequence[int] | str = "0-19",
    *,
    tier: str | None = None,
    perception: str | None = None,
    robot: str | None = None,
    processes: int | None = None,
) -> Iterator[GateReport]:
    """Hold tasks against the gate, each as `check_task` does, and give each report as soon as it is there.

    Args:
        tasks: ids or patterns.
        processes: how many play at once, two to a task; None: as many as there are processors.

    Raises:
        EvaluationError: nothing matches, or there is no seed.
    """
    names = find_tasks(tasks)
    numbers = parse_seeds(seeds) if isinstance(seeds, str) else tuple(dict.fromkeys(seeds))
    if not numbers:
        raise EvaluationError("no seed was named: name one or more, for example 0-19")
    options = {
        key: value for key, value in (("tier", tier), ("perception", perception), ("robot", robot)) if value is not None
    }
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    done: queue.SimpleQueue[GateReport | BaseException] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)

    def work() -> None:
        try:
            with _Lane(options) as first, _Lane(options) as second:
                while True:
                    done.put(_check(waiting.get_nowait(), numbers, options, first, second))
        except queue.Empty:
            pass
        except BaseException as error:
            done.put(error)

    pairs = min(len(names), max(1, (processes or os.cpu_count() or 1) // 2))
    for _ in range(pairs):
        threading.Thread(target=work, daemon=True).start()
    for _ in names:
        report = done.get()
        if isinstance(report, BaseException):
            raise report
        yield report


def _check(task: str, seeds: tuple[int, ...], options: dict[str, str], first: _Lane, second: _Lane) -> GateReport:
    began = time.monotonic()
    ones: _Played = {}
    twos: _Played = {}
    environment: dict[str, Any] = {}

    def one() -> None:
        environment.update(first.check_env(task))
        first.play(task, [(agent, seed) for agent in ("oracle", "nothing") for seed in seeds], ones)

    def two() -> None:
        second.play(task, [(agent, seed) for agent in ("oracle", "opposite") for seed in reversed(seeds)], twos)

    threads = [threading.Thread(target=one, daemon=True), threading.Thread(target=two, daemon=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checks = (
        _environment_check(environment),
        _oracle_check(ones, twos, seeds),
        _zero_check("nothing", ones, seeds),
        _zero_check("opposite", twos, seeds),
        _equal_check(ones, twos, seeds),
    )
    solved = len(seeds) - len({*_failed(ones, seeds), *_failed(twos, seeds)})
    return GateReport(task, seeds, checks, options, solved, time.monotonic() - began)


class _Lane:
    """A process that plays one task after another, and on in a new one where it dies."""

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options
        self._worker: Worker | None = None

    def check_env(self, task: str) -> dict[str, Any]:
        return self._ask(lambda worker: worker.check_env(task))

    def play(self, task: str, jobs: Iterable[_Job], played: _Played) -> None:
        for agent, seed in jobs:
            played[agent, seed] = self._ask(partial(_episode, task, seed, agent))

    def _ask(self, ask: Callable[[Worker], dict[str, Any]]) -> dict[str, Any]:
        try:
            self._worker = self._worker or Worker(options=self._options)
            return ask(self._worker)
        except WorkerDied as death:
            self._worker = None
            return {"error": f"the worker process {death}"}

    def __enter__(self) -> _Lane:
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.close()


def _episode(task: str, seed: int, agent: str, worker: Worker) -> dict[str, Any]:
    return worker.episode(task, seed, agent)


def _environment_check(answer: dict[str, Any]) -> Check:
    if "error" in answer or "result" not in answer:
        return Check("check_env", False, answer.get("error", "it was not run"))
    warnings = answer["result"]
    return Check("check_env", True, "passes" + (f", with warnings: {'; '.join(warnings)}" if warnings else ""))


def _oracle_check(first: _Played, second: _Played, seeds: Sequence[int]) -> Check:
    failed = [
        seed for seed in seeds for played in (first, second) if not _result(played, "oracle", seed).get("success")
    ]
    solved = len(seeds) - len(set(failed))
    low, high = wilson_interval(solved, len(seeds))
    detail = f"the reference program solves {solved} of {len(seeds)} (95 % interval {low:.3f} to {high:.3f})"
    if failed:
        seed = failed[0]
        detail += f"; not seeds {_listed(failed)}: {_why(first if seed in _failed(first, seeds) else second, seed)}"
    return Check("oracle", solved >= ORACLE_RATE * len(seeds), detail)


def _failed(played: _Played, seeds: Sequence[int]) -> list[int]:
    return [seed for seed in seeds if not _result(played, "oracle", seed).get("success")]


def _why(played: _Played, seed: int) -> str:
    answer = played.get(("oracle", seed), {})
    return str(answer.get("error") or f"it ended with {_result(played, 'oracle', seed).get('reason', 'no answer')}")


def _zero_check(agent: str, played: _Played, seeds: Sequence[int]) -> Check:
    what = "doing nothing" if agent == "nothing" else "doing the opposite"
    broken = [seed for seed in seeds if "result" not in played.get((agent, seed), {})]
    if broken:
        error = played.get((agent, broken[0]), {}).get("error", "no answer")
        return Check(agent, False, f"{what} broke on seeds {_listed(broken)}: {error}")
    results = {seed: _result(played, agent, seed) for seed in seeds}
    scored = [seed for seed, result in results.items() if result["success"] or result["score"] != 0.0]
    if scored:
        return Check(agent, False, f"{what} scores {results[scored[0]]['score']:.3f} on seeds {_listed(scored)}")
    return Check(agent, True, f"{what} scores 0 on all {len(seeds)} seeds")


def _equal_check(first: _Played, second: _Played, seeds: Sequence[int]) -> Check:
    pairs = {seed: [_result(played, "oracle", seed).get("trajectory") for played in (first, second)] for seed in seeds}
    missing = [seed for seed, (one, two) in pairs.items() if one is None or two is None]
    if missing:
        return Check("repeatable", False, f"there is no trajectory of seeds {_listed(missing)}")
    different = [seed for seed, (one, two) in pairs.items() if one != two]
    if different:
        return Check("repeatable", False, f"two processes go different ways on seeds {_listed(different)}")
    if len(seeds) > 1 and len({one for one, _ in pairs.values()}) == 1:
        return Check("repeatable", False, "all seeds go the same way: the seed does not reach the scene")
    return Check("repeatable", True, f"trajectories of {len(seeds)} seeds are equal in two processes")


def _result(played: _Played, agent: str, seed: int) -> dict[str, Any]:
    result: dict[str, Any] = played.get((agent, seed), {}).get("result", {})
    return result


def _listed(seeds: Sequence[int]) -> str:
    unique = list(dict.fromkeys(seeds))
    return ", ".join(map(str, unique[:8])) + (f" and {len(unique) - 8} more" if len(unique) > 8 else "")
