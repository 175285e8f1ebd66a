"""Run the sandbox's tests on each Python that it is verified on besides this one: what `make test-versions` does.

Each version that this machine has gets a small virtual environment of its own, `.venv-3.12` and so on: the base
requirements of setup.cfg and what the tests need, pinned by constraints.txt. The versions run at the same time, with
two processes each; what a version printed is shown when it has ended. A version that is not found is named, and is no
failure.
"""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from codeact.sandbox.levels import VERIFIED_PYTHONS

ROOT = Path(__file__).resolve().parents[1]
TESTS = ("tests/sandbox", "tests/language", "tests/escapes")
LEFT_OUT = (
    "tests/sandbox/test_benchmark_script.py",
    "tests/sandbox/test_hosts.py",
    "tests/sandbox/test_many_sessions.py",
    "tests/sandbox/test_pool.py",
)
"""What goes the same way on every Python, and takes long: it is tested on this one only."""
LEFT_OUT_NAMES = "a_mutated_frame_harms_no_host"
"""The same of tests by name: frames are read by code that is compiled."""
TEST_PACKAGES = ("hypothesis", "psutil", "pytest", "pytest-rerunfailures", "pytest-timeout", "pytest-xdist")
TIMEOUT_S = 1_200


def main() -> int:
    """Test on all versions that are there; 1 if one failed."""
    others = [version for version in VERIFIED_PYTHONS if version != sys.version_info[:2]]
    found = {version: interpreter for version in others if (interpreter := find(version))}
    for version in others:
        if version not in found:
            print(f"Python {_dotted(version)}: not found on PATH nor in pyenv, so the sandbox is not tested on it here")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leaves through `_finish`, which ends what was started
    started = {version: _start(version, interpreter) for version, interpreter in found.items()}
    try:
        return max([_finish(version, process) for version, process in started.items()], default=0)
    finally:  # at a Ctrl-C too
        for process in started.values():
            if process.poll() is None:
                _end(process)


def find(version: tuple[int, int]) -> str | None:
    """The interpreter of a version that can make virtual environments: from PATH, else the newest in pyenv."""
    can = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {version})"
    for candidate in _candidates(version):
        try:
            trial = subprocess.run([candidate, "-c", can], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError:
            continue
        if trial.returncode == 0:
            return candidate
    return None


def _candidates(version: tuple[int, int]) -> Iterator[str]:
    on_path = shutil.which(f"python{_dotted(version)}")
    if on_path:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = pyenv.glob(f"versions/{_dotted(version)}.*/bin/python")
    newest_first = sorted(installed, key=lambda path: [*map(int, re.findall(r"\d+", path.parts[-3]))], reverse=True)
    yield from map(str, newest_first)


def _start(version: tuple[int, int], interpreter: str) -> subprocess.Popen[bytes]:
    """Start this file's other half, which sets the environment up and then becomes pytest."""
    with open(_log(version), "wb") as log:
        return subprocess.Popen(
            [sys.executable, __file__, _dotted(version), interpreter],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            process_group=0,
        )


def _finish(version: tuple[int, int], process: subprocess.Popen[bytes]) -> int:
    log = _log(version)
    try:
        code = process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
        print(f"Python {_dotted(version)}: the tests had not ended after {TIMEOUT_S} s")
        code = 1
    _end(process)
    print(f"\n---- Python {_dotted(version)} ----", flush=True)
    print(log.read_text(errors="replace"), end="", flush=True)
    return int(code != 0)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what a version's tests left: all that pytest started is in its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def run_on(version: str, interpreter: str) -> int:
    """Set up the environment of one version, where it is not up to date, and run the tests in it."""
    environment = ROOT / f".venv-{version}"
    python = environment / "bin/python"
    wanted = [*_base_requirements(), *TEST_PACKAGES]
    pins = ROOT / "constraints.txt"
    state = hashlib.sha256("\n".join([interpreter, *wanted, pins.read_text()]).encode()).hexdigest()
    stamp = environment / ".installed"
    if not stamp.exists() or stamp.read_text() != state:
        start = time.monotonic()
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run([interpreter, "-m", "venv", str(environment)], check=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--prefer-binary", "-qq"]
        subprocess.run([*pip, "--constraint", str(pins), *wanted], check=True)
        stamp.write_text(state)
        print(f"set up {environment.name} in {time.monotonic() - start:.0f} s", flush=True)
    tests = [folder for folder in TESTS if (ROOT / folder).is_dir()]
    path = os.pathsep.join(str(ROOT / folder) for folder in ("sdk", "envs", "tool_adapters"))
    workers = ["-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [
            *(str(python), "-m", "pytest", "-q", *workers),
            *(f"--ignore={file}" for file in LEFT_OUT),
            *("-k", f"not {LEFT_OUT_NAMES}", *tests),
        ],
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
    )
    return done.returncode


def _base_requirements() -> list[str]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["options"]["install_requires"].split("\n")[1:]


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _log(version: tuple[int, int]) -> Path:
    return ROOT / f".venv-{_dotted(version)}.log"


if __name__ == "__main__":
    sys.exit(run_on(*sys.argv[1:]) if len(sys.argv) == 3 else main())
