"""Any key at a terminal is an emergency stop: through a real pseudo-terminal, as a person presses it."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from codeact.episode import emergency_stop_on_key

# The second motion takes 100 simulated seconds, and so more than one second of the fastest processors.
SLOWLY = "<execute>\nmove_to(0.4, 0.3, 0.4)\nmove_to(0.4, -0.3, 0.4, speed=0.006)\n</execute>"


def take_terminal() -> None:
    import fcntl

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def read_until(master: int, part: str, patience_s: float = 90.0) -> str:
    text, deadline = "", time.monotonic() + patience_s
    while part not in text:
        assert time.monotonic() < deadline, text
        if select.select([master], [], [], 1.0)[0]:
            try:
                text += os.read(master, 65_536).decode(errors="replace")
            except OSError:  # the other side is closed
                raise AssertionError(f"it ended before {part!r} came: {text!r}") from None
    return text


def test_a_key_stops_the_robot_and_ends_the_run(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([SLOWLY, "<execute>\nhome()\n</execute>"]))
    master, child = pty.openpty()
    before = termios.tcgetattr(child)
    command = [sys.executable, "-m", "codeact.cli", "run", "CodeAct/Reach-v0", "--model", f"scripted:{script}"]
    process = subprocess.Popen(
        [*command, "--no-video", "--out", str(tmp_path / "runs")],
        stdin=child,
        stdout=child,
        stderr=child,
        env={**os.environ, "NO_COLOR": "1", "TERM": "xterm"},
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    try:
        assert "any key: emergency stop" in read_until(master, "→ True")  # the second motion begins
        os.write(master, b" ")
        pressed = time.monotonic()
        read_until(master, "interrupted: the robot was stopped")
        assert process.wait(30) == 130
        assert time.monotonic() - pressed < 20
        assert termios.tcgetattr(child) == before, "the terminal is as it was"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(30)
        os.close(master)
        os.close(child)
    (trace,) = tmp_path.glob("runs/*/trace.jsonl")
    assert '"event":"EpisodeEnded"' in trace.read_text().replace(" ", "")


@pytest.mark.parametrize("keys", [b" ", b"\n", b"q", b"\x1b[A"])
def test_any_key_calls_the_stop_of_a_script(keys: bytes) -> None:
    script = (
        "import threading\nfrom codeact.episode import emergency_stop_on_key\npressed = threading.Event()\n"
        "with emergency_stop_on_key(pressed.set) as listens:\n    print('listens', listens, flush=True)\n"
        "    print('stopped', pressed.wait(30), flush=True)\nprint('after', flush=True)\n"
        "print('typed', input(), flush=True)\n"
    )
    master, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(child)
    try:
        read_until(master, "listens True")
        os.write(master, keys)
        read_until(master, "after")
        os.write(master, b"a line\n")
        read_until(master, "typed a line")  # the terminal reads lines again
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(30)
        os.close(master)


def test_where_there_is_no_terminal_nothing_listens() -> None:
    reading, writing = os.pipe()
    with emergency_stop_on_key(lambda: None, reading) as listens:
        assert listens is False
    os.close(reading)
    os.close(writing)
