"""Killed and stopped processes: of the host nothing is left, of the worker and the zygote the session goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Limits, Sandbox, spawner
from codeact.tools import PendingCall, Toolbox, tool

pytestmark = pytest.mark.real_time  # processes end in their own time

STATES = {
    "idle": "",
    "in code": "go(sandbox, 'while True: pass')",
    "in a C call": "go(sandbox, 'from itertools import count\\nsum(count())')",
    "ignoring everything": (
        "go(Sandbox(without=('filter',), limits=limits), 'import signal\\n"
        "for n in (1, 2, 15):\\n    signal.signal(n, signal.SIG_IGN)\\n"
        "while True:\\n    try:\\n        while True: pass\\n    except BaseException: pass')"
    ),
    "without the filter": "go(Sandbox(without=('filter',), limits=limits), 'while True: pass')",
    "branching": "threading.Thread(target=lambda: [sandbox.branch() for _ in range(200)], daemon=True).start()",
    "with 20 sessions": "[go(one, 'while True: pass') for one in [Sandbox(limits=limits) for _ in range(20)]]",
    "opening sessions": "threading.Thread(target=lambda: [Sandbox() for _ in range(500)], daemon=True).start()",
}
HOST = """
import sys, threading, time
from codeact.sandbox import Limits, Sandbox
limits = Limits(wall_s=100, cpu_s=100)
kept = []
def go(sandbox, code):
    kept.append(sandbox)
    sandbox.run("x = 1")
    threading.Thread(target=lambda: sandbox.run(code), daemon=True).start()
{first}
{state}
time.sleep({after})
print("ready", flush=True)
time.sleep(100)
"""


def running(marked: str) -> list[int]:
    """Processes that carry this as an argument and are more than an exit status."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            line = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if fields[0] not in "ZX" and marked.encode() in line.split(b"\0"):
            found.append(int(stat.parent.name))
    return found


def host(first: str, state: str, after: float) -> subprocess.Popen[str]:
    program = HOST.format(first=first, state=state, after=after)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def forking_host(program: str) -> subprocess.CompletedProcess[str]:
    """Run a host that forks, without the warning that Python 3.12 and later have for any fork beside threads."""
    arguments = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


