"""Interrupts: none is lost, none hits another program; what a stop path left is told; the clocks are separate."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from codeact.sandbox import Execution, Limits, Sandbox, stopping
from codeact.sandbox.connection import Connection
from codeact.tools import Toolbox, tool

LONG = Limits(wall_s=60, cpu_s=60, tool_s=60)
COUNT = "from itertools import count\nsum(count())"

pytestmark = pytest.mark.real_time  # who does not hear an interrupt in time is ended, and its variables are lost


class Carriage:
    """Something that moves until it is told to stop."""

    def __init__(self, deferred: bool) -> None:
        self.halt = threading.Event()
        self.at = 0.0
        self._deferred = deferred

    def stop(self) -> object:
        self.halt.set()
        return self.where if self._deferred else "brakes on"

    def where(self) -> str:
        return f"at rest at {self.at:g} m"

    def toolbox(self) -> Toolbox:
        @tool(effect="physical", stop=self.stop)
        def drive() -> None:
            """Drive."""
            self.halt.clear()
            self.halt.wait(60)
            time.sleep(0.05)
            self.at = 0.25

        return Toolbox([drive])


def interrupted(sandbox: Sandbox, code: str, after_s: float = 0.3) -> Execution:
    def strike() -> None:
        time.sleep(after_s)
        while not sandbox.interrupt():  # on a busy machine the program may not have been sent yet
            time.sleep(0.001)

    thread = threading.Thread(target=strike)
    thread.start()
    started = time.monotonic()
    execution = sandbox.run(code)
    thread.join()
    assert time.monotonic() - started < 30
    return execution


@pytest.mark.parametrize(("deferred", "state"), [(True, "at rest at 0.25 m"), (False, "brakes on")])
def test_an_error_tells_what_state_a_stopped_tool_left(deferred: bool, state: str) -> None:
    carriage = Carriage(deferred)
    with Sandbox(carriage.toolbox(), limits=Limits(tool_s=0.3)) as sandbox:
        execution = sandbox.run("drive()")
        assert execution.error is not None
        assert execution.error.type == "TimeLimit"
        assert f"stopped before it could finish: {state}" in execution.error.text
        assert [call.left for call in execution.calls] == [state]
        assert execution.code_seconds < execution.tool_seconds


def test_an_interrupt_tells_what_state_a_stopped_tool_left() -> None:
    carriage = Carriage(True)
    with Sandbox(carriage.toolbox(), limits=LONG) as sandbox:
        sandbox.run("x = 1")
        execution = interrupted(sandbox, "drive()")
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert "drive(), which was stopped: at rest at 0.25 m" in execution.error.text
        assert execution.calls[0].left == "at rest at 0.25 m"
        assert sandbox.run("x").value == 1


def test_the_state_is_told_where_the_tool_ends_before_its_stop_path_has_said_it() -> None:
    halt, said = threading.Event(), iter(["the belt stands at 3 m"])

    def stop() -> str:
        halt.set()
        time.sleep(0.4)  # longer than a stop path takes to be called again
        return next(said, "")  # for there is nothing left to stop then

    @tool(effect="physical", stop=stop)
    def run_belt() -> None:
        """Run the belt."""
        halt.wait(60)

    with Sandbox(Toolbox([run_belt]), limits=LONG) as sandbox:
        execution = interrupted(sandbox, "run_belt()")
        assert execution.error is not None
        assert "run_belt(), which was stopped: the belt stands at 3 m" in execution.error.text


def test_a_stop_that_comes_just_before_the_motion_is_called_again() -> None:
    """The tool forgets a stop that came while it was setting out."""
    carriage = Carriage(True)
    setting_out = threading.Event()

    @tool(effect="physical", stop=carriage.stop)
    def drive() -> None:
        """Drive."""
        setting_out.set()
        carriage.halt.wait(5)
        carriage.halt.clear()
        assert carriage.halt.wait(30)

    with Sandbox(Toolbox([drive]), limits=LONG) as sandbox:
        thread = threading.Thread(target=lambda: (setting_out.wait(30), sandbox.interrupt()))
        thread.start()
        execution = sandbox.run("drive()")
        thread.join()
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert execution.calls[0].ok


@pytest.mark.parametrize("code", ["while True: pass", "import time\ntime.sleep(60)", "wait()", "nap()"])
def test_an_interrupt_in_code_and_in_a_tool_that_blocks_keeps_the_variables(code: str) -> None:
    @tool(effect="read")
    def wait() -> None:
        """Returns late."""
        time.sleep(3)

    @tool(effect="read")
    async def nap() -> None:
        """Returns late."""
        await asyncio.sleep(3)

    with Sandbox(Toolbox([wait, nap]), limits=LONG) as sandbox:
        sandbox.run("x = 1")
        execution = interrupted(sandbox, code)
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert not execution.restarted
        assert sandbox.run("x").value == 1


def test_an_interrupt_in_c_code_restarts_and_names_what_was_lost() -> None:
    with Sandbox(limits=LONG) as sandbox:
        sandbox.run("import math\ntotal = 1\ndef area(r):\n    return math.pi * r * r\n_hidden = 2")
        execution = interrupted(sandbox, COUNT)
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert execution.restarted
        assert "are lost (math, total, area)" in execution.error.text
        assert sandbox.restarts == 1
        assert sandbox.run("1 + 1").value == 2


def test_an_interrupt_in_an_approval_lets_the_tool_not_run() -> None:
    ran: list[int] = []
    asked = threading.Event()

    @tool(effect="physical", stop=lambda: None)
    def move() -> None:
        """Move."""
        ran.append(1)

    def approve(call: object) -> None:
        asked.set()
        time.sleep(0.5)

    with Sandbox(Toolbox([move]), limits=LONG, approve=approve) as sandbox:
        thread = threading.Thread(target=lambda: (asked.wait(30), sandbox.interrupt()))
        thread.start()
        execution = sandbox.run("move()")
        thread.join()
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert ran == []


def test_an_interrupt_hits_its_own_run_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short programs and interrupts at any moment: each run is whole or interrupted, and a later one is never hit."""
    monkeypatch.setattr(stopping, "GRACE_S", 10.0)  # on a busy machine the worker may not even get a core in 0.04 s
    with Sandbox(limits=LONG) as sandbox:
        sandbox.run("kept = 1")
        stop = threading.Event()

        def interrupt_often() -> None:
            while not stop.is_set():
                sandbox.interrupt()
                time.sleep(0.003)

        thread = threading.Thread(target=interrupt_often)
        thread.start()
        try:
            kinds = set()
            for number in range(300):
                execution = sandbox.run(f"{number}")
                kinds.add(execution.error.type if execution.error is not None else "whole")
        finally:
            stop.set()
            thread.join()
        assert kinds <= {"whole", "Interrupted"}
        for number in range(50):
            assert sandbox.run(f"{number}").value in (number, None)
            execution = sandbox.run("sum(range(20_000))")
            assert execution.ok, execution.error
        assert sandbox.run("kept").value == 1


