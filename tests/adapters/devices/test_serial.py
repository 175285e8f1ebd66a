"""A pump on a serial line: the other end of a pseudo-terminal."""

from __future__ import annotations

import contextlib
import copy
import os
import select
import signal
import threading
import time
import tty
from collections.abc import Callable, Iterator
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import pytest
from other_ends import wait_until

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import DeviceError, DeviceLost, DeviceTimeout, serial

MANIFEST: dict[str, Any] = {
    "device": "pump",
    "serial": {"timeout_s": 20.0, "line_end": "\r\n", "checksum": "xor", "refusal": "ERR {}"},
    "points": {
        "flow": {
            "ask": "F?", "answer": "F={}", "set": "F={}", "acknowledge": "OK", "type": "float", "format": ".3f",
            "unit": "ml/s", "range": [0, 5], "access": "read-write", "effect": "physical", "confirm": True,
        },
        "on": {
            "ask": "P?", "answer": "P={}", "set": "P={}", "acknowledge": "OK", "type": "bool", "words": ["0", "1"],
            "access": "read-write", "effect": "physical",
        },
        "pressure": {"ask": "B?", "answer": "B={} mbar", "type": "int", "scale": 100, "unit": "Pa"},
        "label": {"set": "L={}", "type": "str", "access": "write", "effect": "write"},
    },
    "commands": {
        "dose": {
            "send": "D {volume} {times}", "answer": "D done {}", "effect": "physical", "timeout_s": 20.0,
            "arguments": {"volume": {"type": "float", "unit": "ml", "range": [0, 10]}, "times": {"type": "int"}},
            "returns": {"type": "float", "unit": "ml"},
        },
    },
    "stop": {"on": False, "flow": 0},
}  # fmt: skip