def gone_after(process: subprocess.Popen[str]) -> float:
    """Kill a host. Returns how many seconds its zygote and workers, which carry its number as an argument, lived on."""
    number = str(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed = time.monotonic()
    while running(number) and time.monotonic() - killed < 10:
        time.sleep(0.02)
    return time.monotonic() - killed


@pytest.mark.parametrize("state", STATES)
def test_a_host_killed_leaves_nothing(state: str) -> None:
    process = host("sandbox = Sandbox(limits=limits)\nsandbox.run('x = 1')", STATES[state], 0.3)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        assert len(running(str(process.pid))) >= 2
        assert gone_after(process) < 5  # a second is promised; a busy machine may need longer to look


def watched(pid: int) -> bool:
    """Whether the kernel watches a descriptor of this process and ends it when the other end closes."""
    flags = []
    for info in Path(f"/proc/{pid}/fdinfo").glob("*"):
        with contextlib.suppress(OSError):
            flags.append(int(info.read_text().partition("flags:")[2].split()[0], 8))
    return any(flag & os.O_ASYNC for flag in flags)


@pytest.mark.parametrize("after_s", [0.05, 0.15, 0.3, 0.5])
def test_a_host_killed_while_the_zygote_starts_leaves_nothing(after_s: float) -> None:
    process = host("print('ready', flush=True)\nsandbox = Sandbox()", "", 0)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        assert gone_after(process) < 5  # a second is promised; a busy machine may need longer to look


def test_a_zygote_that_does_nothing_while_it_starts_ends_with_its_host() -> None:
    process = host("print('ready', flush=True)\nsandbox = Sandbox()", "", 0)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        zygote = 0
        while not (zygote and watched(zygote)):
            assert process.poll() is None
            zygote = next(iter(running(str(process.pid))), 0)
        os.kill(zygote, signal.SIGSTOP)  # as if it were in one long import: it can look for nothing
        try:
            assert watched(zygote), "it was stopped too late, when all was imported"
            assert gone_after(process) < 5
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(zygote, signal.SIGKILL)


def pid_of(sandbox: Sandbox) -> int:
    sandbox.run("1")
    return sandbox._held[0].pid


def forks_allowed(pid: int) -> str:
    limits = Path(f"/proc/{pid}/limits").read_text()
    return limits.partition("Max processes")[2].split()[0]


def test_a_branch_that_the_zygote_answers_too_late_allows_no_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox:
        pid, connection = pid_of(sandbox), sandbox._held[0]
        zygote = spawner.spawner()
        assert forks_allowed(pid) == "0"
        os.kill(zygote._process.pid, signal.SIGSTOP)
        try:
            monkeypatch.setattr(spawner.Ticket.wait, "__defaults__", (0.3,))
            with pytest.raises(SandboxError, match="does not answer"):
                connection.branch(Limits(), ())
        finally:
            os.kill(zygote._process.pid, signal.SIGCONT)
        monkeypatch.undo()
        zygote.open_branch(0).wait()  # it answers in turn: it has done what it was asked before
        assert forks_allowed(pid) == "0"
        assert sandbox.run("1 + 1").value == 2


def test_an_interrupt_while_a_branch_is_asked_for_allows_no_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with Sandbox() as sandbox:
        pid, connection = pid_of(sandbox), sandbox._held[0]
        monkeypatch.setattr(spawner.Ticket, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            connection.branch(Limits(), ())
        monkeypatch.undo()
        spawner.spawner().open_branch(0).wait()
        assert forks_allowed(pid) == "0"
        assert sandbox.run("1 + 1").value == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_killed_between_runs(number: int) -> None:
    with Sandbox() as sandbox:
        sandbox.run("x = 1")
        os.kill(pid_of(sandbox), number)
        time.sleep(0.2)
        execution = sandbox.run("x")
        assert execution.error is not None
        assert execution.error.type == "WorkerLost"
        assert signal.Signals(number).name in execution.error.text
        assert "(x)" in execution.error.text
        assert execution.restarted
        assert sandbox.run("1 + 1").value == 2


@pytest.mark.parametrize("at", ["in the tool", "just before it"])
def test_a_worker_killed_while_a_tool_moves_something(at: str) -> None:
    """The tool is stopped at once, and not at its deadline; one that has not begun does not begin."""
    halt, moving = threading.Event(), threading.Event()
    began: list[float] = []

    @tool(effect="physical", stop=halt.set)
    def drive() -> None:
        """Drive."""
        began.append(time.monotonic())
        halt.clear()
        moving.set()
        halt.wait(60)

    def approve(call: PendingCall) -> None:
        if armed and at == "just before it":
            os.kill(sandbox._held[0].pid, signal.SIGKILL)
            time.sleep(0.2)

    def strike() -> None:
        assert moving.wait(30)
        os.kill(sandbox._held[0].pid, signal.SIGKILL)

    armed = False
    with Sandbox(Toolbox([drive]), limits=Limits(tool_s=60), approve=approve) as sandbox:
        threading.Timer(0.05, lambda: (moving.wait(30), halt.set())).start()
        assert sandbox.run("x = 1\ndrive()").ok
        armed = True
        moving.clear()
        before = len(began)
        if at == "in the tool":
            threading.Thread(target=strike).start()
        started = time.monotonic()
        execution = sandbox.run("drive()")
        assert time.monotonic() - started < 10
        assert execution.error is not None
        assert execution.error.type == "WorkerLost"
        assert execution.restarted
        if at == "in the tool":
            assert "SIGKILL" in execution.error.text
            assert "while drive() ran, which was stopped" in execution.error.text
        else:
            assert len(began) == before
        assert sandbox.run("1 + 1").value == 2


@pytest.mark.parametrize("filled", ["d.extend(range(10**6))", "d.append([0] * 1000)", "d.append(bytearray(10**6))"])
def test_a_session_that_has_filled_its_memory_goes_on_by_itself(filled: str) -> None:
    with Sandbox(limits=Limits(memory_mb=64, wall_s=60, cpu_s=60)) as sandbox:
        sandbox.run("kept, d = 7, []")
        execution = sandbox.run(f"while True:\n    {filled}")
        assert execution.error is not None
        assert execution.error.type == "MemoryError"
        assert "limit memory_mb allows 64" in execution.error.text
        if execution.restarted:
            assert "(kept, d)" in execution.error.text or "(d, kept)" in execution.error.text
            assert sandbox.run("kept").error is not None
        else:
            assert sandbox.run("kept").value == 7
        assert sandbox.run("1 + 1").value == 2
        assert sandbox.run("def f():\n    return sum(range(1000))\nf()").value == 499_500


def test_a_request_for_too_much_leaves_the_session_as_it_was() -> None:
    with Sandbox(limits=Limits(memory_mb=64)) as sandbox:
        sandbox.run("kept = 7")
        execution = sandbox.run("x = bytearray(10**9)")
        assert execution.error is not None
        assert execution.error.type == "MemoryError"
        assert not execution.restarted
        assert sandbox.run("kept").value == 7


def test_a_worker_that_is_stopped_meets_its_limit() -> None:
    with Sandbox(limits=Limits(wall_s=1)) as sandbox:
        os.kill(pid_of(sandbox), signal.SIGSTOP)
        execution = sandbox.run("1")
        assert execution.error is not None
        assert execution.error.type == "TimeLimit"
        assert execution.restarted
        assert sandbox.run("1 + 1").value == 2


def test_a_worker_that_ends_itself() -> None:
    with Sandbox(without=("filter",)) as sandbox:
        for code in (
            "import os\nos._exit(3)",
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\nwhile True: pass",
        ):
            execution = sandbox.run(code)
            if execution.ok or (execution.error is not None and execution.error.type == "PermissionError"):
                continue  # the wall lets no signal out
            assert execution.error is not None
            assert execution.error.type in ("WorkerLost", "TimeLimit")
        assert sandbox.run("1 + 1").value == 2


@pytest.mark.parametrize("running_code", [True, False])
def test_a_zygote_killed(running_code: bool) -> None:
    with Sandbox(limits=Limits(wall_s=20)) as sandbox, Sandbox() as other:
        sandbox.run("x = 1")
        other.run("x = 1")
        zygote = spawner.spawner()._process.pid
        if running_code:
            threading.Timer(0.3, lambda: os.kill(zygote, signal.SIGKILL)).start()
            execution = sandbox.run("while True: pass")
        else:
            os.kill(zygote, signal.SIGKILL)
            time.sleep(0.3)
            execution = sandbox.run("x")
        assert execution.error is not None
        assert execution.error.type == "WorkerLost"
        assert sandbox.run("1 + 1").value == 2
        assert other.run("x").restarted
        assert other.run("2 + 2").value == 4


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "threading.Thread(target=lambda: sys.exit(3)).start()",
        "thread = threading.Thread(target=lambda: sandbox.run('1 + 1')); thread.start(); thread.join()",
        "threading.Thread(target=lambda: sandbox.run('while True: pass'), daemon=True).start(); time.sleep(0.3)",
        "pool = SandboxPool(size=2); [pool.session().__enter__() for _ in range(2)]",
        "asyncio.run(left_open())",
        "sandbox.run('hang()')",
        "import atexit; atexit.register(lambda: sandbox.run('1'))",
    ],
)
def test_a_host_that_ends_without_closing_is_quiet_and_quick(ending: str) -> None:
    program = f"""
import asyncio, sys, threading, time
from codeact.sandbox import AsyncSandbox, Limits, Sandbox, SandboxPool
from codeact.tools import Toolbox, tool
@tool(effect="read")
def hang() -> None:
    '''Never returns.'''
    time.sleep(1000)
async def left_open():
    sandbox = AsyncSandbox()
    await sandbox.run("1")
    task = asyncio.ensure_future(sandbox.run("while True: pass"))
    await asyncio.sleep(0.2)
sandbox = Sandbox(Toolbox([hang]), limits=Limits(tool_s=0.3, wall_s=50))
sandbox.run("x = 1")
{ending}
print("end", flush=True)
"""
    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert (ended.stdout, ended.stderr) == ("end\n", "")
    assert time.monotonic() - started < 30


