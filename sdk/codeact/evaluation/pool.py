"""Worker processes, from the side of the evaluation.

Each is a fresh interpreter (never a fork, which would carry the state of simulators and models along) that lives as
long as its pipes: when this process ends, in whatever way, its workers see that and exit.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from codeact.evaluation.errors import EvaluationError


class WorkerDied(Exception):
    """A worker process ended without an answer. The message says how, with its last words."""


class Worker:
    """One worker process.

    Args:
        agents: agents to load at once, by name.
        settings: of the agents, as values of JSON.
        options: of the environments that it makes, such as their tier.
        traces: folder for one trace an episode; None: no traces.
        threads: processor threads that numerical libraries may use in it.
        module: what runs in it, by `codeact.evaluation.worker.serve`.

    Attributes:
        at_once: how many jobs it does at the same time; further ones wait for their turn.

    Raises:
        EvaluationError: the worker cannot load an agent.
        WorkerDied: it died on the way.
    """

    def __init__(
        self,
        *,
        agents: tuple[str, ...] = (),
        settings: dict[str, Any] | None = None,
        options: dict[str, str] | None = None,
        traces: Path | None = None,
        threads: int | None = None,
        module: str = "codeact.evaluation.worker",
    ) -> None:
        environment = dict(os.environ)
        if threads is not None:
            environment.setdefault("OMP_NUM_THREADS", str(threads))
        self._changed = threading.Condition()
        self._asked = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._reads = False  # whether somebody reads, for all who wait
        self._death: str | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        # -P: the folder that this was started in must not lend modules to the worker.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=environment,
        )
        try:
            answer = self.ask(
                {
                    "path": [os.path.abspath(folder) for folder in sys.path],
                    "agents": list(agents),
                    "settings": settings or {},
                    "options": options or {},
                    "traces": str(traces.absolute()) if traces else None,
                }
            )
            if "error" in answer:
                raise EvaluationError(answer["error"])
            self.at_once: int = answer["at_once"]
        except BaseException:
            self.kill()
            self._forget()
            raise

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def episode(self, task: str, seed: int, agent: str) -> dict[str, Any]:
        """Play. Returns `{"result": fields of an EpisodeResult}` or `{"error": text}`.

        Raises:
            WorkerDied: the process ended before it answered.
        """
        return self.ask({"kind": "episode", "task": task, "seed": seed, "agent": agent})

    def check_env(self, task: str) -> dict[str, Any]:
        """Gymnasium's checker. Returns `{"result": warnings}` or `{"error": text}`.

        Raises:
            WorkerDied: the process ended before it answered.
        """
        return self.ask({"kind": "check_env", "task": task})

    def close(self) -> None:
        """Let it finish: it exits by itself, and is killed when it does not."""
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget()

    def kill(self) -> None:
        """End it now. Safe to call from another thread, which then sees WorkerDied."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request: a job, with what its module makes of it. Several threads may ask at once.

        Raises:
            WorkerDied: the process ended before it answered.
        """
        with self._changed:
            number = self._asked = self._asked + 1
            self._send({"number": number, "request": request})
            while number not in self._answers:
                if self._death is not None:
                    raise WorkerDied(self._death)
                if self._reads:
                    self._changed.wait()
                else:
                    self._read_one()
            return self._answers.pop(number)

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # who reads next finds that it has died
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()

    def _read_one(self) -> None:
        """Read the next reply, whoever it is for, without keeping others from asking meanwhile."""
        assert self._process.stdout is not None
        self._reads = True
        self._changed.release()
        try:
            line = self._process.stdout.readline()
        except (OSError, ValueError):
            line = b""
        finally:
            self._changed.acquire()
            self._reads = False
            self._changed.notify_all()
        if line.endswith(b"\n"):
            answer = json.loads(line)
            self._answers[answer["number"]] = answer["reply"]
        else:
            self._death = self._last_words()
            self._forget()

    def _last_words(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
            return "closed its pipe and hung"
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
        self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - 2000))
        words = self._words.read().decode(errors="replace").strip()
        return f"{how}; it said last: {words}" if words else how

    def _forget(self) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._words):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


def trace_name(task: str, seed: int) -> str:
    """File name of an episode's trace."""
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', task)}-{seed}.jsonl"
