"""What goes on when no call does: it is stopped when its program does not come to its end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from codeact.sandbox import Limits, Sandbox
from codeact.tools import Toolbox, tool


class Belt:
    def __init__(self) -> None:
        self.speed = 0.0
        self.stopped: list[float] = []

    @tool(effect="physical")
    def run(self, speed: float) -> None:
        """Run on at a speed."""
        self.speed = speed

    @tool(effect="read")
    def look(self) -> float:
        """Take two seconds for it."""
        time.sleep(2)
        return self.speed

    def halt(self) -> str:
        self.stopped.append(self.speed)
        self.speed = 0.0
        return "the belt rests"

    def box(self, lingers: bool = True) -> Toolbox:
        belt = Toolbox([self.run], name="belt", stop=self.halt, lingers=lingers)
        return Toolbox([belt, Toolbox([self.look], name="eye")])


def test_a_program_that_comes_to_its_end_leaves_it_going() -> None:
    belt = Belt()
    with Sandbox(belt.box()) as sandbox:
        assert sandbox.run("belt.run(0.2)").ok
    assert (belt.speed, belt.stopped) == (0.2, [])


def test_an_error_stops_it_and_says_so() -> None:
    belt = Belt()
    with Sandbox(belt.box()) as sandbox:
        result = sandbox.run("belt.run(0.2)\n1 / 0")
    assert result.error is not None
    assert result.error.type == "ZeroDivisionError"
    assert "(the belt rests)" in result.error.text
    assert belt.stopped == [0.2]


def test_what_does_not_linger_is_left_alone() -> None:
    belt = Belt()
    with Sandbox(belt.box(lingers=False)) as sandbox:
        sandbox.run("belt.run(0.2)\n1 / 0")
    assert belt.stopped == []


def test_a_limit_stops_it() -> None:
    belt = Belt()
    with Sandbox(belt.box(), limits=Limits(wall_s=0.3)) as sandbox:
        result = sandbox.run("belt.run(0.2)\nwhile True: pass")
    assert result.error is not None
    assert result.error.type == "TimeLimit"
    assert belt.stopped == [0.2]


@pytest.mark.parametrize("waits_in", ["while True: pass", "eye.look()"])
def test_an_interrupt_and_a_lost_worker_stop_it_at_once(waits_in: str) -> None:
    belt = Belt()
    with Sandbox(belt.box()) as sandbox:
        sandbox.run("")
        for end in (sandbox.interrupt, lambda: os.kill(sandbox._held[0].pid, signal.SIGKILL)):
            belt.stopped.clear()
            stopped_after: list[float] = []

            def ending(end: Callable[[], object], stopped_after: list[float]) -> None:
                while belt.speed == 0.0:
                    time.sleep(0.001)
                time.sleep(0.1)
                began = time.monotonic()
                end()
                while not belt.stopped and time.monotonic() < began + 5:
                    time.sleep(0.001)
                stopped_after.append(time.monotonic() - began)

            thread = threading.Thread(target=ending, args=(end, stopped_after))
            thread.start()
            result = sandbox.run(f"belt.run(0.2)\n{waits_in}")
            thread.join()
            assert result.error is not None
            assert result.error.type in ("Interrupted", "WorkerLost")
            assert belt.stopped == [0.2]
            assert stopped_after[0] < 1.0  # far sooner than the call that went on would have returned


def test_a_stop_path_that_fails_is_told() -> None:
    def fails() -> None:
        raise OSError("no answer")

    with Sandbox(Toolbox([Belt().run], stop=fails, lingers=True)) as sandbox:
        result = sandbox.run("nothing_of_that_name")
    assert result.error is not None
    assert "(a stop path failed: " in result.error.text
    assert "no answer" in result.error.text
