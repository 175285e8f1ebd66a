"""A cart behind the messages of the rosbridge protocol, and a server that dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from other_ends import wait_until

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import DeviceLost, ros

MANIFEST: dict[str, Any] = {
    "device": "cart",
    "ros": {"host": "127.0.0.1", "timeout_s": 20.0},
    "points": {
        "speed": {
            "topic": "/cart/speed", "message": "std_msgs/Float64", "set_topic": "/cart/set_speed", "type": "float",
            "unit": "m/s", "range": [-1, 1], "access": "read-write", "effect": "physical", "confirm": True,
        },
        "heard": {"topic": "/heard", "message": "std_msgs/String", "type": "str"},
        "broken": {"topic": "/broken", "message": "std_msgs/Float64", "type": "float"},
    },
    "commands": {
        "drive": {
            "topic": "/cmd_vel", "message": "geometry_msgs/Twist", "effect": "physical",
            "arguments": {
                "forward": {"type": "float", "unit": "m/s", "range": [-1, 1], "field": "/linear/x"},
                "turn": {"type": "float", "unit": "rad/s", "range": [-1, 1], "field": "/angular/z"},
            },
        },
        "add": {
            "service": "/add_two_ints", "effect": "read", "arguments": {"a": {"type": "int"}, "b": {"type": "int"}},
            "returns": {"type": "int", "field": "/sum"},
        },
        "slow": {"service": "/never", "effect": "write", "timeout_s": 0.3},
        "never": {"service": "/never", "effect": "write", "timeout_s": 60.0},
        "sum_of_nothing": {"service": "/nothing", "effect": "write", "returns": {"type": "int", "field": "/sum"}},
        "missing": {"service": "/missing", "effect": "write"},
    },
    "stop": [{"drive": {"forward": 0, "turn": 0}}, {"speed": 0}],
}  # fmt: skip


class Server:
    """The other side, in a process of its own."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("rosbridge.py")), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def module_server() -> Iterator[Server]:
    made = Server()
    yield made
    made.kill()


@pytest.fixture
def server(module_server: Server) -> Server:
    if module_server.process.poll() is not None:
        module_server.start()
    return module_server


@pytest.fixture
def box(server: Server, timeout_s: float) -> Iterator[Toolbox]:
    made = ros(MANIFEST | {"ros": {**MANIFEST["ros"], "timeout_s": timeout_s}}, port=server.port)
    yield made
    made.close()


def test_topics(run: Callable[[str], Any]) -> None:
    assert run("cart.set_speed(0.5)\ncart.speed()") == 0.5
    drive = json.dumps(["/cmd_vel", {"linear": {"x": 0.2}, "angular": {"z": -0.1}}])
    assert run(f"cart.drive(forward=0.2, turn=-0.1)\ncart.wait_for('heard', {drive!r}, timeout_s=30)") is None
    assert run("cart.wait_for_next('heard')") == drive
    assert "expected a number from -1 to 1" in run("cart.drive(2, 0)")
    assert run("cart.broken()") == "DeviceError: what came on /broken has nothing at /data"


def test_services(run: Callable[[str], Any]) -> None:
    assert run("cart.add(2, b=3)") == 5
    assert run("cart.slow()") == (
        "DeviceTimeout: the service /never did not answer within 0.3 s; whether it was done is not known"
    )
    assert run("cart.sum_of_nothing()") == "DeviceError: the answer of /nothing has nothing at /sum"
    assert run("cart.missing()") == "DeviceRefused: the service /missing refused: Service /missing does not exist"


@pytest.mark.parametrize("timeout_s", [1.0])
def test_a_server_that_dies_in_a_call_and_comes_back(run: Callable[[str], Any], box: Toolbox, server: Server) -> None:
    assert run("cart.drive(0, 0)\ncart.speed()") == 0.0
    heard = box["cart.heard"]
    kill = threading.Thread(target=lambda: wait_until(lambda: heard.invoke({}) == "/never") and server.kill())
    kill.start()
    said = run("cart.never()")
    kill.join()
    assert said.startswith("DeviceLost: the connection to the rosbridge server of cart at ")
    assert said.endswith("whether it was done is not known")
    assert run("cart.set_speed(0.1)").endswith("cannot be reached")
    began = time.monotonic()
    assert run("cart.speed()").endswith("cannot be reached")
    assert time.monotonic() - began < 15  # a second for it, one for the stop
    server.start()
    assert wait_until(lambda: run("cart.set_speed(0.1)\ncart.speed()") == 0.1)


def test_what_was_sent_has_arrived_when_it_is_closed(server: Server) -> None:
    """A stop that arrived later would stop what another connection has begun meanwhile."""
    box = ros(MANIFEST, port=server.port)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        closes = threading.Thread(target=box.close)
        closes.start()
        closes.join(0.5)
        assert closes.is_alive()
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    closes.join(10)
    assert not closes.is_alive()


def test_no_server_is_there(server: Server) -> None:
    server.kill()
    manifest = MANIFEST | {"ros": {"host": "127.0.0.1", "timeout_s": 1.0}}
    with pytest.raises(DeviceLost, match=f"the rosbridge server of cart at 127.0.0.1:{server.port} cannot be reached"):
        ros(manifest, port=server.port)


def test_a_stopped_program_means_a_stopped_device(box: Toolbox, end_when: Callable[..., Any]) -> None:
    speed = box["cart.speed"]
    with Sandbox(box) as sandbox:
        sandbox.run("")
        for act in (sandbox.interrupt, lambda: os.kill(sandbox._held[0].pid, signal.SIGKILL)):
            program = "cart.set_speed(0.4)\nwhile True: pass"
            result, _ = end_when(sandbox, program, lambda: speed.invoke({}) == 0.4, act)
            assert result.error is not None
            assert "cart stopped: drive, speed 0 m/s" in result.error.text
            assert wait_until(lambda: speed.invoke({}) == 0.0)


@pytest.mark.parametrize(
    ("points", "commands", "problem"),
    [
        ({"x": {"topic": "a", "message": "m", "type": "int"}}, {}, "points.x.topic: expected a name that begins"),
        ({"x": {"topic": "/a", "type": "int"}}, {}, "points.x: lacks the key 'message', such as std_msgs/Float64"),
        ({}, {"x": {"effect": "write"}}, "commands.x: needs either the key 'service' or the key 'topic'"),
        ({}, {"x": {"service": "/a", "effect": "rite"}}, "commands.x.effect: expected one of write and physical"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_manifest(points: dict[str, Any], commands: dict[str, Any], problem: str) -> None:
    with pytest.raises(ToolError) as told:
        ros({"device": "d", "ros": {"host": "h"}, "points": points, "commands": commands})
    assert str(told.value).startswith(problem)
