"""`tools.yaml`: several adapters put together, with effects, approvals and secrets, and errors with line and column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox, review
from codeact_adapters import ToolsFileError, load_tools

ADAPTERS = '''
from dataclasses import dataclass
from pathlib import Path
from codeact.errors import ToolError
from codeact.tools import Toolbox, tool
from codeact_adapters import Adapter

closed = []

@dataclass
class Note:
    text: str
    more: list[str]

class Lost(ToolError):
    """It is lost."""

class Shop(Adapter):
    """A shop."""

    def __init__(self, document: Path, *, token: str = "", fail: str = ""):
        if fail:
            raise ToolError(f"cannot reach it with {token}")
        self.document, self.token = document, token

    def tools(self):
        return Toolbox([self.get_price, self.set_price, self.leak, self.lose, self.wait], errors=[Lost])

    def get_price(self) -> str:
        return self.document.read_text()

    def set_price(self, price: float) -> None: ...

    def leak(self) -> Note:
        return Note("ok", [f"the token is {self.token}"])

    def lose(self) -> None:
        raise Lost(f"{self.token} was refused") from KeyError(self.token)

    async def wait(self) -> str:
        return self.token

    def close(self):
        closed.append("shop")

def lamp(*, allow: list[str], name: str = "") -> Toolbox:
    @tool(effect="read")
    def level() -> float:
        return 0.5

    @tool(effect="physical")
    def dim() -> None: ...

    return Toolbox([each for each in (level, dim) if each.name in allow], name=name)

def dimmed(steps: int | None, level: float, key: str) -> Toolbox:
    def state() -> str:
        return f"{steps!r} {level!r} {key!r}"
    return Toolbox([state])

def telling(token: str) -> Toolbox:
    def f() -> None: ...
    f.__doc__ = f"Say {token}."
    return Toolbox([f])

def raising(token: str) -> Toolbox:
    raise OSError(13, "not with", token)
'''
SECRET = "a/very secret+token"

File = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> File:
    """Writes a tools.yaml beside some adapters."""
    (tmp_path / "shop_adapters.py").write_text(ADAPTERS)
    (tmp_path / "price.txt").write_text("7")

    def write(text: str) -> Path:
        path = tmp_path / "tools.yaml"
        path.write_text(text)
        return path

    return write


SHOP = """
tools:
  shop:
    adapter: shop_adapters.py:Shop
    document: price.txt
    token: ${SHOP_TOKEN}
