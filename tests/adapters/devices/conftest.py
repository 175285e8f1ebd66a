"""Fixtures of the other ends of devices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from other_ends import Broker, Ended, Loop, ModbusDevice, wait_until

from codeact.sandbox import Sandbox
from codeact.tools import Toolbox


@pytest.fixture(scope="session")
def loop() -> Loop:
    return Loop()


@pytest.fixture
def timeout_s() -> float:
    """Of an exchange: time enough on a busy machine. A test of what comes too late takes its place with a short one."""
    return 20.0


@pytest.fixture
def modbus_device(loop: Loop) -> Iterator[ModbusDevice]:
    device = ModbusDevice(loop)
    yield device
    device.die()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.die()


@pytest.fixture
def end_when() -> Callable[..., Ended]:
    """Runs a program, and does something to it once a condition holds; gives the execution and the seconds since."""

    def prepare(sandbox: Sandbox, program: str, condition: Callable[[], object], act: Callable[[], object]) -> Ended:
        acted = 0.0

        def watch() -> None:
            nonlocal acted
            held = wait_until(condition)
            acted = time.monotonic() if held else 0.0
            act()

        thread = threading.Thread(target=watch)
        thread.start()
        execution = sandbox.run(program)
        took = time.monotonic()
        thread.join()
        assert acted, f"the program never came so far: {execution.error}"
        return execution, took - acted

    return prepare


@pytest.fixture
def run(box: Toolbox) -> Iterator[Callable[[str], Any]]:
    """Runs a program with the test's own `box`: its value, or its error as `Type: message`."""
    with Sandbox(box) as sandbox:

        def value(program: str) -> Any:
            result = sandbox.run(program)
            return result.value if result.error is None else f"{result.error.type}: {result.error.message}"

        yield value
