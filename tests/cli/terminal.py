"""A program at a terminal of its own, typed to and read from like by a person."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

CSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>]|\r")
PATIENCE_S = 60.0


class Terminal:
    """Starts `codeact sandbox`, or another command, on a pseudo-terminal."""

    def __init__(self, *arguments: object, state: Path, cwd: Path, command: str = "sandbox", **more: str) -> None:
        self.raw = ""
        self._seen = 0
        self._master, child = pty.openpty()
        environment = {**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": str(state), "COLUMNS": "100"}
        environment |= {"PROMPT_TOOLKIT_NO_CPR": "1", "LINES": "40", **more}
        if "NO_COLOR" not in more:
            environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "codeact.cli", command, *map(str, arguments)],
            stdin=child,
            stdout=child,
            stderr=child,
            env=environment,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(child)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def paste(self, text: str) -> None:
        """As terminals do that say where a paste begins and ends."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def expect(self, *parts: str) -> str:
        """Read until each of `parts` has come, in order, after what earlier calls read. Returns it without colours."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            place, text = 0, CSI.sub("", self.raw[self._seen :])
            for part in parts:
                place = text.find(part, place)
                if place < 0:
                    break
                place += len(part)
            if place >= 0:
                self._seen = len(self.raw)
                return text
            assert time.monotonic() < deadline, f"{parts} did not come; there is {text!r}"
            assert self._read(), f"it ended before {parts} came; there is {text!r}"

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 1.0)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self._master, 65_536)
        except OSError:  # the other side is closed
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)

    def ends(self, press: str = "") -> int:
        """Read on until the program ends; returns its exit code.

        `press`: typed now, and again whenever nothing has come for a second. A key that comes while no prompt is open
        is lost, for the terminal is then in its usual mode; and a prompt that was only drawn anew looks open.
        """
        deadline = time.monotonic() + PATIENCE_S
        self.type(press)
        while True:
            before = len(self.raw)
            if not self._read():
                return self.process.wait(PATIENCE_S)
            assert time.monotonic() < deadline, f"it did not end: {self.raw[-500:]!r}"
            if press and len(self.raw) == before:
                self.type(press)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        os.close(self._master)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
