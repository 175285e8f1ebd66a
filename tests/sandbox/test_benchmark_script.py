"""`benchmarks/sandbox.py` works from end to end with whatever it can compare with here, and can fail."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("sandbox")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_quick_run_measures_every_row(script: ModuleType) -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "sandbox.py"), "--quick"], capture_output=True, text=True, timeout=580
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    peers = importlib.import_module("sandbox_peers")
    for kind in peers.PEERS:
        column = f"{kind.name} not installed"
        assert (column in done.stdout) == bool(kind.absent()), column
    table = done.stdout.partition("## Against the targets")[2].partition("## Medians")[0]
    for row in script.ROWS:
        (line,) = [line for line in table.splitlines() if line.startswith(f"| {row.title} |")]
        assert f" {row.unit}" in line.split("|")[3]
    floors = done.stdout.partition("## Floors of this machine")[2]
    for floor in importlib.import_module("sandbox_floors").floors():
        assert f"| {floor.title} |" in floors


def test_a_target_is_held_against_the_median(script: ModuleType) -> None:
    absolute = script.Row("a", "a", "ms", lambda *_: {}, "", 3.0)
    assert script.Result(absolute, {"codeact": [0.001, 0.002, 0.1]}).met is True
    assert script.Result(absolute, {"codeact": [0.001, 0.004, 0.1]}).met is False
    assert script.Result(absolute, {"codeact": "not measured"}).met is None


def test_a_relative_target_is_held_against_plain_exec(script: ModuleType) -> None:
    relative = script.Row("a", "a", "ms", lambda *_: {}, "", 4.0, True)
    assert script.Result(relative, {"codeact": [0.39], "exec": [0.1]}).met is True
    assert script.Result(relative, {"codeact": [0.41], "exec": [0.1]}).met is False


def test_a_check_fails_when_a_target_is_missed(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    row = script.Row("slow", "slow", "ms", lambda *_: {"codeact": [1.0]}, "", 3.0)
    monkeypatch.setattr(script, "ROWS", [row])
    monkeypatch.setattr(script.sandbox_floors, "measure", lambda amount: [])
    monkeypatch.setattr(sys, "argv", ["sandbox.py", "--quick", "--check"])
    assert script.main() == 1
    monkeypatch.setattr(sys, "argv", ["sandbox.py", "--quick"])
    assert script.main() == 0
