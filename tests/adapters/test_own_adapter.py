"""An adapter of one's own: a class with one method, its options, and the entry point that offers it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from codeact.errors import ToolError
from codeact.tools import Toolbox, tool
from codeact_adapters import Adapter, Installed, OptionError, find_adapter, installed_adapters, make_toolbox
from codeact_adapters.options import adapter_options


class Lamps(Adapter):
    """The lamps of a house.

    Of no further interest.
    """

    def __init__(self, port: Path, *, levels: Mapping[str, float] | None = None, mode: Literal["dim", "on"] = "on"):
        self.port, self.mode = port, mode
        self.levels = dict(levels or {"desk": 0.5})
        self.closed = 0

    def tools(self) -> Iterable[Callable[..., Any]]:
        return [self.level]

    @tool(effect="read")
    def level(self, lamp: str) -> float:
        return self.levels[lamp]

    def close(self) -> None:
        self.closed += 1


@dataclass
class Clock(Adapter):
    zone: str = "UTC"

    def tools(self) -> Toolbox:
        return Toolbox([Lamps(Path()).level], name="inner")


def test_the_methods_that_a_class_lists_are_the_toolbox_and_closing_it_closes_the_adapter() -> None:
    lamps = Lamps(Path("/dev/lamp"))
    with lamps.toolbox("home") as box:
        assert list(box.tools) == ["home.level"]
        assert box.docs["home"] == "The lamps of a house."
        assert box["home.level"].invoke({"lamp": "desk"}) == 0.5
        assert lamps.closed == 0
    box.close()
    assert lamps.closed == 1


def test_an_adapter_that_opens_nothing_has_nothing_to_close() -> None:
    box = Clock().toolbox()
    box.close()
    assert list(box.tools) == ["inner.level"]
    assert not box.closed


def test_an_adapter_whose_tools_cannot_be_a_toolbox_is_closed_at_once() -> None:
    class Broken(Lamps):
        def tools(self) -> Iterable[Callable[..., Any]]:
            return [self.level, self.level]

    broken = Broken(Path())
    with pytest.raises(ToolError, match="two tools named 'level'"):
        broken.toolbox()
    assert broken.closed == 1


def test_options_are_the_arguments_of_the_constructor(tmp_path: Path) -> None:
    ports: list[Path] = []

    class Noting(Lamps):
        def tools(self) -> Iterable[Callable[..., Any]]:
            ports.append(self.port)
            return super().tools()

    box = make_toolbox(Noting, {"port": "lamps/1", "levels": {"door": 1}}, name="home", folder=tmp_path)
    assert box["home.level"].invoke({"lamp": "door"}) == 1.0
    make_toolbox(Noting, {"port": "/dev/lamp"}, folder=tmp_path)
    assert ports == [tmp_path / "lamps/1", Path("/dev/lamp")]


@pytest.mark.parametrize(
    ("options", "option", "message"),
    [
        ({}, "port", "Lamps needs the option 'port'"),
        ({"port": 3}, "port", "option 'port': expected a string, got int"),
        ({"port": "x", "levles": {}}, "levles", "Lamps has no option 'levles'; did you mean 'levels'?"),
        ({"port": "x", "levels": {"a": "high"}}, "levels", "option \"levels['a']\": expected a number, got str"),
        ({"port": "x", "mode": "off"}, "mode", "option 'mode': expected one of 'dim', 'on', got str"),
    ],
)
def test_a_wrong_option_is_named_and_its_value_is_not_shown(options: dict[str, Any], option: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        make_toolbox(Lamps, options)
    assert (str(caught.value), caught.value.option) == (message, option)


def test_a_function_is_an_adapter_and_gets_the_name_if_it_takes_one(tmp_path: Path) -> None:
    got: list[object] = []

    def named(source: str | Path, *, name: str | None = None, wait: Callable[[], None] | None = None) -> Toolbox:
        got.append(source)
        return Toolbox([Lamps(Path()).level], name=name or "")

    def plain(**headers: str) -> Toolbox:
        return Toolbox([Lamps(Path()).level])

    for source in ("https://host/document", "{}", "a\nb", "file.json"):
        assert list(make_toolbox(named, {"source": source}, name="x", folder=tmp_path).tools) == ["x.level"]
    assert got == ["https://host/document", "{}", "a\nb", tmp_path / "file.json"]
    assert list(make_toolbox(plain, {"Accept": "text/plain"}, name="y").tools) == ["y.level"]
    with pytest.raises(OptionError, match="option 'Accept': expected a string, got int"):
        make_toolbox(plain, {"Accept": 1})
    with pytest.raises(ToolError, match=r"returned list; it must return a Toolbox"):
        make_toolbox(list, {})  # type: ignore[arg-type]


@pytest.fixture
def offers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Installs a distribution with these entry points and this module `their_adapters`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(points: str, module: str) -> None:
        (tmp_path / "their_adapters.py").write_text(module)
        metadata = tmp_path / "theirs-2.1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 2.1\n")
        (metadata / "entry_points.txt").write_text(f"[codeact.adapters]\n{points}")

    yield install
    sys.modules.pop("their_adapters", None)


THEIRS = """
from codeact_adapters import Adapter
from codeact.tools import Toolbox

class Good(Adapter):
    def tools(self):
        return []

class Half(Adapter):
    pass

class Strange:
    pass

nothing = 3
"""


def test_installed_adapters_are_found_by_name_and_broken_ones_say_why(offers: Callable[[str, str], None]) -> None:
    names = {"good": "Good", "half": "Half", "nothing": "nothing", "none": "missing", "strange": "Strange"}
    offers("\n".join(f"{name} = their_adapters:{target}" for name, target in names.items()), THEIRS)
    theirs = {adapter.name: adapter for adapter in installed_adapters() if adapter.distribution == "theirs 2.1"}
    assert list(theirs) == sorted(names)
    assert find_adapter("good").__name__ == "Good"
    assert find_adapter("their_adapters:Good") is find_adapter("good")
    for name, message in {
        "half": "the adapter 'half' of theirs 2.1 is the class their_adapters:Half, which lacks the method tools",
        "nothing": "of type int: neither an Adapter nor a function",
        "none": "cannot be loaded from their_adapters:missing: their_adapters holds no 'missing'",
        "strange": "which does not derive from codeact_adapters.Adapter",
        "god": "there is no adapter 'god'; did you mean 'good'? Installed are",
        "nowhere:x": "the adapter 'nowhere:x' cannot be loaded from nowhere:x: importing it failed: Module",
    }.items():
        with pytest.raises(ToolError) as caught:
            find_adapter(name)
        assert message in str(caught.value)


def test_two_adapters_of_one_name_are_told_apart_by_module(offers: Callable[[str, str], None]) -> None:
    offers("openapi = their_adapters:Good", THEIRS)
    with pytest.raises(
        ToolError, match=r"several adapters 'openapi': codeact_adapters:openapi of codeact .* and their"
    ):
        find_adapter("openapi")


@pytest.mark.parametrize(
    "adapter", [each for each in installed_adapters() if each.distribution.startswith("codeact ")], ids=lambda a: a.name
)
def test_what_we_install_can_be_described_and_has_typed_options(adapter: Installed) -> None:
    source = adapter.load()
    text = inspect.getdoc(source) or ""
    assert text.split("\n")[0].endswith((".", ":")), "one sentence, for the list of adapters"
    for name, option in adapter_options(source).items():
        assert option.annotation is not option.empty, name
        assert name in text, f"{name} is not explained"
    assert "name" in adapter_options(source), "a file of tools names the group"
