"""Programs as models write them give the same in the sandbox as in CPython: what they print, and their last value.

Each file in `programs/` is one program, or a session of several, divided by `# %%` lines. None may be left out: what
the sandbox does not run is refused on purpose, in `refused.py`, with a message that says what to use instead.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from arm_and_orders import box
from in_cpython import PROGRAMS, cells
from refused import REFUSED

from codeact.sandbox import Execution, Sandbox
from codeact.sandbox.text import clean

AT_LEAST = 240
SHARE_THE_SAME = 0.98
NAMES = sorted(str(path.relative_to(PROGRAMS))[:-3] for path in PROGRAMS.rglob("*.py"))
OF_THE_HOST = re.compile(r"/usr|/work|/home|/tmp/|site-packages|codeact|lib/python|\.py\b")


@pytest.fixture(scope="module")
def by_cpython() -> dict[str, list[list[str]]]:
    """What each cell of each program gave in plain CPython: output, repr of the last value, error."""
    runner = Path(__file__).with_name("in_cpython.py")
    done = subprocess.run(
        [sys.executable, "-I", str(runner)], stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=120
    )
    results: dict[str, list[list[str]]] = json.loads(done.stdout)
    return results


def run_program(name: str) -> list[Execution]:
    with Sandbox(box() if name.startswith("tools/") else None) as sandbox:
        return [sandbox.run(cell) for cell in cells((PROGRAMS / f"{name}.py").read_text())]


@pytest.fixture(scope="module")
def in_sandbox() -> Iterator[dict[str, list[Execution]]]:
    """What each cell of each program gave in a sandbox of its own, with the filter and all layers of the wall."""
    with ThreadPoolExecutor(2) as pool:
        yield dict(zip(NAMES, pool.map(run_program, NAMES), strict=True))


def differences(expected: list[list[str]], executions: list[Execution]) -> list[str]:
    found = []
    for number, (cell, execution) in enumerate(zip(expected, executions, strict=True), 1):
        printed, shown, error = cell
        if execution.error is not None:
            found.append(f"cell {number}: {execution.error.text}")
        elif error:
            found.append(f"cell {number}: CPython has {error}")
        elif (execution.stdout, execution.shown) != (clean(printed), clean(shown)):
            found.append(f"cell {number}: {execution.stdout!r} {execution.shown!r} and not {printed!r} {shown!r}")
    return found


def test_there_are_plenty() -> None:
    assert len(NAMES) >= AT_LEAST
    assert set(REFUSED) <= set(NAMES)


def test_programs_give_the_same_as_in_cpython(
    by_cpython: dict[str, list[list[str]]], in_sandbox: dict[str, list[Execution]]
) -> None:
    assert sorted(by_cpython) == NAMES
    different = {name: differences(by_cpython[name], in_sandbox[name]) for name in NAMES if name not in REFUSED}
    failed = {name: found for name, found in different.items() if found}
    same = len(NAMES) - len(REFUSED) - len(failed)
    print(f"{len(NAMES)} programs: {same} the same ({same / len(NAMES):.1%}), {len(REFUSED)} refused on purpose")
    assert failed == {}
    assert same / len(NAMES) >= SHARE_THE_SAME


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_to_use_instead(in_sandbox: dict[str, list[Execution]], name: str) -> None:
    refusal = REFUSED[name]
    error = next(execution.error for execution in in_sandbox[name] if execution.error is not None)
    assert error.type == refusal.error
    assert refusal.instead in error.text


def test_no_error_tells_of_the_host(in_sandbox: dict[str, list[Execution]]) -> None:
    texts = [
        text
        for executions in in_sandbox.values()
        for execution in executions
        for text in ((execution.error.text if execution.error else ""), execution.stdout, execution.shown)
    ]
    assert len([text for text in texts if text]) > AT_LEAST
    written = {word for path in PROGRAMS.rglob("*.py") for word in OF_THE_HOST.findall(path.read_text())}
    told = {word for text in texts for word in OF_THE_HOST.findall(text)}
    assert told <= written  # such as the program's own "main.py"