def test_an_interrupt_tells_whether_there_was_a_program_to_end() -> None:
    told: list[bool] = []

    @tool(effect="read")
    def interrupt() -> None:
        """Interrupt the program that calls this."""
        told.append(sandbox.interrupt())

    with Sandbox(Toolbox([interrupt]), limits=LONG) as sandbox:
        assert not sandbox.interrupt()
        assert sandbox.run("x = 1\nx").value == 1  # it was sent later: the interrupt was not meant for it
        execution = sandbox.run("interrupt()\nwhile True: pass")
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert told == [True]
        assert not sandbox.interrupt()
        assert sandbox.run("x").value == 1
    assert not sandbox.interrupt()


def test_an_interrupt_while_a_new_worker_is_asked_for_ends_the_program() -> None:
    class Late(Sandbox):
        told = False

        def _replace(self) -> None:
            self.told = self.interrupt()
            super()._replace()

    with Late(limits=LONG) as sandbox:
        sandbox.run("1")
        sandbox._held[0].close()
        execution = sandbox.run("while True: pass")
        assert sandbox.told
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert sandbox.run("1").value == 1


def test_a_program_that_prints_all_the_time_is_interrupted_softly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 10.0)  # on a busy machine the worker may not even get a core in 0.04 s
    with Sandbox(limits=Limits(wall_s=60, cpu_s=60, output_chars=10**9)) as sandbox:
        sandbox.run("x = 1")
        execution = interrupted(sandbox, "while True: print('x' * 9_000)")
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert not execution.restarted
        assert sandbox.run("x").value == 1


