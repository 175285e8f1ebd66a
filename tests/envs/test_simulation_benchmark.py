"""`benchmarks/simulation.py` can fail, and its player plays."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module("simulation")


def good_report(script: ModuleType) -> Any:
    report = script.Report()
    for name, step in (("codeact", 0.5e-3), ("panda-gym", 1e-3)):
        report.versions[name] = {"version": "1", "gymnasium": "1", "numpy": "2"}
        report.step_s[name], report.reset_s[name] = [step] * 3, [0.2e-3] * 3
        report.inside_s[name] = [step / 2.0] * 3
        report.difference[name] = 0.0
        report.check[name] = {"failed": "", "warnings": []}
        report.pictures[name] = {"rgb": [0.04]}
        report.memory[name] = [{"resident": 10**8, "private": 10**8}] * 3
        report.many[name] = {1: 900.0}
    report.processes_differ = False
    row = {"line": lambda: "a row", "seconds": (1e-4,)}
    report.kinematics = [SimpleNamespace(reached=10, poses=10, **row)]
    report.planning = [SimpleNamespace(found=5, touching=0, pairs=5, **row)]
    report.paces = [1.0]
    return report


@pytest.mark.parametrize(
    ("spoil", "missed"),
    [
        (lambda report: None, 0),
        (lambda report: report.step_s.update(codeact=[0.7e-3] * 3), 1),
        (lambda report: report.step_s.pop("panda-gym"), 1),
        (lambda report: report.reset_s.update(codeact=[0.4e-3] * 3), 1),
        (lambda report: report.difference.update(codeact=1e-9), 1),
        (lambda report: setattr(report, "processes_differ", True), 1),
        (lambda report: report.check["codeact"].update(warnings=["a warning"]), 1),
        (lambda report: setattr(report.planning[0], "touching", 1), 1),
    ],
)
def test_a_check_fails_when_a_target_is_missed_or_not_measured(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, spoil: Any, missed: int
) -> None:
    report = good_report(script)
    spoil(report)
    monkeypatch.setattr(script, "measure", lambda *_: report)
    monkeypatch.setattr(sys, "argv", ["simulation.py", "--quick", "--check"])
    assert script.main() == missed
    monkeypatch.setattr(sys, "argv", ["simulation.py", "--quick"])
    assert script.main() == 0


def test_the_player_measures_our_environment_and_finds_no_difference(script: ModuleType) -> None:
    player = script.Player(sys.executable, "codeact")
    assert 0.0 < player.ask("steps", seed=0)["seconds"] < 1.0
    assert 0.0 < player.ask("simulating", seed=0)["seconds"] < 1.0
    assert len(player.ask("resets", seed=0, count=3)["seconds"]) == 3
    assert player.ask("difference", seed=1) == {"difference": 0.0}
    assert player.ask("memory")["private"] > 1e7
    player.close()
