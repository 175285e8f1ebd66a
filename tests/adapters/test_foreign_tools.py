"""Tools of LangChain and smolagents, as these libraries make them, and functions that are described for OpenAI."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Annotated, Any, ClassVar, Literal

import PIL.Image
import pytest
from pydantic import BaseModel, Field

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import check_adapter, langchain, openai_function, smolagents


class Line(BaseModel):
    item: str
    count: int = Field(1, ge=1)


WEATHER = {
    "type": "function",
    "function": {
        "name": "get-weather",
        "description": "Get the weather of a place.",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"$ref": "#/$defs/Place"},
                "unit": {"enum": ["celsius", "kelvin"], "default": "celsius"},
                "from": {"type": "integer", "minimum": 0},
            },
            "required": ["place"],
            "$defs": {
                "Place": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
                    "required": ["city"],
                }
            },
        },
    },
}


def test_a_function_that_is_described_for_openai() -> None:
    passed: list[dict[str, Any]] = []

    def call(**arguments: Any) -> float:
        passed.append(arguments)
        return 21.5

    weather = openai_function(WEATHER, call, effect="read")
    signature = "place: Place, unit: Literal['celsius', 'kelvin'] = 'celsius', from_: int | None = None"
    assert weather.stub().splitlines()[0] == f"def get_weather({signature}) -> float:"
    with Sandbox(Toolbox([weather])) as sandbox:
        assert sandbox.run("get_weather(Place('Oslo'))").value == 21.5
        assert sandbox.run("get_weather({'city': 'Oslo', 'country': 'NO'}, from_=2)").value == 21.5
        wrong = sandbox.run("get_weather(Place('Oslo'), from_=-1)")
    assert passed == [
        {"place": {"city": "Oslo"}, "unit": "celsius"},
        {"place": {"city": "Oslo", "country": "NO"}, "unit": "celsius", "from": 2},
    ]
    assert wrong.error is not None
    assert "argument 'from_': expected a whole number of at least 0" in wrong.error.message


def test_descriptions_that_are_none() -> None:
    for schema, message in (
        ({}, "described by its name"),
        ({"name": 3}, "described by its name"),
        ({"name": "f", "parameters": []}, ""),
        ({"name": "f", "parameters": [1]}, "the parameters of 'f' are a JSON schema, not list"),
        ({"name": "f", "parameters": {"type": "array"}}, "its arguments are no object, but 'array'"),
        ({"name": "f", "parameters": {"properties": {"x": {"$ref": "#/nowhere"}}}}, "the tool 'f': "),
    ):
        if not message:
            assert openai_function(schema, len).name == "f"
            continue
        with pytest.raises(ToolError) as caught:
            openai_function(schema, len)
        assert message in str(caught.value)


def test_tools_of_langchain() -> None:
    tools = pytest.importorskip("langchain_core.tools")

    @tools.tool  # type: ignore[untyped-decorator]
    def order(lines: list[Line], speed: Literal["slow", "fast"] = "slow") -> str:
        """Order some things."""
        return f"{sum(line.count for line in lines)} {speed}"

    @tools.tool  # type: ignore[untyped-decorator]
    async def wait(seconds: Annotated[float, "how long"]) -> float:
        """Wait."""
        return seconds

    @tools.tool  # type: ignore[untyped-decorator]
    def stock() -> list[Line]:
        """Say what is there."""
        return [Line(item="bolt", count=3)]

    @tools.tool("fail-always")  # type: ignore[untyped-decorator]
    def fail() -> str:
        """Fail."""
        raise tools.ToolException("there is no shop today")

    found = check_adapter(
        lambda: langchain([order, wait, stock, fail], name="shop"),
        examples=[
            "assert shop.order([Line('bolt'), Line('nut', 2)], speed='fast') == '3 fast'",
            "assert shop.order([{'item': 'nut'}]) == '1 slow'",
            "assert shop.wait(0.5) == 0.5",
            "assert shop.stock() == [{'item': 'bolt', 'count': 3}]",
            "try:\n    shop.fail_always()\nexcept ToolError as error:\n    assert 'no shop today' in str(error)",
        ],
        failing={"shop.order([Line('bolt', 0)])": "expected", "shop.order(3)": "argument 'lines'"},
        types=False,
    )
    assert found == []
    box = langchain([order, wait], allow=["ord*"], effects={"*": "read"})
    assert [(each.name, each.effect) for each in box] == [("order", "read")]
    assert "speed: Literal['slow', 'fast'] = 'slow'" in box.stubs()
    with pytest.raises(ToolError, match="int is no tool of LangChain"):
        langchain([order, 3])


def test_tools_of_smolagents() -> None:
    library = pytest.importorskip("smolagents")

    @library.tool  # type: ignore[untyped-decorator]
    def forecast(city: str, days: int = 3) -> list:  # type: ignore[type-arg]
        """Forecast the weather.

        Args:
            city: Where.
            days: How many.
        """
        return [len(city)] * days

    class Darken(library.Tool):  # type: ignore[misc, name-defined]
        name = "darken"
        description = "Darken a picture, or a white one."
        inputs: ClassVar = {"picture": {"type": "image", "description": "The picture.", "nullable": True}}
        output_type = "image"

        def forward(self, picture: Any = None) -> Any:
            return (picture or PIL.Image.new("RGB", (2, 2), "white")).point(lambda level: level // 2)

    found = check_adapter(
        lambda: smolagents([forecast, Darken()]),
        examples=[
            "assert forecast('Oslo') == [4, 4, 4]\nassert forecast('Oslo', days=1) == [4]",
            "assert darken(darken()).array.max() == 63",
        ],
        failing={"forecast(3)": "argument 'city': expected a string"},
        types=False,
    )
    assert found == []
    assert "city: Where." in smolagents(forecast).stubs()

    class Sing(Darken):
        name, output_type = "sing", "audio"

    for wrong, message in ((Sing(), "returns audio, which cannot cross"), (3, "int is no tool of smolagents")):
        with pytest.raises(ToolError, match=message):
            smolagents(wrong)


@pytest.mark.parametrize("library", ["langchain_core.tools", "smolagents"])
def test_a_tool_that_fails_hangs_or_returns_what_it_did_not_promise(library: str) -> None:
    of_library = pytest.importorskip(library)

    @of_library.tool  # type: ignore[untyped-decorator]
    def act(how: str) -> str:
        """Act.

        Args:
            how: In which way.
        """
        if how == "fails":
            raise OSError("the shop has burnt down")
        if how == "hangs":
            time.sleep(5)
        return object() if how == "lies" else how  # type: ignore[return-value]

    make = langchain if library.startswith("langchain") else smolagents
    with Sandbox(make(act, timeout_s=0.5)) as sandbox:
        seen = [sandbox.run(f"act({how!r})").error for how in ("fails", "lies", "hangs")]
        texts = [f"{error.type}: {error.message}" for error in seen if error is not None]
        assert texts[0] == "OSError: the shop has burnt down"
        assert "the value that act() returned" in texts[1]
        assert texts[2].startswith("TimeoutError: act() did not return within 0.5")
        assert sandbox.run("act('well')").value == "well"


def test_neither_library_is_imported_by_us() -> None:
    program = (
        "import sys, codeact_adapters; codeact_adapters.langchain, codeact_adapters.smolagents; "
        "print({'langchain_core', 'smolagents'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