def test_a_program_that_ends_while_its_worker_is_ended_is_said_to_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    kill = Connection.kill

    def kill_late(connection: Connection) -> None:
        time.sleep(0.5)  # the program says that it has ended meanwhile
        kill(connection)

    monkeypatch.setattr(stopping, "GRACE_S", 0.0)
    with Sandbox(limits=LONG) as sandbox:
        sandbox.run("x = 1")
        monkeypatch.setattr(Connection, "kill", kill_late)
        execution = interrupted(sandbox, "while True: pass")
        assert execution.restarted
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert "all variables" in execution.error.message
        assert sandbox.run("1 + 1").value == 2


@pytest.mark.parametrize("code", ["while True: pass", COUNT, "wait()"])
def test_closing_from_another_thread_ends_the_program(code: str) -> None:
    @tool(effect="read")
    def wait() -> None:
        """Returns late."""
        time.sleep(3)

    sandbox = Sandbox(Toolbox([wait]), limits=LONG)
    sandbox.run("x = 1")
    thread = threading.Thread(target=lambda: (time.sleep(0.2), sandbox.close()))
    thread.start()
    started = time.monotonic()
    execution = sandbox.run(code)
    thread.join()
    assert time.monotonic() - started < 30
    assert execution.error is not None
    assert execution.error.type == "Interrupted"
    assert sandbox._held[0].gone


def test_an_interrupt_before_the_worker_is_there_ends_the_program() -> None:
    for _ in range(5):
        with Sandbox(limits=LONG) as sandbox:
            execution = interrupted(sandbox, "while True: pass", after_s=0.005)
            assert execution.error is not None
            assert execution.error.type == "Interrupted"


@pytest.mark.parametrize("code", ["while True: pass", COUNT, "wait()", "drive()"])
def test_ctrl_c_in_any_state_leaves_a_session_that_goes_on(code: str) -> None:
    carriage = Carriage(True)

    @tool(effect="read")
    def wait() -> None:
        """Returns late."""
        time.sleep(3)

    with Sandbox(Toolbox([carriage.toolbox(), wait]), limits=LONG) as sandbox:
        sandbox.run("x = 1")
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt) as raised:
            sandbox.run(code)
        assert time.monotonic() - started < 30
        notes = getattr(raised.value, "__notes__", [])
        execution = sandbox.run("x")
        if code == COUNT:
            assert any("restarted" in note for note in notes)
            assert "restarted" in execution.observation()
        else:
            assert notes == []
            assert execution.value == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: "spend(0.5)",
        lambda: "import asyncio\nasync def main():\n    await spend_async(0.5)\nasyncio.run(main())",
        lambda: "nested(0.5)",
    ],
)
def test_the_time_of_tools_and_approvals_is_not_the_programs(make: Callable[[], str]) -> None:
    inner = Sandbox(limits=Limits(wall_s=10))

    @tool(effect="read")
    def spend(seconds: float) -> None:
        """Take time."""
        time.sleep(seconds)

    @tool(effect="read")
    async def spend_async(seconds: float) -> None:
        """Take time."""
        await asyncio.sleep(seconds)

    @tool(effect="read")
    def nested(seconds: float) -> bool:
        """Run a program in a sandbox of its own."""
        return inner.run(f"import time\ntime.sleep({seconds})").ok

    def approve(call: object) -> None:
        time.sleep(0.5)

    with inner, Sandbox(Toolbox([spend, spend_async, nested]), limits=Limits(wall_s=2.5), approve=approve) as sandbox:
        sandbox.run("1")
        execution = sandbox.run("\n".join([make()] * 3))
        assert execution.ok, execution.error
        assert execution.tool_seconds >= 1.4
        assert execution.seconds >= 2.9
        assert execution.code_seconds < 2.5


class ProcessorClock:
    """Stands in for a connection to a worker: it has the clock of its processor time, and nothing else."""

    used_s = 1.0

    def cpu_seconds(self) -> float:
        return self.used_s


@pytest.mark.parametrize(
    ("passed_s", "used_s", "over"), [(0.03, 1, False), (0.1, 0, False), (0.1, 0.03, True), (0.6, 0, True)]
)
def test_a_worker_without_a_processor_is_given_time(
    monkeypatch: pytest.MonkeyPatch, passed_s: float, used_s: float, over: bool
) -> None:
    clock = ProcessorClock()
    grace = stopping.Grace(clock)  # type: ignore[arg-type]
    now = time.monotonic() + passed_s
    monkeypatch.setattr(stopping.time, "monotonic", lambda: now)
    clock.used_s += used_s
    assert grace.over is over