def test_a_host_that_forks_while_a_session_runs() -> None:
    program = """
import os, threading, time
from codeact.sandbox import Limits, Sandbox, SandboxPool, spawner
sandbox = Sandbox(limits=Limits(wall_s=60))
sandbox.run("x = 1")
thread = threading.Thread(target=lambda: sandbox.run("while True: pass"), daemon=True)
thread.start()
pool = SandboxPool(size=2)
time.sleep(0.5)
child = os.fork()
if child == 0:
    status = 1
    try:
        assert sandbox.run("1 + 1").value == 2   # starts anew here
        with pool.session(timeout_s=30) as fresh:
            assert fresh.run("2 + 2").value == 4
        status = 0
    finally:
        spawner._close()
        os._exit(status)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
sandbox.interrupt()
thread.join()
print(sandbox.run("x").value)
"""
    ended = forking_host(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1\n", "")


def test_tools_and_their_deadlines_work_in_a_fork_of_the_host() -> None:
    program = """
import os, time
from codeact.sandbox import Limits, Sandbox, spawner
from codeact.tools import PendingCall, Toolbox, tool
from codeact.tools import Toolbox, tool
stopped = []
@tool
def look() -> int:
    "Look."
    return 1
@tool(effect="physical", timeout_s=0.2, stop=lambda: stopped.append(True))
def go() -> None:
    "Go, until it is stopped."
    while not stopped:
        time.sleep(0.01)
sandbox = Sandbox(Toolbox([look, go]), limits=Limits(tool_s=30))
sandbox.run("look()")
assert sandbox.run("go()").error.type == "TimeoutError"
stopped.clear()
child = os.fork()
if child == 0:
    status = 1
    try:
        assert sandbox.run("look()").value == 1
        assert sandbox.run("go()").error.type == "TimeoutError"
        status = 0
    finally:
        spawner._close()
        os._exit(status)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(sandbox.run("look()").value)
"""
    ended = forking_host(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "1\n", "")


def test_a_fork_of_the_host_that_closes_the_sandbox_leaves_the_program_alone() -> None:
    program = """
import os, threading, time
from codeact.sandbox import Limits, Sandbox, spawner
from codeact.tools import PendingCall, Toolbox, tool
sandbox = Sandbox(limits=Limits(wall_s=60))
sandbox.run("import time")
ended = []
thread = threading.Thread(target=lambda: ended.append(sandbox.run("time.sleep(1.5)\\n7")))
thread.start()
time.sleep(0.3)
child = os.fork()
if child == 0:
    sandbox.close()
    time.sleep(0.5)
    spawner._close()
    os._exit(0)
os.waitpid(child, 0)
thread.join()
print(ended[0].value)
"""
    ended = forking_host(program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "7\n", "")
