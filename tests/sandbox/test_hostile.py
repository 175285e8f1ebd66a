# ruff: noqa: E501  (programs as tables: a line is a program)
"""Programs that mean harm end with a clear error, and the session goes on. What they could do to the host: tests/escapes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Execution, Limits, Sandbox
from codeact.tools import Toolbox, tool

LIMITS = Limits(wall_s=1.0, cpu_s=1.0, memory_mb=128, output_chars=5_000, calls=50)
BOTH = ("filter and wall", "wall only")


@tool(effect="read")
def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


@pytest.fixture(scope="module", params=BOTH)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    without = ("filter",) if request.param == "wall only" else ()
    with Sandbox(Toolbox([double]), limits=LIMITS, without=without) as made:
        yield made


@pytest.fixture(scope="module")
def behind_wall() -> Iterator[Sandbox]:
    with Sandbox(Toolbox([double]), limits=LIMITS, without=("filter",)) as made:
        yield made


def harmless(sandbox: Sandbox, code: str, *errors: str) -> Execution:
    """Run it; it must fail with one of these errors, in time, and the session must go on."""
    started = time.monotonic()
    execution = sandbox.run(code)
    assert time.monotonic() - started < 15, "control did not come back in time"
    assert not execution.ok, execution
    assert execution.error is not None
    assert not errors or execution.error.type in errors, execution.error.text
    assert execution.error.message
    after = sandbox.run("print('still here', double(21))\n6 * 7")
    assert after.ok, after.error
    assert after.stdout == "still here 42\n"
    assert after.value == 42
    return execution


# ---- what is used up --------------------------------------------------------------------------------------------------


@pytest.mark.real_time
def test_a_memory_bomb(sandbox: Sandbox) -> None:
    execution = harmless(sandbox, "kept = []\nwhile True:\n    kept.append(bytearray(10_000_000))", "MemoryError")
    assert execution.error is not None
    assert "memory" in execution.error.message


@pytest.mark.real_time
def test_an_endless_loop(sandbox: Sandbox) -> None:
    sandbox.run("kept = 'alive'")
    execution = harmless(sandbox, "while True:\n    pass", "TimeLimit")
    assert not execution.restarted
    assert execution.error is not None
    assert execution.error.line in (1, 2)
    assert sandbox.run("kept").value == "alive"


def test_an_endless_loop_that_catches_everything(sandbox: Sandbox) -> None:
    code = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n    finally:\n        continue"
    harmless(sandbox, code, "TimeLimit")


def test_an_endless_sum(sandbox: Sandbox) -> None:
    """It runs in C and hears no interrupt: its worker is ended, and the error says what was lost."""
    sandbox.run("kept = 1")
    execution = harmless(sandbox, "from itertools import count\nsum(count())", "TimeLimit")
    assert execution.restarted
    assert execution.error is not None
    assert "variables" in execution.error.message
    assert sandbox.run("kept").error is not None


@pytest.mark.real_time
def test_a_long_sleep(sandbox: Sandbox) -> None:
    sandbox.run("kept = 1")
    assert not harmless(sandbox, "import time\ntime.sleep(1000)", "TimeLimit").restarted
    assert sandbox.run("kept").value == 1


@pytest.mark.real_time
def test_an_output_flood(sandbox: Sandbox) -> None:
    execution = harmless(sandbox, "while True:\n    print('x' * 100)", "OutputLimit")
    assert execution.truncated_output
    assert len(execution.stdout) <= LIMITS.output_chars
    assert not execution.restarted


FORGE = """
import _socket, struct
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 3)
line.sendall({data})
line.detach()
import time
time.sleep(0.3)
"""


def test_a_forged_end_counts_for_nothing_later() -> None:
    """A program that claims to have ended and goes on is ended with the next run."""
    done = "struct.pack('<I', 7) + b'\\x96\\x0d\\x01\\x01\\xa0\\xc0\\xc2'"
    with Sandbox(Toolbox([double]), limits=LIMITS, without=("filter",)) as sandbox:
        forged = sandbox.run(FORGE.format(data=done).replace("0.3", "30"))
        assert forged.ok
        assert forged.value == 1
        late = sandbox.run("2")
        assert late.error is not None
        assert late.error.type in ("TimeLimit", "ProtocolError")
        assert late.restarted
        assert sandbox.run("double(4)").value == 8


PATCHED = """
import sys, time
line = sys.modules["codeact.sandbox.process.worker"]._serving[0]._line
wire = sys.modules["codeact.sandbox.wire"]
{method} = line.{method}
forged = wire.frame({forged})
def forge(*given):
    {method}(*given)
    line.{method} = {method}
    time.sleep(0.05)
    mailbox = line._mailbox
    {how}
