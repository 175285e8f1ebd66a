"""Errors as a model should read them: its own lines, what led to what, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
from pydantic import Field

from codeact.sandbox import Sandbox
from codeact.tools import Toolbox, tool
from codeact.values import Image


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        made.run("def area(width, height):\n    return width * height")
        yield made


TOLD = {
    "a misspelt keyword": ("area(width=1, heigth=2)", ["TypeError", "Did you mean: 'height'?"]),
    "a misspelt keyword of a class": (
        "class A:\n    def __init__(self, colour):\n        pass\nA(color=1)",
        ["TypeError", "Did you mean: 'colour'?"],
    ),
    "a misspelt name": ("aera(1, 2)", ["NameError", "Did you mean: 'area'?"]),
    "a misspelt attribute of a module": ("import math\nmath.sqr(2)", ["math.sqr(2)", "Did you mean: 'sqrt'?"]),
    "a misspelt attribute of an object": ("'a'.uper()", ["AttributeError", "Did you mean: 'upper'?"]),
    "a misspelt import": ("from math import sqr", ["ImportError", "Did you mean: 'sqrt'?"]),
    "a misspelt module": ("import itertool", ["ModuleNotFoundError", "Did you mean: 'itertools'?"]),
    "a module that was not imported": ("json.dumps({})", ["NameError", "Did you forget to import 'json'?"]),
    "a name that was not imported": ("Counter('a')", ["Did you forget 'from collections import Counter'?"]),
    "numpy that was not imported": ("np.zeros(3)", ["Did you forget 'import numpy as np'?"]),
    "files": ("from pathlib import Path", ["files cannot be reached from here; PurePath works with names"]),
    "an error while another is handled": (
        "try:\n    {}['price']\nexcept KeyError:\n    raise ValueError('no price')",
        ["KeyError: 'price'", "During handling of the above exception", "ValueError: no price", "line 2", "line 4"],
    ),
    "a cause": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise RuntimeError('broken') from e",
        ["ZeroDivisionError", "was the direct cause of", "RuntimeError: broken"],
    ),
    "a function of an earlier program": (
        "area('a', 'b')",
        ["line 2 of an earlier program, in area", "    return width * height", "^^^^^^^^^^^^^^"],
    ),
    "a nested comprehension": (
        "rows = [[1, 0], [2]]\n[[1 / x for x in row] for row in rows]",
        ["1 / x", "^^^^^", "ZeroDivisionError"],
    ),
    "recursion": ("def r(n):\n    return r(n + 1)\nr(0)", ["more calls ...", "RecursionError"]),
    "a group": (
        "def check():\n    raise KeyError('k')\ntry:\n    check()\nexcept KeyError as e:\n    found = e\n"
        "raise ExceptionGroup('two', [ValueError(1), ExceptionGroup('inner', [found])])",
        [
            "ExceptionGroup: two (2 sub-exceptions)",
            "1. ValueError: 1",
            "2. ExceptionGroup: inner",
            "KeyError: 'k' (line 2)",
        ],
    ),
    "a task of a group": (
        "import asyncio\nasync def bad():\n    raise ValueError('deep')\nasync def main():\n"
        "    async with asyncio.TaskGroup() as group:\n        group.create_task(bad())\nasyncio.run(main())",
        ["ExceptionGroup", "1. ValueError: deep (line 3)"],
    ),
    "notes": ("e = ValueError('x')\ne.add_note('in row 3')\nraise e", ["ValueError: x\nin row 3"]),
    "a mistake of syntax": ("x = (1,\ny = 2", ["  line 1", "        ^", "SyntaxError: '(' was never closed"]),
    "a fence of Markdown": (
        "```python\nprint(1)\n```",
        ["SyntaxError: ", "leave out the lines with ```"],
    ),
    "a command of a notebook": ("!pip install pandas", ["commands of a notebook are no Python"]),
    "prompts that were copied": (">>> 1 + 1\n2", ["leave out the prompts"]),
    "very many digits": ("import sys\nsys.set_int_max_str_digits(0)", ["write very large whole numbers as hex(n)"]),
    "a notebook's display": ("display(1)", ["NameError", "use print"]),
    "a module that has a substitute": ("import threading", ["use asyncio or concurrent.futures"]),
    "a dataclass that is frozen": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass P:\n    x: int\nP(1).x = 2",
        ["FrozenInstanceError: cannot assign to field 'x'", "dataclasses.replace(it, field=value)"],
    ),
    "a field that is not there": (
        "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\n    y: int\nP(1, 2).theta",
        ["'P' object has no attribute 'theta'; its fields are x, y"],
    ),
    "a mistake in a text that is evaluated": ("eval('1 +')", ["    1 +", "SyntaxError: invalid syntax"]),
    "tasks that wait for each other": (
        "import asyncio\nasync def main():\n    await asyncio.Future()\nasyncio.run(main())",
        ["RuntimeError: all tasks wait for each other"],
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_an_error_is_told(sandbox: Sandbox, name: str) -> None:
    code, parts = TOLD[name]
    error = sandbox.run(code).error
    assert error is not None
    for part in parts:
        assert part in error.text, error.text
    for word in ("/usr", "site-packages", "codeact/", "lib/python", ".py", "<program"):
        assert word not in error.text


def test_a_program_reads_its_own_error(sandbox: Sandbox) -> None:
    code = (
        "import traceback, logging, sys\ntry:\n    area('a', 'b')\nexcept TypeError as error:\n"
        "    print(traceback.format_exc())\n"
        "    traceback.print_exception(error)\n    logging.exception('failed')\n    print(sys.exc_info()[0].__name__)"
    )
    execution = sandbox.run(code)
    assert execution.ok, execution.error
    assert execution.stdout.count("line 2 of an earlier program, in area") == 3
    assert "ERROR:root:failed" in execution.stdout
    assert "/" not in execution.stdout


@pytest.fixture(scope="module")
def arm() -> Iterator[Sandbox]:
    """A session with a group of tools, a type and an error of theirs."""

    class Blocked(Exception):
        """Something is in the way."""

    @dataclass(frozen=True)
    class Pose:
        """Where it is, in metres."""

        x: float
        y: float

    @tool(effect="physical")
    def move_to(to: Pose, speed: Annotated[float, Field(gt=0, le=0.5)] = 0.1) -> bool:
        """Move in a straight line."""
        return True

    @tool(effect="read")
    def camera() -> Image:
        """A picture of the table."""
        return Image(np.zeros((4, 6, 3), np.uint8))

    with Sandbox(Toolbox([move_to, camera], name="arm", errors=[Blocked])) as made:
        yield made


OF_TOOLS = {
    "tools taken for a module": (
        "from arm import move_to, Pose",
        "leave the import out, and write arm.move_to, Pose",
    ),
    "a group imported": ("import arm", "leave the import out, and write arm"),
    "tools imported from elsewhere": ("from robot import arm, Blocked", "leave the import out, and write arm, Blocked"),
    "a tool that is not there": ("arm.grasp()", "'arm' has no tool 'grasp'; it has camera, move_to"),
    "a tool that is misspelt": ("arm.move_too()", "it has camera, move_to. Did you mean: 'move_to'?"),
    "a picture taken for an array": ("arm.camera().shape", "the pixels are in its `array`, a numpy array of shape"),
    "a tuple for a dataclass": ("arm.move_to((1, 2))", "expected a Pose, got (1, 2) (tuple); write Pose(x, y)"),
}


@pytest.mark.parametrize("name", OF_TOOLS)
def test_a_mistake_with_tools_is_told(arm: Sandbox, name: str) -> None:
    code, part = OF_TOOLS[name]
    error = arm.run(code).error
    assert error is not None
    assert part in error.message, error.message


def test_help_shows_how_to_call(arm: Sandbox) -> None:
    told = arm.run("help(arm.move_to)").stdout
    assert told.startswith("arm.move_to(to: Pose, speed: float = 0.1) -> bool\n\nMove in a straight line.\n")
    assert "speed: a number above 0 and at most 0.5" in told
    assert arm.run("help(arm)").stdout == "<tools arm: move_to, camera>\n\n"
    assert arm.run("def area(width, height=2):\n    'In m2.'\nhelp(area)").stdout == "area(width, height=2)\nIn m2.\n"


def test_what_is_not_offered_is_not_drowned_in_what_is(sandbox: Sandbox) -> None:
    error = sandbox.run("import requests").error
    assert error is not None
    assert error.message == (
        "the module 'requests' is not available here: the network can be reached only through tools"
    )


def test_a_class_that_only_looks_like_a_dataclass_gets_its_error_told() -> None:
    with Sandbox(without=("filter",)) as plain:
        for fields in ("5", "{'x': 5}"):
            error = plain.run(f"class Odd:\n    __dataclass_fields__ = {fields}\nOdd().missing").error
            assert error is not None
            assert error.message == "'Odd' object has no attribute 'missing'"
        assert plain.run("1 + 1").value == 2
