"""Harmless canaries: a file, sockets, a process and a secret of the test's own, and what a program did to them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_WATCHED = """
import os, signal, sys, time
for number in (1, 2, 3, 10, 12, 14, 15):
    signal.signal(number, lambda number, _: os.write(1, b"%d\\n" % number))
os.write(1, b"ready\\n")
while True:
    time.sleep(60)
"""

# Runs programs as plain Python does, each in a fork of a process that has imported everything.
_PLAIN = """
import json, os, signal, sys
import abc, asyncio, collections, contextlib, copy, csv, ctypes, dataclasses, datetime, decimal, enum
import functools, io, itertools, operator, random, re, statistics, string, textwrap, types, typing, uuid, numpy
SECRET = os.environ["CANARY"]
space = {"SECRET": SECRET, "__builtins__": __builtins__}
exec("def double(number):\\n    return 2 * number\\n", space)
for line in sys.stdin:
    told, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        os.dup2(says, 1)
        os.dup2(says, 2)
        signal.alarm(20)
        try:
            exec(compile(json.loads(line), "<program>", "exec"), {"__name__": "__main__", "double": space["double"]})
        except BaseException as error:
            print(f"{type(error).__name__}: {error}")
        finally:
            sys.stdout.flush()
            os._exit(0)
    os.close(says)
    told = os.fdopen(told, "rb")
    said = told.read(1_000_000)
    told.close()
    os.waitpid(child, 0)
    print(json.dumps(said.decode(errors="replace")), flush=True)
"""


class Canaries:
    """All canaries of one test process. Programs name them as `@FILE@` and so on; see `name`."""

    def __init__(self) -> None:
        self.secret = "canary-" + secrets.token_hex(8)
        # Not below a folder that only this user may enter: the mode of a folder must not be what protects.
        self._root = Path(tempfile.mkdtemp(prefix="canary-", dir="/tmp"))
        self._files = self._root / "files"
        self._root.chmod(0o777)
        self._files.mkdir()
        self.reset()
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._unix, self._abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
        self._unix_path = self._root / "socket"
        self._unix.bind(str(self._unix_path))
        self._unix_path.chmod(0o777)
        self._abstract_name = "named-" + secrets.token_hex(8)
        self._abstract.bind("\0" + self._abstract_name)
        for server in (self._unix, self._abstract):
            server.listen()
        for server in (self._tcp, self._udp, self._unix, self._abstract):
            server.setblocking(False)
        environment = {**os.environ, "CANARY": self.secret}
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _WATCHED], stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        os.set_blocking(self._process.stdout.fileno(), False)
        self._plain: subprocess.Popen[str] | None = None

    def reset(self) -> None:
        """Put the files as they were."""
        shutil.rmtree(self._files)
        self._files.mkdir()
        self._files.chmod(0o777)
        for name in ("secret.txt", "other.txt"):
            path = self._files / name
            path.write_text(self.secret + "\n")
            path.chmod(0o666)
        self._kept = self._listing()

    def _listing(self) -> dict[str, Any]:
        found: dict[str, Any] = {"": os.stat(self._files).st_mode}
        for path in sorted(self._files.rglob("*")):
            state = path.lstat()
            found[str(path)] = (state.st_mode, state.st_uid, state.st_size, state.st_mtime_ns)
        return found

    def name(self, code: str) -> str:
        """The program, with the places that it attacks filled in."""
        places = {
            "FILE": self._files / "secret.txt",
            "DIR": self._files,
            "MARK": self._files / "mark",
            "TCP": self._tcp.getsockname()[1],
            "UDP": self._udp.getsockname()[1],
            "UNIX": self._unix_path,
            "ABSTRACT": self._abstract_name,
            "PID": self._process.pid,
            "HOST": os.getpid(),
        }
        for place, value in places.items():
            code = code.replace(f"@{place}@", str(value))
        return code

    def fired(self, text: str) -> list[str]:
        """What was done to the canaries since the last time, and whether the text tells the secret."""
        fired = ["the secret was told"] if self.secret in text else []
        now = self._listing()
        if now != self._kept:
            fired.append(f"files changed: {sorted(set(now.items()) ^ set(self._kept.items()))}")
            self.reset()
        for name, server in (("TCP", self._tcp), ("unix", self._unix), ("abstract", self._abstract)):
            with contextlib.suppress(BlockingIOError):
                server.accept()[0].close()
                fired.append(f"a {name} connection")
        with contextlib.suppress(BlockingIOError):
            fired.append(f"a packet: {self._udp.recv(100)!r}")
        assert self._process.stdout is not None
        if heard := self._process.stdout.read():
            fired.append(f"signals: {heard!r}")
        if self._process.poll() is not None:
            fired.append(f"the process ended: {self._process.returncode}")
        elif Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt":
            fired.append("the process was stopped")
            self._process.send_signal(signal.SIGCONT)
        return fired

    def plainly(self, code: str) -> list[str]:
        """Run a program as plain Python, and say what it did. A process that it started may need a moment."""
        if self._plain is None:
            self._plain = subprocess.Popen(
                [sys.executable, "-c", _PLAIN],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "CANARY": self.secret},
            )
        assert self._plain.stdin is not None
        assert self._plain.stdout is not None
        self._plain.stdin.write(json.dumps(self.name(code)) + "\n")
        self._plain.stdin.flush()
        said = json.loads(self._plain.stdout.readline())
        end = time.monotonic() + 5
        while not (fired := [*self.fired(said), *internals(said)]):
            if time.monotonic() > end:
                return []
            time.sleep(0.02)
        self.said = said
        return fired

    def close(self) -> None:
        for process in (self._process, self._plain):
            if process is not None:
                process.kill()
                process.wait()
                for stream in (process.stdin, process.stdout):
                    if stream is not None:
                        with contextlib.suppress(BrokenPipeError):
                            stream.close()
        for server in (self._tcp, self._udp, self._unix, self._abstract):
            server.close()
        shutil.rmtree(self._root)


_INTERNALS = (
    "OWNED",
    "(built-in)>",
    "(frozen)>",
    " from '/",
    "__builtins__",
    "__subclasshook__",
    "<frame ",
    "<code object",
    "<traceback ",
    "site-packages",
    "codeact",
    "<class 'os.",
    "<built-in function open>",
    "<built-in function eval>",
    "<built-in function exec>",
)


def internals(text: str) -> list[str]:
    """Parts of the interpreter that a program's output tells of, which the language keeps from it."""
    return [f"told of {part!r}" for part in _INTERNALS if part in text]
