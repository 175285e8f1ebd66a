"""The check of adapters finds what is wrong: for each thing that it looks at, an adapter that is wrong in just that."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from codeact.errors import ToolError
from codeact.tools import Tool, Toolbox, tool
from codeact_adapters import check_adapter
from codeact_adapters.declarations import check_declarations

SECRET = "very-secret-token"


class Lost(ToolError):
    """It is lost."""


class Shelf:
    """Where things lie."""

    def __init__(self) -> None:
        self.open = True

    @tool(effect="read")
    def find(self, name: str) -> int:
        """Return the number of the place of a thing."""
        if name == "moon":
            raise Lost(f"nothing here is called {name!r}; ask for 'gear'")
        return 3

    @tool(effect="read", timeout_s=20)
    def wait(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def close(self) -> None:
        self.open = False


def shelf(**changed: Any) -> Toolbox:
    kept = Shelf()
    functions = [changed.get("find", kept.find), changed.get("wait", kept.wait)]
    return Toolbox(functions, name="shelf", doc=changed.get("doc", "The shelf."), errors=[Lost], closing=kept.close)


GOOD: dict[str, Any] = {
    "examples": ["shelf.find('gear')", "shelf.wait(0)"],
    "failing": {"shelf.find('moon')": "ask for 'gear'", "shelf.find(3)": "'name': expected a string"},
    "secrets": [SECRET],
    "types": False,
}


def test_nothing_is_wrong_with_a_good_one() -> None:
    assert check_adapter(shelf, **GOOD | {"slow": "shelf.wait(2)", "types": True}) == []


def made(function: Callable[..., Any], **options: Any) -> Toolbox:
    return Toolbox([Tool(function, **{"effect": "read", **options})])


def test_declarations() -> None:
    def silent(x: int) -> None: ...

    def untyped(x, y: float = "1") -> None:  # type: ignore[no-untyped-def, assignment]
        """Say nothing."""

    def promising():  # type: ignore[no-untyped-def]
        """Say nothing."""

    def set_speed(speed: float) -> None:
        """Set it."""

    for box, problems in (
        (Toolbox(), ["there is no tool"]),
        (made(silent), ["silent(): it has no docstring, and that is all"]),
        (made(promising), ["promising(): it does not say what it returns"]),
        (
            made(untyped),
            [
                "untyped(): argument 'x' has no type",
                "untyped(): the default of argument 'y' is not what it",
            ],
        ),
        (made(set_speed), ["set_speed(): its effect is read, and 'set' says that it changes something"]),
        (made(set_speed, effect="physical"), ["set_speed(): it moves something and has no stop path"]),
        (Toolbox([made(set_speed, effect="write")], name="belt"), ["the group 'belt' has no description"]),
    ):
        found = check_declarations(box, types=False)
        assert len(found) == len(problems), found
        for problem, beginning in zip(found, problems, strict=True):
            assert problem.startswith(beginning)
    assert check_declarations(made(set_speed), ["set_speed"], types=False) == []


def test_stubs_that_are_no_python_or_that_mypy_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def good(x: int) -> None:
        """Do nothing."""

    box = made(good)
    monkeypatch.setattr(Toolbox, "stubs", lambda self, **_: "def good(x: int -> None: ...")
    assert check_declarations(box) == ["the stubs are no Python: line 1: invalid syntax"]
    monkeypatch.setattr(Toolbox, "stubs", lambda self, **_: "def good(x: Unknown) -> None: ...")
    (found,) = check_declarations(box)
    assert found == 'the stubs: tools.pyi:1: error: Name "Unknown" is not defined  [name-defined]'


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codeact_adapters.conformance._PATIENCE_S", 1.0)


def wrong(make: Callable[[], Toolbox], **changed: Any) -> list[str]:
    return check_adapter(make, **GOOD | changed)


def test_an_example_that_fails_and_a_tool_that_none_calls() -> None:
    found = wrong(shelf, examples=["shelf.find('moon')"])
    assert found[0].startswith("the example `shelf.find('moon')` failed: ")
    assert found[1] == "no example calls shelf.wait"
    with pytest.raises(ToolError, match="at least one example"):
        wrong(shelf, examples=[])


def test_a_value_that_was_not_promised_or_cannot_cross() -> None:
    def find(name: str) -> int:
        """Find."""
        return "3" if name == "gear" else object()  # type: ignore[return-value]

    found = wrong(lambda: shelf(find=Tool(find, effect="read")), failing={})
    assert found == ["shelf.find() did not return what it promises: 'value': expected a whole number, got '3' (str)"]
    found = wrong(
        lambda: shelf(find=Tool(find, effect="read")), failing={}, examples=["shelf.find('x')\nshelf.wait(0)"]
    )
    assert "the example `shelf.find('x') ...` failed: " in found[0]


@pytest.mark.parametrize(
    ("message", "problems"),
    [
        ("gone", ["must say 'ask for', and says 'gone'", "says too little to mend it: 'gone'"]),
        ("ask for <a.B object at 0x7f01>", ["shows the inside of the host: "]),
    ],
)
def test_an_error_that_does_not_help(message: str, problems: list[str]) -> None:
    def find(name: str) -> int:
        """Find."""
        if name == "moon":
            raise Lost(message)
        return 3

    found = wrong(lambda: shelf(find=Tool(find, effect="read")), failing={"shelf.find('moon')": "ask for"})
    assert len(found) == len(problems)
    for problem, part in zip(found, problems, strict=True):
        assert part in problem


def test_an_error_that_programs_do_not_know_or_that_is_none() -> None:
    class Strange(Exception):
        pass

    def find(name: str) -> int:
        """Find."""
        if name == "moon":
            raise Strange("there is no moon here")
        return 3

    failing = {"shelf.find('moon')": "no moon", "shelf.find('sun')": "no sun"}
    assert wrong(lambda: shelf(find=Tool(find, effect="read")), failing=failing) == [
        "shelf.find() raised Strange, which programs do not know; pass errors=[Strange]",
        "`shelf.find('sun')` must fail, and did not",
    ]


def test_a_secret_in_a_docstring_an_output_and_an_error() -> None:
    def find(name: str) -> str:
        """Find."""
        if name == "moon":
            raise Lost(f"the token {SECRET} was refused")
        return SECRET

    found = wrong(lambda: shelf(find=Tool(find, effect="read"), doc=SECRET), failing={"shelf.find('moon')": "refused"})
    assert [problem for problem in found if problem.startswith("secret 1 is to be read in ")] == found
    places = [problem.removeprefix("secret 1 is to be read in ") for problem in found]
    assert places == ["the stubs", "the trace of `shelf.find('gear')`", "the trace of `shelf.find('moon')`"]


def test_a_toolbox_that_reads_otherwise_each_time() -> None:
    number = iter(range(10))
    assert wrong(lambda: shelf(doc=f"The shelf, visit {next(number)}.")) == [
        "made a second time, it has other stubs: what is the same must read the same"
    ]


def test_a_call_that_was_given_up_and_takes_the_adapter_with_it() -> None:
    lock = threading.Lock()

    def wait(seconds: float) -> None:
        """Wait."""
        with lock:
            time.sleep(seconds)

    def find(name: str) -> int:
        """Find."""
        if not lock.acquire(timeout=1):
            raise Lost("the line is taken by an earlier call")
        lock.release()
        return 3

    def make() -> Toolbox:
        return shelf(find=Tool(find, effect="read"), wait=Tool(wait, effect="read"))

    found = wrong(make, failing={}, slow="shelf.wait(3)")
    assert found[0].startswith("after a time limit, `shelf.find('gear')` does not work any more: ")


def test_a_motion_that_does_not_end_when_it_is_stopped() -> None:
    def wait(seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    found = wrong(
        lambda: shelf(wait=Tool(wait, effect="physical", stop=lambda: None)), slow="shelf.wait(2)", failing={}
    )
    assert re.search(r"`shelf\.wait\(2\)` went on for [\d.]+ s at a time limit", "\n".join(found))
    assert wrong(shelf, slow="shelf.wait(0)")[0].startswith("`shelf.wait(0)` ended by itself in ")


def test_closing_that_fails_or_that_the_toolbox_does_not_know_of() -> None:
    def broken() -> None:
        raise OSError("the line is dead")

    found = wrong(lambda: Toolbox([shelf()], closing=broken))
    assert found == ["close() raised ToolError: closing failed: OSError: the line is dead"]

    class Careless(Toolbox):
        def close(self) -> None:
            lamps.pop()

    lamps: list[float] = []

    def level() -> float:
        """Return the brightness."""
        return lamps.index(0.5)

    def make() -> Toolbox:
        lamps.append(0.5)
        return Careless([Tool(level, effect="read")])

    found = check_adapter(make, examples=["level()"], types=False)
    assert found[-1] == "calls fail after close(), and not by the toolbox's word; pass Toolbox(closing=...)"


def test_what_is_left_after_closing() -> None:
    processes: list[subprocess.Popen[bytes]] = []
    over = threading.Event()

    def make() -> Toolbox:
        processes.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        threading.Thread(target=over.wait, name="forgotten").start()
        return shelf()

    try:
        found = wrong(make)
    finally:
        over.set()
        for process in processes:
            process.communicate()
    numbers = ", ".join(str(process.pid) for process in processes)
    assert found == [
        "threads are left after close(): forgotten, forgotten",
        f"processes are left after close(): {numbers}",
    ]