"""


def with_token(path: Path, **more: Any) -> Toolbox:
    return load_tools(path, environment={"SHOP_TOKEN": SECRET, "EMPTY": ""}, **more)


def test_adapters_are_put_together_under_their_names(file: File) -> None:
    path = file(SHOP + "  home:\n    adapter: shop_adapters.py:lamp\n    allow: [level]\n")
    box = with_token(path)
    assert list(box.only("shop.?et_*").tools) == ["shop.get_price", "shop.set_price"]
    assert [name for name in box.tools if name.startswith("home.")] == ["home.level"]
    assert box["shop.get_price"].invoke({}) == "7", "the path is relative to the file"
    assert box.docs["shop"] == "A shop."
    box.close()
    with pytest.raises(ToolError, match="its toolbox is closed"):
        box["shop.get_price"].invoke({})


def test_a_list_of_adapters_needs_no_names(file: File) -> None:
    path = file(
        "tools:\n"
        "- {adapter: 'shop_adapters.py:lamp', allow: [level, dim], effects: {level: write}}\n"
        "- {adapter: 'shop_adapters.py:Shop', document: x, name: shop, allow: get_*}\n"
    )
    box = load_tools(path)
    assert {name: tool.effect for name, tool in box.tools.items()} == {
        "level": "write",
        "dim": "physical",
        "shop.get_price": "write",
    }


def test_effects_and_approvals_are_set_by_patterns(file: File) -> None:
    asked: list[str] = []

    def ask(call: Any) -> bool:
        asked.append(call.tool)
        return False

    path = file(
        SHOP + "    effects: {'*': physical, get_*: read}\n"
        "    approve: {'*': ask, get_*: always, lose: refuse, leak: {refuse: not today}}\n"
        "effects: {'*.wait': read}\n"
        "approve: {shop.wait: refuse}\n"
    )
    box = with_token(path, ask=ask)
    assert [tool.effect for tool in box] == ["read", "physical", "physical", "physical", "read"]

    def verdicts(name: str) -> list[str | None]:
        return [review(policy, name, {}, "read") for policy in box[name].approvals]

    assert verdicts("shop.get_price") == [None]
    assert verdicts("shop.set_price") == ["the call was not approved"]
    assert verdicts("shop.leak") == ["not today"]
    assert verdicts("shop.lose") == ["shop.lose() is not allowed here"]
    assert verdicts("shop.wait")[-1] == "shop.wait() is not allowed here"
    assert asked == ["shop.set_price", "shop.wait"]
    everything = with_token(file(SHOP + "    effects: read\n    approve: refuse\n"))
    assert {tool.effect for tool in everything} == {"read"}
    assert all(len(tool.approvals) == 1 for tool in everything)


def test_an_approval_is_set_by_effect_and_a_name_decides_before_it(file: File) -> None:
    effects = "    effects: {'*': physical, get_*: read, wait: write}\n"
    rules = "    approve: {lose: always, physical: {refuse: no motion}, write: refuse}\n"
    box = with_token(file(SHOP + effects + rules))

    def verdicts(name: str) -> list[str | None]:
        return [review(policy, name, {}, "read") for policy in box[name].approvals]

    assert verdicts("shop.get_price") == []
    assert verdicts("shop.set_price") == ["no motion"]
    assert verdicts("shop.lose") == [None]
    assert verdicts("shop.wait") == ["shop.wait() is not allowed here"]
    everywhere = with_token(file(SHOP + effects + "approve: {physical: refuse, read: always}\n"))
    assert [len(tool.approvals) for tool in everywhere] == [1, 1, 1, 1, 0]


def test_a_pattern_for_all_tools_cannot_hide_the_rule_of_an_effect(file: File) -> None:
    with pytest.raises(ToolsFileError, match=r"'\*' decides before physical and write; name all effects instead"):
        with_token(file(SHOP + "    approve: {'*': always, write: ask, physical: refuse}\n"))


def test_a_secret_is_seen_nowhere(file: File) -> None:
    box = with_token(file(SHOP))
    with Sandbox(box) as sandbox:
        execution = sandbox.run(
            "print(shop.leak(), shop.wait())\n"
            "try:\n"
            "    shop.lose()\n"
            "except Lost as error:\n"
            "    print(error)\n"
            "help(shop.lose)\n"
            "shop.lose()"
        )
    assert execution.stdout.splitlines()[:2] == [
        "Note(text='ok', more=['the token is [SHOP_TOKEN]']) [SHOP_TOKEN]",
        "[SHOP_TOKEN] was refused",
    ]
    assert execution.error is not None
    assert execution.error.message == "[SHOP_TOKEN] was refused"
    assert SECRET not in repr(execution) + repr(box) + box.stubs() + repr(list(box))
    with pytest.raises(ToolError) as caught:
        box["shop.lose"].invoke({})
    assert SECRET not in repr(caught.value) + repr(caught.value.__cause__)


def test_a_secret_of_one_adapter_is_kept_out_of_what_another_says(file: File) -> None:
    path = file(
        f"tools:\n  echo: {{adapter: 'shop_adapters.py:Shop', document: x, token: '{SECRET}'}}\n"
        + SHOP.removeprefix("\ntools:\n")
    )
    with Sandbox(with_token(path)) as sandbox:
        assert sandbox.run("echo.wait()").value == "[SHOP_TOKEN]"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{adapter: 'shop_adapters.py:telling', token: '${SHOP_TOKEN}'}", "has the value of SHOP_TOKEN in it"),
        ("{adapter: 'shop_adapters.py:Shop', document: x, fail: x, token: '${SHOP_TOKEN}'}", "reach it with [SHOP_TOK"),
        ("{adapter: 'shop_adapters.py:raising', token: 'x ${SHOP_TOKEN}'}", "[Errno 13] not with: 'x [SHOP_TOKEN]'"),
        ("{adapter: 'shop_adapters.py:Shop', document: 1, token: ['${SHOP_TOKEN}']}", "'document': expected a string"),
        (
            "{adapter: 'shop_adapters.py:Shop', document: x, token: ['${SHOP_TOKEN}']}",
            "'token': expected a string",
        ),
    ],
)
def test_a_secret_is_in_no_error_of_loading(file: File, entry: str, message: str) -> None:
    path = file(f"tools:\n  shop: {entry}\n")
    with pytest.raises(ToolsFileError) as caught:
        with_token(path)
    assert message in str(caught.value)
    assert SECRET not in repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)


def test_what_looks_like_a_variable_can_be_written(file: File) -> None:
    path = file(SHOP.replace("${SHOP_TOKEN}", "a$${SHOP_TOKEN}$b"))
    assert load_tools(path, environment={})["shop.wait"].is_async
    with Sandbox(load_tools(path, environment={})) as sandbox:
        assert sandbox.run("shop.wait()").value == "a${SHOP_TOKEN}$b"


def test_a_number_may_come_from_the_environment(file: File) -> None:
    path = file(
        "tools: {lamp: {adapter: 'shop_adapters.py:dimmed', steps: '${STEPS}', level: '${LEVEL}', key: '${KEY}'}}"
    )
    with load_tools(path, environment={"STEPS": "3", "LEVEL": "0.5", "KEY": "7"}) as box:
        assert box["lamp.state"].invoke({}) == "3 0.5 '7'"
    with pytest.raises(
        ToolsFileError, match=r"tools.lamp.steps: option 'steps': expected a whole number or None, got str"
    ):
        load_tools(path, environment={"STEPS": "three", "LEVEL": "0.5", "KEY": "7"})


def test_what_may_have_been_meant_is_said_once(file: File) -> None:
    path = file("tools:\n  shop: {adapter: openapi, document: x.yaml, alow: [a]}\n")
    with pytest.raises(ToolsFileError, match=r"no option 'alow'; did you mean 'allow'\?$"):
        load_tools(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "tools.yaml: the file is empty; it begins with the key `tools`, and under it stand"),
        ("tols: {}", "tools.yaml:1:1: tols: there is no key 'tols'; did you mean 'tools'?"),
        ("approve: {}", "tools.yaml:1:1: the key `tools` is missing"),
        ("tools:", "tools.yaml:1:1: tools: the key `tools` is empty; under it stand the adapters, such as"),
        ("tools: []", "tools.yaml:1:1: tools: the key `tools` is empty; under it stand the adapters, such as"),
        ("tools: 3", "tools.yaml:1:1: tools: `tools` must be a mapping, not int"),
        (
            "tools:\n  shop: openapi",
            "tools.yaml:2:3: tools.shop: 'shop' must be a mapping such as {adapter: openapi}, not",
        ),
        ("tools:\n  1: {}", "tools.yaml:2:3: tools[1]: the key 1 is of type int; put it in quotes"),
        ("tools:\n  print-it: {}", "tools.yaml:2:3: tools.print-it: 'print-it' cannot be the name of a group of tools"),
        ("tools:\n  a: {name: b}", "tools.yaml:2:7: tools.a.name: the name of these tools is 'a' already"),
        ("tools: [{allow: x}]", "tools.yaml:1:9: tools[0].adapter: `adapter` is missing; it names one"),
        ("tools: [{adapter: mine.py}]", "'mine.py' names a file and no adapter in it; write mine.py:NAME"),
        ("tools: [{adapter: openap}]", "tools.yaml:1:10: tools[0].adapter: there is no adapter 'openap'; did you mean"),
        (
            "tools: [{adapter: 'no.py:x'}]",
            "the adapter 'no.py:x' cannot be loaded from no.py:x: there is no file no.py",
        ),
        ("tools: [{adapter: 'shop_adapters.py:shop'}]", "shop_adapters.py holds no 'shop'; did you mean 'Shop'?"),
        (
            SHOP + "    docment: x",
            "tools.yaml:7:5: tools.shop.docment: Shop has no option 'docment'; did you mean 'doc",
        ),
        (
            SHOP + "    aprove: ask",
            "tools.yaml:7:5: tools.shop.aprove: Shop has no option 'aprove'; it takes document, "
            "token and fail; did you mean 'approve'?",
        ),
        (SHOP.replace("document", "doc"), "tools.yaml:5:5: tools.shop.doc: Shop has no option 'doc'"),
        (SHOP.replace("    document: price.txt\n", ""), "tools.yaml:3:3: tools.shop.document: Shop needs the option"),
        (
            SHOP.replace("SHOP_TOKEN", "SHOP_TOKN"),
            "tools.yaml:6:5: tools.shop.token: the environment variable SHOP_TOKN",
        ),
        (
            SHOP.replace("SHOP_TOKEN", "EMPTY"),
            "tools.yaml:6:5: tools.shop.token: the environment variable EMPTY is empty",
        ),
        (SHOP.replace("SHOP_TOKEN", "not-one"), "${not-one} is no name of an environment variable"),
        (SHOP + "    allow: []", "tools.yaml:7:5: tools.shop.allow: `allow` takes a list of names or patterns"),
        (
            SHOP + "    allow: [get_*, prise]",
            "tools.yaml:7:5: tools.shop.allow: 'shop.prise' matches no tool; did you mean",
        ),
        (
            SHOP + "    effects: {lose: loud}",
            "tools.yaml:7:15: tools.shop.effects.lose: 'loud' is no effect; an effect is",
        ),
        (
            SHOP + "    effects: {loose: read}",
            "tools.yaml:7:15: tools.shop.effects.loose: 'shop.loose' matches no tool",
        ),
        (
            SHOP + "    approve: allways",
            "tools.yaml:7:5: tools.shop.approve: 'allways' is no approval; did you mean 'al",
        ),
        (SHOP + "    approve: {lose: {refuse: ''}}", "tools.yaml:7:15: tools.shop.approve.lose: {'refuse': ''} is no"),
        (
            SHOP + "    effects: {put_*: read}",
            "'shop.put_*' matches no tool; there are shop.get_price, shop.set_price, ",
        ),
        (SHOP + "approve: {get_price: ask}", "tools.yaml:7:11: approve.get_price: 'get_price' matches no tool"),
        (
            "tools: [{adapter: 'shop_adapters.py:Shop', document: a}, {adapter: 'shop_adapters.py:Shop', document: a}]",
            "there are two tools named 'get_price'; give one of the entries a `name`",
        ),
        ("tools: [", "tools.yaml: no YAML: "),
        ("tools: {a: {}, a: {}}", "tools.yaml: line 1: 'a' is there twice"),
    ],
)
def test_an_error_names_the_place_and_what_would_be_right(file: File, text: str, message: str) -> None:
    with pytest.raises(ToolsFileError) as caught:
        with_token(file(text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value) or "no YAML" in str(caught.value)


def test_what_was_opened_is_closed_where_a_later_entry_is_wrong(file: File) -> None:
    path = file(SHOP + "  lamp: {adapter: 'shop_adapters.py:Lamp'}\n")
    with pytest.raises(ToolsFileError, match="holds no 'Lamp'"):
        with_token(path)
    import shop_adapters  # type: ignore[import-not-found]

    assert shop_adapters.closed == ["shop"]
    with pytest.raises(ToolsFileError, match="matches no tool"):
        with_token(file(SHOP + "    allow: nothing\n"))
    assert shop_adapters.closed == ["shop", "shop"]


def test_an_entry_may_have_a_budget_of_tokens(file: File) -> None:
    box = with_token(file(SHOP + "    max_tokens: 120\n"))
    assert len(box.tools) == 5
    assert 0 < box.stubs().count("def ") < 5
    with pytest.raises(ToolsFileError, match=r"tools.yaml:7:5: tools.shop.max_tokens: .* a whole number above 0"):
        with_token(file(SHOP + "    max_tokens: many\n"))
