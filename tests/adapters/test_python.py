"""Python as it is: functions, objects, classes and modules as tools."""

from __future__ import annotations

import json
import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox, tool
from codeact_adapters import check_adapter, load_tools, python


class Full(Exception):
    """There is no more room."""


class Shelf:
    """Where things lie.

    Of no further interest.
    """

    rows = 3

    def __init__(self) -> None:
        self.things: dict[str, int] = {"gear": 1}
        self.closed = self.halted = 0

    @tool(effect="read")
    def find(self, name: str) -> int:
        """Return the row of a thing."""
        return self.things[name]

    def put(self, name: str, row: int = 1) -> None:
        """Put a thing into a row."""
        if len(self.things) > 1:
            raise Full("the shelf is full; take something away first")
        self.things[name] = row

    @staticmethod
    def double(number: int) -> int:
        """Twice a number."""
        return 2 * number

    @property
    def broken(self) -> int:
        raise RuntimeError("nobody must ask")

    def _secret(self) -> None: ...

    def listen(self, to: types.ModuleType) -> None:
        """Take what cannot cross."""

    def halt(self) -> None:
        self.halted += 1

    def close(self) -> None:
        self.closed += 1


MODULE = '''
"""Greetings.

Of all kinds.
"""
from json import dumps
from codeact.tools import tool

class Shy(Exception):
    """It does not speak to strangers."""

class Greeter:
    def greet(self, name: str) -> str:
        """Say hello."""
        return f"hello {name}"

def greet(name: str) -> str:
    """Say hello."""
    if name == "stranger":
        raise Shy("ask for its name first")
    return dumps(name)

@tool(effect="read")
def count() -> int:
    """Count them."""
    return 1

def _hidden() -> None: ...

greeter = Greeter()
'''


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "greetings.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("greetings", None)


def test_an_object_gives_its_public_methods(caplog: pytest.LogCaptureFixture) -> None:
    shelf = Shelf()
    with caplog.at_level(logging.WARNING), python(shelf, name="shelf", stop="halt", errors=[Full]) as box:
        assert {name: each.effect for name, each in box.tools.items()} == {
            "shelf.double": "write",
            "shelf.find": "read",
            "shelf.halt": "write",
            "shelf.put": "write",
        }
        assert box.docs["shelf"] == "Where things lie."
        assert "Full" in box.errors
        box.stop()
    assert (shelf.halted, shelf.closed) == (1, 1)
    assert "listen of Shelf is left out: tool 'listen': argument 'to' is annotated" in caplog.text


def test_what_is_offered_and_its_effects_are_chosen_by_patterns() -> None:
    box = python(Shelf(), allow=["find", "pu*"], effects={"*": "read", "put": "physical"})
    assert {name: each.effect for name, each in box.tools.items()} == {"find": "read", "put": "physical"}
    shelf = Shelf()
    python(shelf, allow=["close"]).close()
    assert shelf.closed == 0, "it is a tool then"


def test_an_adapter_of_an_object_does_what_every_adapter_must_do() -> None:
    found = check_adapter(
        lambda: python(Shelf(), allow=["find", "put"], name="shelf", errors=[Full]),
        examples=["shelf.put('bolt')\nshelf.find('bolt')"],
        failing={
            "shelf.put('a')\nshelf.put('b')": "take something away first",
            "shelf.put('a', 'b')": "'row': expected a whole number",
        },
        types=False,
    )
    assert found == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"allow": ["fnd"]}, "allow names 'fnd', which Shelf has not; did you mean 'find'?"),
        ({"allow": ["_secret"]}, "allow names '_secret', which Shelf has not"),
        ({"allow": ["rows"]}, "allow names 'rows', which Shelf has not"),
        ({"allow": ["broken"]}, "allow names 'broken', which Shelf has not"),
        ({"allow": ["listen"]}, "argument 'to' is annotated"),
        ({"effects": {"fnd": "read"}}, "'fnd' matches no tool; did you mean 'find'?"),
        ({"stop": "halted"}, "stop names 'halted', which Shelf has not; it has close, double"),
    ],
)
def test_what_is_not_there_is_an_error(options: dict[str, object], message: str) -> None:
    with pytest.raises(ToolError) as caught:
        python(Shelf(), **options)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_a_class_is_made_without_arguments() -> None:
    assert list(python(Shelf, allow="find").tools) == ["find"]

    class Needs:
        def __init__(self, port: str) -> None: ...

        def go(self) -> None: ...

    class Breaks:
        def __init__(self) -> None:
            len(3)  # type: ignore[arg-type]

    with pytest.raises(ToolError, match=r"Needs cannot be made without arguments .*'port'.*; pass an object of it"):
        python(Needs)
    with pytest.raises(TypeError, match="has no len"):
        python(Breaks)
    with pytest.raises(ToolError, match="object has nothing to offer"):
        python(object())


def test_a_function_a_tool_and_a_toolbox_are_taken_as_they_are() -> None:
    def add(a: int, b: int) -> int:
        return a + b

    assert list(python(add, name="maths").tools) == ["maths.add"]
    assert python(add, effects={"add": "read"})["add"].effect == "read"
    assert python(tool(effect="read")(add))["add"].effect == "read"
    box = Toolbox([Toolbox([add], name="inner")])
    assert list(python(box, name="outer", allow="inner.*").tools) == ["outer.inner.add"]
    with pytest.raises(ToolError, match="matches no tool"):
        python(add, allow=["ad"])


def test_a_module_gives_the_functions_and_exceptions_that_are_its_own(folder: Path) -> None:
    box = python(folder / "greetings.py", name="hello")
    assert list(box.tools) == ["hello.greet", "hello.count"]
    assert box.docs["hello"] == "Greetings."
    with Sandbox(box) as sandbox:
        result = sandbox.run("try:\n    hello.greet('stranger')\nexcept Shy as error:\n    print(error)")
    assert result.stdout == "ask for its name first\n"
    box.close()
    assert not box.closed
    listed = types.ModuleType("listed")
    listed.__dict__.update(__all__=["dumps", "nothing"], dumps=json.dumps, loads=json.loads)
    assert list(python(listed).tools) == ["dumps"]


def test_a_file_of_tools_names_python_by_its_place(folder: Path) -> None:
    path = folder / "tools.yaml"
    path.write_text(
        "tools:\n"
        "  one: {adapter: python, source: 'greetings.py:Greeter'}\n"
        "  two: {adapter: python, source: 'greetings:greeter', effects: read}\n"
        "  every: {adapter: python, source: greetings.py, allow: [c*]}\n"
    )
    with load_tools(path) as box:
        assert {name: each.effect for name, each in box.tools.items()} == {
            "one.greet": "write",
            "two.greet": "read",
            "every.count": "read",
        }
    path.write_text("tools:\n  one: {adapter: python, source: 'greetings.py:Greeters'}\n")
    with pytest.raises(ToolError, match=r"tools\.yaml:2:3: tools\.one: the Python source cannot be loaded from"):
        load_tools(path)
