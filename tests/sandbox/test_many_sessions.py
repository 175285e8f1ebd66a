"""Many sessions, at once and one after the other, in a host of their own. `benchmarks/sessions.py` counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "sessions.py"

pytestmark = pytest.mark.real_time  # processes end in their own time


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_live_sessions_and_a_thousand_in_a_row_leave_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--live", "200", "--sequence", "1000", "--kills", "0"],
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 of them gave the right answer" in done.stdout