class Pump:
    """The device.

    Attributes:
        lines: what came.
        answers: what is said instead of the right answer, by request; None for nothing.
        held: requests whose answers, and all that come after them, are held back.
        answered: how many requests.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self.state = {"F": "0.000", "P": "0"}
        self.answers: dict[str, bytes | None] = {}
        self.held: set[str] = set()
        self.answered = 0
        self.plug_in()

    def plug_in(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        self.slave = slave
        self.pulled, self.pull = os.pipe()
        self.gone = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(self.master, self.pulled, self.gone), daemon=True)
        self.thread.start()

    def pull_out(self) -> None:
        # The thread must be off the file before it is closed: the next one that is opened gets its number.
        self.path.unlink()
        self.gone.set()
        os.write(self.pull, b"x")
        self.thread.join(1.0)  # longer only where an answer is held back
        for each in (self.slave, self.master, self.pulled, self.pull):
            os.close(each)

    def serve(self, master: int, pulled: int, gone: threading.Event) -> None:
        waiting = b""
        while True:
            try:
                select.select([master, pulled], [], [])
                if gone.is_set():
                    return
                waiting += os.read(master, 1024)
            except OSError:
                return
            while b"\r\n" in waiting:
                line, waiting = waiting.split(b"\r\n", 1)
                body, _, digits = line.rpartition(b"*")
                assert int(digits, 16) == reduce(xor, body)
                self.lines.append(body.decode())
                said = self.answer(body.decode())
                if gone.is_set():
                    return
                if said is not None:
                    with contextlib.suppress(OSError):  # the cable was pulled
                        os.write(master, said)
                self.answered += 1

    def answer(self, line: str) -> bytes | None:
        wait_until(lambda: line not in self.held)
        if line in self.answers:
            return self.answers[line]
        name, _, value = line.partition("=")
        if line.endswith("?"):
            text = f"{name[0]}={self.state.get(name[0], '')}" if name[0] != "B" else "B=1013 mbar"
        elif value and name in self.state:
            self.state[name] = value
            text = "OK"
        elif name == "L":
            return None
        elif line.startswith("D "):
            text = f"D done {float(line.split()[1]) * int(line.split()[2]):.1f}"
        else:
            text = "ERR unknown"
        return f"{text}*{reduce(xor, text.encode()):02X}\r\n".encode()


@pytest.fixture
def pump(tmp_path: Path) -> Iterator[Pump]:
    made = Pump(tmp_path / "ttyPump")
    yield made
    made.pull_out()


@pytest.fixture
def box(pump: Pump, timeout_s: float) -> Iterator[Toolbox]:
    manifest = MANIFEST | {"serial": {**MANIFEST["serial"], "timeout_s": timeout_s}}
    with serial(manifest, port=str(pump.path)) as made:
        yield made


def test_lines_go_out_and_come_back(run: Callable[[str], Any], pump: Pump) -> None:
    assert run("pump.set_flow(1.25)\npump.flow()") == 1.25
    assert run("pump.set_on(True)\npump.on(), pump.pressure()") == (True, 101300.0)
    assert run("pump.dose(2.5, times=2)") == 5.0
    assert run("pump.set_label('a b')") is None
    assert run("pump.wait_for('on', True, timeout_s=30)") is None
    sent = ["F=1.250", "F?", "F?", "P=1", "P?", "B?", "D 2.5 2", "L=a b", "P?"]
    assert pump.lines == sent
    assert "expected a number from 0 to 5" in run("pump.set_flow(6)")


def test_no_text_becomes_a_line_of_its_own(run: Callable[[str], Any], pump: Pump) -> None:
    assert "a line cannot hold control characters" in run(r"pump.set_label('x*00\r\nF=5.000')")
    assert pump.lines == ["P=0", "F=0.000"]  # the stop that follows an error, and nothing else


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"ERR too hot*5E\r\n", "DeviceRefused: {} refused 'F?': too hot"),
        (b"F=1.0*00\r\n", "DeviceError: {} answered 'F?' by b'F=1.0*00', whose checksum is wrong"),
        (b"F=1.0\r\n", "DeviceError: {} answered 'F?' by b'F=1.0', whose checksum is wrong"),
        (b"F=fast*22\r\n", "DeviceError: what {} answered for flow is 'fast', not a number"),
        (b"G=1.0*5B\r\n", "DeviceError: {} answered 'F?' by b'G=1.0*5B'; expected 'F={{}}'"),
        (b"\xff\xfe*01\r\n", "DeviceError: {} answered 'F?' by b'\\xff\\xfe*01', which is no text"),
        (b"F=1.0*5A", "DeviceTimeout: {} did not answer 'F?' within 1 s"),
        (None, "DeviceTimeout: {} did not answer 'F?' within 1 s"),
    ],
)
@pytest.mark.parametrize("timeout_s", [1.0])
def test_a_wrong_answer(run: Callable[[str], Any], pump: Pump, answer: bytes | None, problem: str) -> None:
    if answer is not None and b"too hot" in answer:
        answer = b"ERR too hot*%02X\r\n" % reduce(xor, b"ERR too hot")
    elif answer is not None and answer.startswith((b"F=fast", b"G=")):
        body = answer.partition(b"*")[0]
        answer = b"%b*%02X\r\n" % (body, reduce(xor, body))
        problem = problem.replace("*5B", f"*{reduce(xor, body):02X}")
    pump.answers["F?"] = answer
    assert run("pump.flow()") == problem.format(f"pump at {pump.path}")


@pytest.mark.parametrize("timeout_s", [1.0])
def test_a_late_answer_is_not_taken_for_the_next(box: Toolbox, pump: Pump) -> None:
    pump.held = {"F?"}
    with pytest.raises(DeviceTimeout):
        box["pump.flow"].invoke({})
    pump.state["F"] = "3.000"
    pump.held = set()
    assert wait_until(lambda: pump.answered)
    pump.state["F"] = "1.000"
    assert box["pump.flow"].invoke({}) == 1.0


def test_after_a_strange_answer_the_line_must_be_quiet_first(box: Toolbox, pump: Pump) -> None:
    """What does not fit may be the answer to something else, and the right one still comes."""
    pump.answers["B?"] = b"P=0*%02X\r\n" % reduce(xor, b"P=0")
    with pytest.raises(DeviceError, match="expected 'B="):
        box["pump.pressure"].invoke({})
    began = time.monotonic()
    assert box["pump.flow"].invoke({}) == 0.0
    assert time.monotonic() - began >= 0.05  # it first listened until the line was quiet


def test_a_cable_that_is_pulled_and_put_back(run: Callable[[str], Any], pump: Pump) -> None:
    assert run("pump.on()") is False
    pump.pull_out()
    assert run("pump.set_on(True)").startswith("DeviceLost: ")
    assert "cannot be opened" in run("pump.on()")
    pump.plug_in()
    assert run("pump.set_on(True)\npump.on()") is True


def test_no_port_is_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceLost, match=r"pump at .*none cannot be opened: .*No such file"):
        serial(MANIFEST, port=str(tmp_path / "none"))


@pytest.mark.parametrize("waits_in", ["while True: pass", "pump.dose(1, times=1)"])
def test_a_stopped_program_means_a_stopped_device(
    box: Toolbox, pump: Pump, end_when: Callable[..., Any], waits_in: str
) -> None:
    pump.answers["D 1.0 1"] = None
    with Sandbox(box) as sandbox:
        sandbox.run("")
        for act in (sandbox.interrupt, lambda: os.kill(sandbox._held[0].pid, signal.SIGKILL)):
            program = f"pump.set_on(True)\npump.set_flow(2)\n{waits_in}"
            result, took = end_when(sandbox, program, lambda: pump.state["F"] == "2.000", act)
            assert result.error is not None
            assert "pump stopped: on False, flow 0 ml/s" in result.error.text
            assert pump.state == {"F": "0.000", "P": "0"}
            assert took < 10  # sooner than the answer's time of 20 s


@pytest.mark.parametrize(
    ("part", "changes", "problem"),
    [
        ("points.flow", {"answer": "F="}, "points.flow.answer: expected one place {} for the value, got 'F='"),
        ("points.flow", {"ask": "F?\n"}, "points.flow.ask: expected a line without control characters"),
        ("points.on", {"words": ["0", "0"]}, "points.on.words: expected a list of two different texts"),
        ("commands.dose", {"send": "D {volume}"}, "commands.dose.send: has the places ['volume'], and the arguments"),
        ("serial", {"parity": "some"}, "serial.parity: expected one of none, even and odd"),
    ],
)
def test_a_mistake_in_a_manifest(part: str, changes: dict[str, Any], problem: str) -> None:
    manifest = copy.deepcopy(MANIFEST)
    found = manifest
    for key in part.split("."):
        found = found[key]
    found.update(changes)
    with pytest.raises(ToolError) as told:
        serial(manifest, port="x")
    assert str(told.value).startswith(problem)
