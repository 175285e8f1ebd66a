# ruff: noqa: E501  (programs in strings: a line is a program)
"""Processes: nothing is left when the host goes, forks of the host work, an ordinary user has the same wall."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *prefix: str, **options: object) -> subprocess.Popen[str]:
    command = [*prefix, sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]


def finished(process: subprocess.Popen[str]) -> str:
    out, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    return out


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def below(pid: int) -> set[int]:
    """All processes under this one."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            child = int(stat.parent.name)
            found |= {child} | below(child)
    return found


@pytest.mark.parametrize(
    "doing",
    ["pass", "sandbox.run('from itertools import count\\nsum(count())')", "sandbox.branch().run('while True: pass')"],
)
def test_a_host_killed_leaves_no_process(doing: str) -> None:
    host = python(
        f"""
        import sys, threading, time
        from codeact.sandbox import Limits, Sandbox
        sandbox = Sandbox(limits=Limits(wall_s=100, cpu_s=100))
        sandbox.run("x = 1")
        threading.Thread(target=lambda: {doing.replace("pass", "0") if doing == "pass" else doing}, daemon=True).start()
        time.sleep(0.3)
        print("ready", flush=True)
        time.sleep(100)
        """
    )
    assert host.stdout is not None
    assert host.stdout.readline() == "ready\n"
    ours = below(host.pid)
    assert len(ours) >= 2
    host.send_signal(signal.SIGKILL)
    host.wait()
    deadline = time.monotonic() + 2
    while any(alive(pid) for pid in ours) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in ours if alive(pid)]


def test_a_host_that_ends_in_any_way_ends_at_once() -> None:
    for ending in ("", "sys.exit(0)", "os._exit(0)"):
        started = time.monotonic()
        out = finished(
            python(
                f"""
                import os, sys
                from codeact.sandbox import Sandbox
                sandbox = Sandbox()
                print(sandbox.run("6 * 7").value, flush=True)
                {ending}
                """
            )
        )
        assert out == "42\n"
        assert time.monotonic() - started < 20


def test_a_fork_of_the_host_has_a_zygote_of_its_own() -> None:
    out = finished(
        python(
            """
            import os
            from codeact.sandbox import Sandbox, spawner
            sandbox = Sandbox()
            sandbox.run("x = 1")
            mine = spawner.spawner()._process.pid
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    with Sandbox() as other:
                        assert other.run("2 * 3").value == 6
                    assert spawner.spawner()._process.pid != mine
                    inherited = sandbox.run("1 + 1")          # starts anew here
                    assert inherited.value == 2
                    assert sandbox.run("x").error.type == "NameError"
                    sandbox.close()
                    status = 0
                finally:
                    spawner._close()
                    os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            print(sandbox.run("x").value)
            """
        )
    )
    assert out == "1\n"


def test_multiprocessing_by_fork_and_spawn(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(
        textwrap.dedent(
            """
            import multiprocessing
            from codeact.sandbox import Sandbox

            def work(number):
                with Sandbox() as sandbox:
                    return sandbox.run(f"{number} ** 2").value

            if __name__ == "__main__":
                assert work(2) == 4
                for method in ("fork", "spawn"):
                    with multiprocessing.get_context(method).Pool(2) as pool:
                        print(pool.map(work, range(4)))
            """
        )
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.stdout == "[0, 1, 4, 9]\n[0, 1, 4, 9]\n", done.stderr


def test_a_zygote_that_dies_is_replaced() -> None:
    from codeact.sandbox import Sandbox, spawner

    with Sandbox() as sandbox:
        sandbox.run("x = 1")
        os.kill(spawner.spawner()._process.pid, signal.SIGKILL)
        time.sleep(0.2)
        first = sandbox.run("x")
        assert not first.ok
        assert first.restarted
        assert sandbox.run("1 + 1").value == 2


def test_the_zygote_is_small_and_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    out = finished(
        python(
            """
            import os
            os.environ["SECRET_TOKEN"] = "hunter2"
            from codeact.sandbox import Sandbox, spawner
            sandbox = Sandbox(without=("filter",))
            pid = spawner.spawner()._process.pid
            assert b"hunter2" not in open(f"/proc/{pid}/environ", "rb").read()
            found = sandbox.run("import sys\\n[name for name in ('pydantic', 'codeact.tools', 'codeact.tools.tool', 'httpx') if name in sys.modules]")
            print(found.value)
            """
        )
    )
    assert out == "[]\n"


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root to become another user")
def test_an_ordinary_user_has_the_same_wall() -> None:
    """The same programs as root's, started by a user without privileges, from a copy that this user may read."""
    code = """
        from codeact.sandbox import Limits, Sandbox, level
        assert level().complete, str(level())
        attacks = {
            "fork": "import os\\nos.fork()",
            "thread": "import _thread\\n_thread.start_new_thread(print, ())",
            "file": "import posix\\nposix.open('/etc/passwd', 0)",
            "socket": "import _socket\\n_socket.socket()",
            "kill": "import posix\\nposix.kill(posix.getppid(), 9)",
            "memory": "x = bytearray(10**10)",
            "loop": "while True: pass",
        }
        with Sandbox(without=("filter",), limits=Limits(wall_s=0.5)) as sandbox:
            for name, attack in attacks.items():
                execution = sandbox.run(attack)
                assert not execution.ok, name
                print(name, execution.error.type)
            sandbox.run("x = 1")
            with sandbox.branch() as other:
                print(other.run("x + 1").value, sandbox.run("x").value)
                print(other.run("import os\\nos.fork()").error.type, sandbox.run("import os\\nos.fork()").error.type)
    """
    prefix = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    packages = [folder for folder in sys.path if folder.endswith("site-packages")]
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT / "sdk"), *packages]), "PYTHONDONTWRITEBYTECODE": "1"}
    same_version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    can_start = "import sys, subprocess, msgspec, numpy, pydantic, RestrictedPython; subprocess.run([sys.executable, '-c', ''], check=True)"
    for interpreter in (os.path.realpath(sys.executable), f"/usr/bin/{same_version}", f"/usr/local/bin/{same_version}"):
        trial = subprocess.run([*prefix, interpreter, "-c", can_start], env=environment, capture_output=True, cwd="/")
        if trial.returncode == 0:
            break
    else:
        pytest.skip("no Python of this version that another user can start")
    done = subprocess.run(
        [*prefix, interpreter, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "fork PermissionError",
        "thread RuntimeError",
        "file PermissionError",
        "socket PermissionError",
        "kill PermissionError",
        "memory MemoryError",
        "loop TimeLimit",
        "2 1",
        "PermissionError PermissionError",
    ]
