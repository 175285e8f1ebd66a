"""What the simulation costs, side by side in one run with panda-gym: steps, resets, exactness, pictures, memory.

Run it: `make bench-simulation`, which installs panda-gym into a virtual environment of its own; or
`python benchmarks/simulation.py`, which measures without it what can be measured.

    --check            exit with 1 when a target is missed, or was not measured
    --quick            few repeats, to see that everything works; its numbers mean little
    --write-docs       write docs/benchmarks-simulation.md
    --panda-gym PYTHON the interpreter that has panda-gym (default .venv-panda-gym/bin/python)

Both environments play the same kind of task by the same code, each in a process of its own (`simulation_player.py`),
and take turns episode by episode, so that whatever else the machine does hits both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import simulation_report
from sandbox_rows import LOOP, PACE_S
from simulation_kinematics import LEAST_SHARE, MOST_MEDIAN_S, kinematics_rows
from simulation_planning import MOST_MEDIAN_S as MOST_PLAN_S
from simulation_planning import planning_rows

ROOT = Path(__file__).parents[1]
PEER = ROOT / ".venv-panda-gym" / "bin" / "python"
OURS, THEIRS = "codeact", "panda-gym"
LEAST_SPEED, MOST_RESET_S = 1.5, 0.0003
PROCESSES = (1, 2, 4)


@dataclass(frozen=True)
class Amount:
    turns: int  # episodes of 50 steps of each
    resets: int  # a turn
    pictures: int
    environments: int  # further ones in one process
    episodes: int  # of each process, of several at once
    poses: int
    pairs: int


FULL = Amount(turns=60, resets=20, pictures=20, environments=3, episodes=6, poses=1000, pairs=50)
QUICK = Amount(turns=3, resets=5, pictures=2, environments=1, episodes=1, poses=20, pairs=2)


class Player:
    """`simulation_player.py` in a process."""

    def __init__(self, python: str, name: str) -> None:
        self.name = name
        script = str(Path(__file__).with_name("simulation_player.py"))
        self._process = subprocess.Popen(
            [python, script, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def send(self, do: str, **arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the process of {self.name} ended with {self._process.wait()}")
        return json.loads(line)

    def ask(self, do: str, **arguments: Any) -> Any:
        self.send(do, **arguments)
        return self.answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@dataclass(frozen=True)
class Target:
    """What was promised. `met` is None where it was not measured."""

    title: str
    limit: str
    found: str
    met: bool | None


@dataclass
class Report:
    """All that one run measured; by environment where there are two."""

    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    step_s: dict[str, list[float]] = field(default_factory=dict)
    inside_s: dict[str, list[float]] = field(default_factory=dict)  # of a step, in Bullet's own
    reset_s: dict[str, list[float]] = field(default_factory=dict)
    difference: dict[str, float] = field(default_factory=dict)
    processes_differ: bool = True
    check: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    memory: dict[str, list[dict[str, int]]] = field(default_factory=dict)
    many: dict[str, dict[int, float]] = field(default_factory=dict)  # steps a second by the clock
    kinematics: list[Any] = field(default_factory=list)
    planning: list[Any] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)

    @property
    def pace(self) -> float:
        """How many times as long this processor takes for plain Python as that on which the targets were set."""
        return statistics.median(self.paces)

    @property
    def speed(self) -> float | None:
        """How many times as many steps a second ours does: the median over the turns."""
        if THEIRS not in self.step_s:
            return None
        pairs = zip(self.step_s[THEIRS], self.step_s[OURS], strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)

    def targets(self) -> list[Target]:
        reset = statistics.median(self.reset_s[OURS]) / self.pace
        check, panda, plan = self.check[OURS], self.kinematics[0], self.planning[0]
        solve_s, plan_s = (statistics.median(row.seconds) / self.pace for row in (panda, plan))
        different = self.difference[OURS]
        speed = self.speed
        return [
            Target(
                f"steps a second, over {THEIRS}'s",
                f"at least {LEAST_SPEED} x",
                "not measured" if speed is None else f"{speed:.2f} x",
                None if speed is None else speed >= LEAST_SPEED,
            ),
            Target("a reset", f"<= {1e3 * MOST_RESET_S:g} ms", f"{1e3 * reset:.3f} ms", reset <= MOST_RESET_S),
            Target("one seed, played twice, other episodes between", "0", f"{different:g}", different == 0.0),
            Target(
                "one seed, in two processes",
                "the same",
                *(("different", False) if self.processes_differ else ("the same", True)),
            ),
            Target(
                "`check_env`",
                "nothing to say",
                check["failed"] or "; ".join(check["warnings"]) or "nothing to say",
                not check["failed"] and not check["warnings"],
            ),
            Target(
                "inverse kinematics: reached",
                f"{100 * LEAST_SHARE:g} %",
                f"{100 * panda.reached / panda.poses:.1f} %",
                panda.reached >= LEAST_SHARE * panda.poses,
            ),
            Target("", f"< {1e3 * MOST_MEDIAN_S:g} ms", f"{1e3 * solve_s:.3f} ms", solve_s < MOST_MEDIAN_S),
            Target(
                "planning: free paths",
                f"{plan.pairs} of {plan.pairs}",
                f"{plan.found - plan.touching} of {plan.pairs}",
                plan.found == plan.pairs and not plan.touching,
            ),
            Target("", f"< {1e3 * MOST_PLAN_S:g} ms", f"{1e3 * plan_s:.1f} ms", plan_s < MOST_PLAN_S),
        ]


def pace() -> float:
    begin = time.process_time()
    exec(LOOP, {})
    return (time.process_time() - begin) / PACE_S


def measure(peer: str | None, amount: Amount) -> Report:
    report = Report()
    pythons = {OURS: sys.executable, **({THEIRS: peer} if peer else {})}
    players = {name: Player(python, name) for name, python in pythons.items()}
    for name, player in players.items():
        report.versions[name] = player.ask("version")
        report.memory[name] = [player.ask("memory")]
        player.ask("steps", seed=1)  # to warm up
        report.step_s[name], report.inside_s[name], report.reset_s[name] = [], [], []
    for turn in range(amount.turns):
        if turn % 5 == 0:
            report.paces.append(pace())
        for name, player in players.items():
            report.step_s[name].append(player.ask("steps", seed=turn)["seconds"])
        for name, player in players.items():
            report.inside_s[name].append(player.ask("simulating", seed=turn)["seconds"])
        for name, player in players.items():
            report.reset_s[name] += player.ask("resets", seed=turn, count=amount.resets)["seconds"]
    print(simulation_report.speeds(report), flush=True)
    for name, player in players.items():
        report.difference[name] = player.ask("difference", seed=11)["difference"]
        report.pictures[name] = player.ask("render", count=amount.pictures)
    others = {name: Player(python, name) for name, python in pythons.items()}
    seen = [player.ask("trajectory", seed=11)["seen"] for player in (players[OURS], others[OURS])]
    report.processes_differ = seen[0] != seen[1]
    for name, player in others.items():
        report.memory[name] += [player.ask("another") for _ in range(amount.environments)]
        report.check[name] = player.ask("check")
    for player in [*players.values(), *others.values()]:
        player.close()
    for name, python in pythons.items():
        report.many[name] = {count: steps_a_second(python, name, count, amount.episodes) for count in PROCESSES}
    report.kinematics = kinematics_rows(amount.poses)
    report.paces.append(pace())
    report.planning = planning_rows(amount.pairs)
    report.paces.append(pace())
    return report


def steps_a_second(python: str, name: str, count: int, episodes: int) -> float:
    """Of `count` processes together, resets included, by the clock."""
    players = [Player(python, name) for _ in range(count)]
    for player in players:
        player.ask("many", seed=0, episodes=1)
    begin = time.perf_counter()
    for index, player in enumerate(players):
        player.send("many", seed=1000 * index, episodes=episodes)
    steps = sum(player.answer()["steps"] for player in players)
    taken = time.perf_counter() - begin
    for player in players:
        player.close()
    return steps / taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed or not measured")
    parser.add_argument("--quick", action="store_true", help="few repeats")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks-simulation.md")
    parser.add_argument("--panda-gym", default=str(PEER), metavar="PYTHON", help="the interpreter that has panda-gym")
    chosen = parser.parse_args()
    if chosen.write_docs and chosen.quick:
        parser.error("--write-docs takes a whole run: without --quick")
    peer = chosen.panda_gym if os.access(chosen.panda_gym, os.X_OK) else None
    if peer is None:
        print(f"panda-gym is not measured: there is no {chosen.panda_gym}; make bench-simulation installs it")
        if chosen.write_docs:
            parser.error("--write-docs needs panda-gym")
    report = measure(peer, QUICK if chosen.quick else FULL)
    text = simulation_report.tables(report)
    print(text)
    if chosen.write_docs:
        print(f"wrote {simulation_report.write(text)}")
    missed = [target for target in report.targets() if not target.met]
    for target in missed:
        verdict = "NOT MEASURED" if target.met is None else "MISSED"
        print(f"{verdict} {target.title or 'its time'}: {target.found}, target {target.limit}")
    return 1 if chosen.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