line.{method} = forge
"""
THROUGH_SOCKET = "line._socket.sendall(forged)"
THROUGH_MAILBOX = "mailbox.under_way, mailbox.words[mailbox._awake_there] = False, 1; mailbox.post(forged)"


@pytest.mark.parametrize("how", [THROUGH_SOCKET, THROUGH_MAILBOX, "line._socket.sendall(forged[:5])"])
@pytest.mark.parametrize("forged", ["wire.Call('open_gripper', [], {})", "wire.Done(2, 5, '5', None, False)"])
def test_a_frame_between_two_programs_is_not_taken_for_the_next(how: str, forged: str) -> None:
    opened: list[bool] = []

    @tool(effect="physical")
    def open_gripper() -> None:
        """Open the gripper."""
        opened.append(True)

    with Sandbox(Toolbox([open_gripper]), limits=LIMITS, without=("filter",)) as sandbox:
        assert sandbox.run(PATCHED.format(method="send", how=how, forged=forged)).ok
        time.sleep(0.5)
        late = sandbox.run("2")
        assert late.error is not None
        assert late.error.type == "ProtocolError"
        assert "between two programs" in late.error.message
        assert late.restarted
        assert not opened
        assert not late.calls
        assert sandbox.run("2").value == 2


@pytest.mark.parametrize("how", [THROUGH_SOCKET, THROUGH_MAILBOX])
def test_nor_is_one_of_a_branch(how: str) -> None:
    code = PATCHED.format(method="become", how=how, forged="wire.Printed('forged')")
    with Sandbox(limits=LIMITS, without=("filter",)) as sandbox:
        assert sandbox.run(code).ok
        with sandbox.branch() as branch:
            time.sleep(0.5)
            late = branch.run("2")
            assert late.error is not None
            assert late.error.type == "ProtocolError"
            assert not late.stdout
        assert sandbox.run("3").value == 3


@pytest.mark.parametrize("process", [-1, 1, 2**31, 2**63])
def test_a_branch_that_names_no_process_of_its_own_disturbs_no_other_session(process: int) -> None:
    code = f"""
import sys
line = sys.modules["codeact.sandbox.process.worker"]._serving[0]._line
wire = sys.modules["codeact.sandbox.wire"]
send = line.send
line.send = lambda message: send(wire.Branched({process}) if isinstance(message, wire.Branched) else message)
"""
    with Sandbox() as other, Sandbox(limits=LIMITS, without=("filter",)) as sandbox:
        other.run("kept = 1")
        assert sandbox.run(code).ok
        with pytest.raises(SandboxError, match="could not branch"):
            sandbox.branch()
        assert other.run("kept").value == 1
        assert sandbox.run("2").value == 2


def test_arguments_of_a_wrong_type(sandbox: Sandbox) -> None:
    execution = harmless(sandbox, "double('21')", "ArgumentError")
    assert execution.error is not None
    assert "number" in execution.error.message
    harmless(sandbox, "double(object())", "UnsupportedValue", "TypeError", "Exception")
    harmless(sandbox, "double(None)", "ArgumentError")
    harmless(sandbox, "double(1, 2)", "ArgumentError")
    harmless(sandbox, "double(x=1)", "ArgumentError")
    harmless(sandbox, "a = []\nfor i in range(100): a = [a]\ndouble(a)", "UnsupportedValue", "TypeError", "Exception")


def test_too_many_calls(sandbox: Sandbox) -> None:
    execution = harmless(sandbox, "while True:\n    try:\n        double(1)\n    except:\n        pass", "CallLimit")
    assert len(execution.calls) == LIMITS.calls


# ---- what else the wall has to hold -----------------------------------------------------------------------------------


def test_no_descriptor_is_left_open(behind_wall: Sandbox) -> None:
    code = """
import posix
found = []
for number in range(200):
    try:
        posix.lseek(number, 0, 1)
        found.append(number)
    except OSError as problem:
        if problem.errno != 9:  # not "bad file descriptor"
            found.append(number)
found
"""
    assert behind_wall.run(code).value == [0, 1, 2, 3]


def test_no_descriptor_can_be_sent(behind_wall: Sandbox) -> None:
    """A file that is on its way through a socket takes room on the disk where nobody sees it."""
    code = """
import _socket, array
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 3)
try:
    line.sendmsg([bytes(4)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [0]))])
finally:
    line.detach()
"""
    harmless(behind_wall, code, "PermissionError")


def test_no_environment_is_left(behind_wall: Sandbox) -> None:
    assert behind_wall.run("import os\nsorted(os.environ)").value == []


def test_no_secret_of_the_host_is_in_memory(behind_wall: Sandbox) -> None:
    code = "import sys\nsorted(name for name in sys.modules if name.split('.')[0] in ('pydantic', 'pytest', 'httpx', 'asyncpg'))"
    assert behind_wall.run(code).value == []
    tools = "import sys\nsorted(name for name in sys.modules if name.startswith('codeact.tools'))"
    assert behind_wall.run(tools).value == []


def test_no_memory_can_be_made_executable(behind_wall: Sandbox) -> None:
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_long
address = libc.mmap(None, ctypes.c_size_t(4096), {protection}, 0x22, -1, ctypes.c_long(0))
if address == -1:
    raise OSError(ctypes.get_errno(), "refused")
address > 0
"""
    assert behind_wall.run(code.format(protection=3)).value is True, "plain memory can be had"
    harmless(behind_wall, code.format(protection=7), "PermissionError")


def test_a_crash_of_the_interpreter(behind_wall: Sandbox) -> None:
    execution = harmless(behind_wall, "import ctypes\nctypes.string_at(0)", "WorkerLost")
    assert execution.error is not None
    assert "SIGSEGV" in execution.error.message
    harmless(behind_wall, "import posix\nposix._exit(3)", "WorkerLost")


def test_each_layer_alone_still_holds_what_it_claims() -> None:
    read = "import posix\nposix.open('/etc/passwd', 0)"
    for without in (("filter", "seccomp"), ("filter", "landlock"), ("filter", "uid"), ("filter", "rlimits")):
        with Sandbox(limits=LIMITS, without=without) as sandbox:
            error = sandbox.run(read).error
            assert error is not None, without
            assert error.type == "PermissionError"


def test_terminal_escapes_are_stripped(sandbox: Sandbox) -> None:
    execution = sandbox.run(r"print('\x1b]0;owned\x07\x1b[31mred\x1b[0m \x9b2J\u202eabc\x00\x08')" + "\n'\\x1b[2J'")
    assert execution.stdout == "red abc\n"
    assert "\x1b" not in execution.observation()


# ---- many at once -----------------------------------------------------------------------------------------------------


def test_a_hostile_session_does_not_disturb_its_neighbours() -> None:
    results: list[object] = []
    with Sandbox(limits=LIMITS) as hostile, Sandbox() as neighbour:
        thread = threading.Thread(target=lambda: hostile.run("x = 10 ** 10 ** 8"))
        thread.start()
        results = [neighbour.run(f"{number} + 1").value for number in range(50)]
        thread.join()
    assert results == list(range(1, 51))
