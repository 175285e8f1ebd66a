"""Servers of the Model Context Protocol as toolboxes: what programs get, and what they see when a server fails."""

from __future__ import annotations

import ast
import contextlib
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
from mcp_server import server

from codeact.errors import ArgumentError, ToolError
from codeact.sandbox import Limits, Sandbox
from codeact.tools import Toolbox, refuse_effects
from codeact_adapters import McpError, check_adapter, mcp

SERVER = [sys.executable, str(Path(__file__).parent / "mcp_server.py")]
SMALL = [sys.executable, str(Path(__file__).parent / "mcp_small_server.py")]
SECRET = "nobody-sees-this-1234"


@pytest.fixture(scope="module")
def lab() -> Iterator[Toolbox]:
    with mcp(SERVER, name="lab", env={"API_KEY": SECRET, "MODE": "plain-mode"}) as box:
        yield box


@pytest.fixture(scope="module")
def address(serve: Any) -> str:
    """The same server in this process, which starts sooner."""
    return f"{serve(server().streamable_http_app())}/mcp"


@pytest.fixture(scope="module")
def sandbox(lab: Toolbox) -> Iterator[Sandbox]:
    with Sandbox(lab) as sandbox:
        yield sandbox


def server_processes() -> list[int]:
    """The small servers that this process has started and that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = folder.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and SMALL[1].encode() in folder.joinpath("cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def eventually(test: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not test():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


# ---- what a program gets ---------------------------------------------------------------------------------------------


def test_a_program_calls_typed_functions(sandbox: Sandbox) -> None:
    result = sandbox.run(
        "walk = lab.get_walk(lab.here(), steps=2)\n"
        "[lab.add(1, 2).sum, walk, lab.tree('a', children=[Tree(name='b')]), lab.nothing()]"
    )
    assert result.ok, result.error
    total, walk, tree, nothing = result.value
    assert (total, nothing) == (3, None)
    assert [(point.x, point.y) for point in walk] == [(1, 2), (2, 2)]
    assert tree == "{'name': 'a', 'children': [{'name': 'b'}]}"


def test_equal_definitions_are_one_type_and_names_are_python_names(lab: Toolbox) -> None:
    stubs = lab.stubs()
    ast.parse(stubs)
    assert stubs.count("class Point") == 1
    assert "def get_walk(start: Point, steps: int = 3) -> list[Point]:" in stubs
    assert "def here() -> Point:" in stubs
    assert "def get_walk_2() -> Any:" in stubs
    assert "def print_(x_y: str | None = None, class_: str | None = None, x_y_2: str | None = None)" in stubs
    assert {"lab.import_os", "lab.tool", "lab.same"} <= set(lab.tools)


def test_arguments_go_under_the_names_that_the_server_knows(lab: Toolbox) -> None:
    assert lab["lab.print_"]("a", x_y_2="b") == "{'x-y': 'a', 'x_y': 'b'}"
    assert lab["lab.anything"]({"free": [1, None]}) == "{'free': [1, None]}"


def test_wrong_arguments_never_reach_the_server(sandbox: Sandbox) -> None:
    result = sandbox.run("lab.get_walk(Point(0, 11))")
    assert result.error is not None
    assert result.error.message == ("lab.get_walk() argument 'start.y': expected a number of at most 10, got 11 (int)")


def test_pictures_bytes_and_links(sandbox: Sandbox) -> None:
    result = sandbox.run("red = lab.picture()\n(red.width, red.height, red.array[0, 0].tolist(), lab.parts())")
    assert result.value[:3] == (3, 2, [255, 0, 0])
    text, data, link = result.value[3]
    assert (text, data, link.uri, link.media_type) == ("first", b"\0\1", "memory:note", "text/plain")


def test_resources_and_prompts(sandbox: Sandbox) -> None:
    result = sandbox.run(
        "uri = lab.resources()[0].uri\n"
        "asked = lab.prompt('review', {'topic': 'bridges'})\n"
        "(uri, lab.read_resource(uri), lab.prompts()[0].arguments, asked[0].role, asked[0].content)"
    )
    assert result.value == ("memory:note", "hello", ["topic"], "user", "Review bridges.")
    pattern = "lab.read_resource(lab.resource_templates()[0].uri.replace('{name}', 'note'))"
    assert sandbox.run(pattern).value == "hello"
    missing = sandbox.run("lab.read_resource('memory:gold')")
    assert missing.error is not None
    assert (missing.error.type, missing.error.message) == ("McpError", "there is no resource memory:gold")


def test_effects_are_what_the_server_says_unless_the_user_knows_better(
    lab: Toolbox, sandbox: Sandbox, address: str
) -> None:
    effects = {tool.name: tool.effect for tool in lab}
    assert (effects["add"], effects["erase"], effects["count"], effects["resources"]) == (
        "read", "write", "write", "read",
    )  # fmt: skip
    assert "It may destroy or overwrite something." in lab.stubs()
    sandbox.approve = refuse_effects("write")
    try:
        refused = sandbox.run("lab.add(1, 1)\nlab.erase('all')")
    finally:
        sandbox.approve = None
    assert refused.error is not None
    assert refused.error.type == "Refused"
    with mcp(address, allow=["add", "get-*", "erase"], effects={"*": "write", "get_*": "physical"}) as box:
        assert {tool.name: tool.effect for tool in box} == {
            "add": "write",
            "get_walk": "physical",
            "erase": "write",
        }


def test_what_is_not_there_is_said_at_once(address: str) -> None:
    with pytest.raises(ToolError, match="allow names 'ad', which no tool is called; did you mean 'add'"):
        mcp(address, allow=["ad"])
    with pytest.raises(ToolError, match="'adds' matches no tool; did you mean 'add'"):
        mcp(address, effects={"adds": "read"})
    for options, message in (
        ({"token": "x"}, "headers and token are for a server at an address"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"max_response_bytes": 0}, "max_response_bytes is 0"),
    ):
        with pytest.raises(ToolError, match=message):
            mcp(SERVER, **options)
    with pytest.raises(ToolError, match="env and cwd are for a server that is started"):
        mcp("http://localhost:1/mcp", env={"A": "b"})
    with pytest.raises(ToolError, match="pass a token as token="):
        mcp("http://me:hidden@localhost:1/mcp")
    with pytest.raises(TypeError, match="the value of 'A' is none"):
        mcp(SERVER, env={"A": 1})  # type: ignore[dict-item]


def test_a_missing_sdk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolError, match=r"pip install 'codeact\[mcp\]'"):
        mcp(SERVER)


def test_a_description_is_only_text(lab: Toolbox, sandbox: Sandbox) -> None:
    tree = ast.parse(lab.stubs())
    group = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "lab")
    function = next(node for node in group.body if isinstance(node, ast.FunctionDef) and node.name == "print_")
    (only,) = function.body
    assert isinstance(only, ast.Expr)
    assert 'os.system("touch /tmp/pwned")' in ast.get_docstring(function)  # type: ignore[operator]
    assert "\x1b" not in lab.stubs()
    assert "\u202e" not in lab.stubs()
    assert not sandbox.run("lab.print_()").ended
    assert not Path("/tmp/pwned").exists()


def test_a_secret_is_never_repeated(lab: Toolbox, sandbox: Sandbox) -> None:
    result = sandbox.run("(lab.environment('API_KEY'), lab.environment('MODE'), lab.environment('PYTHONPATH'))")
    assert result.value == ("[API_KEY]", "plain-mode", "unset")
    assert SECRET not in lab.stubs() + repr(lab) + result.observation() + repr(result.calls)


# ---- what it sees when a server fails --------------------------------------------------------------------------------


def test_failures_have_the_words_of_the_server(lab: Toolbox) -> None:
    with pytest.raises(McpError, match=r"^the oven is cold$"):
        lab["lab.fail"]()
    with pytest.raises(McpError, match=r"^no such thing$") as refused:
        lab["lab.refuse"]()
    assert refused.value.code == -32602
    with pytest.raises(McpError, match=r"answered what cannot be read: .*'many' is not of type 'number'"):
        lab["lab.wrong"]()
    with pytest.raises(ArgumentError, match="is missing argument"):
        lab["lab.add"].bind((1,))


def test_a_program_catches_a_failure_and_goes_on(sandbox: Sandbox) -> None:
    result = sandbox.run(
        "try:\n    lab.fail()\nexcept McpError as error:\n    print('seen:', error)\nlab.add(1, 1).sum"
    )
    assert (result.stdout, result.value) == ("seen: the oven is cold\n", 2)


def test_an_answer_that_is_too_long_is_refused(address: str) -> None:
    with mcp(address, allow=["huge"], max_response_bytes=100_000) as box:
        assert len(box["huge"](100_000)) == 100_000
        with pytest.raises(McpError, match="the answer is longer than 100,000 bytes"):
            box["huge"](100_001)


def test_a_late_answer_is_a_timeout_and_the_server_is_told(address: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with mcp(address, allow=["slow", "add"], timeout_s=1.5) as box:
        with pytest.raises(TimeoutError, match=r"did not answer within 1.5 s"):
            box["slow"](str(marker))
        eventually(lambda: marker.read_text() == "cancelled")
        assert box["add"](1, 1).sum == 2


def test_a_program_that_is_stopped_cancels_its_call(sandbox: Sandbox, tmp_path: Path) -> None:
    marker = tmp_path / "marker"

    def interrupt() -> None:
        eventually(marker.exists)
        sandbox.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    result = sandbox.run(f"lab.slow({str(marker)!r})")
    thread.join()
    assert result.error is not None
    assert result.error.type == "Interrupted"
    assert "the server was told to cancel it" in result.error.text
    eventually(lambda: marker.read_text() == "cancelled")
    assert sandbox.run("lab.add(1, 1).sum").value == 2


def test_a_limit_of_the_sandbox_cancels_the_call_too(lab: Toolbox, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with Sandbox(lab, limits=Limits(tool_s=0.5)) as sandbox:
        result = sandbox.run(f"lab.slow({str(marker)!r})")
    assert result.error is not None
    assert result.error.type == "TimeLimit"
    eventually(lambda: marker.read_text() == "cancelled")


def test_a_server_that_dies_is_told_once_and_started_anew() -> None:
    with mcp(SMALL, name="lab") as box, Sandbox(box) as sandbox:
        assert sandbox.run("(lab.count(), lab.count())").value == ("1", "2")
        died = sandbox.run("lab.die()").error
        assert died is not None
        assert died.type == "ConnectionError"
        assert "has ended or broke off; whether the call took effect is not known" in died.message
        assert "starts it anew, without what it held in memory" in died.message
        assert "boiler pressure lost" in died.message
        assert sandbox.run("lab.count()").value == "1", "another process"
        (process,) = server_processes()
        os.kill(process, signal.SIGKILL)  # between two calls
        time.sleep(0.1)
        assert sandbox.run("lab.count()").error is not None
        assert sandbox.run("lab.count()").value == "1"


def test_a_server_that_keeps_dying_stays_ended() -> None:
    with mcp(SMALL) as box:
        for _ in range(4):
            with pytest.raises(ConnectionError, match="whether the call took effect"):
                box["die"]()
        with pytest.raises(ConnectionError, match="has ended 3 times in a row without serving a call"):
            box["die"]()


def test_a_server_that_cannot_start_says_why() -> None:
    with pytest.raises(ConnectionError, match=r"the server 'no-such-program' cannot be connected to: .*No such file"):
        mcp("no-such-program --token hidden")
    with pytest.raises(ConnectionError, match=r"cannot be connected to.* no oven here"):
        mcp(["sh", "-c", "echo no oven here >&2"])
    with pytest.raises(TimeoutError, match=r"the server 'sleep' was not ready within 0.3 s"):
        mcp("sleep 60", timeout_s=0.3)


def test_a_closed_toolbox_leaves_no_process_and_answers_no_call() -> None:
    box = mcp(SMALL)
    (process,) = server_processes()
    with Sandbox(box) as sandbox:
        assert sandbox.run("count()").value == "1"
        box.close()
        box.close()
        assert not Path(f"/proc/{process}").exists()
        error = sandbox.run("count()").error
    assert error is not None
    assert error.message == "count() cannot be called any more: its toolbox is closed"


def test_a_host_that_ends_without_closing_leaves_no_process() -> None:
    program = (
        "import os\nfrom codeact_adapters import mcp\n"
        f"box = mcp({SMALL!r})\n"
        "print(os.popen(f'pgrep -P {os.getpid()}').read().split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    eventually(lambda: not Path(f"/proc/{done.stdout.strip()}").exists())


def test_a_closing_ends_a_call_that_is_under_way(address: str, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    box = mcp(address, allow=["slow"])

    def close() -> None:
        eventually(marker.exists)
        box.close()

    thread = threading.Thread(target=close)
    thread.start()
    with pytest.raises(ConnectionError):
        box["slow"](str(marker))
    thread.join()


def test_a_change_of_the_tools_is_noted(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="codeact_adapters")
    with mcp(address, allow=["change", "refuse"]) as box:
        box["change"]()
        eventually(lambda: "says that its tools have changed" in caplog.text)
        with pytest.raises(McpError, match=r"since it was connected to, its tools have changed"):
            box["refuse"]()


def test_names_that_fall_together_are_told(address: str, caplog: pytest.LogCaptureFixture) -> None:
    mcp(address, allow=["count"]).close()
    assert "the tool 'get_walk' is called get_walk_2(), as get_walk() is another one" in caplog.text
    assert "lists the tool 'same' twice; the second is left out" in caplog.text


def test_it_does_what_every_adapter_must_do(address: str, tmp_path: Path) -> None:
    marker = str(tmp_path / "marker")
    found = check_adapter(
        lambda: mcp(SERVER, name="lab", env={"API_KEY": SECRET}),
        examples=[
            "[lab.add(1, 2).sum, lab.get_walk(lab.here(), steps=2), lab.get_walk_2(), lab.same(), lab.nothing()]",
            "[lab.tree('a'), lab.picture(), lab.parts(), lab.erase('all'), lab.count(), lab.huge(10), lab.change()]",
            "[lab.environment('API_KEY'), lab.anything({}), lab.print_(), lab.import_os(), lab.tool(), lab.headers()]",
            "for fails in (lab.fail, lab.refuse, lab.wrong):\n"
            "    try:\n        fails()\n    except McpError as error:\n        print(error)",
            f"lab.slow({marker!r}, seconds=0)",
            "lab.resource_templates()",
            "[lab.resources(), lab.read_resource('memory:note'), lab.prompts(), lab.prompt('review', {'topic': 'x'})]",
        ],
        failing={
            "lab.fail()": "the oven is cold",
            "lab.refuse()": "no such thing",
            "lab.wrong()": "answered what cannot be read",
            "lab.read_resource('memory:gold')": "there is no resource",
        },
        slow=f"lab.slow({marker!r})",
        secrets=[SECRET],
        reads=["lab.add"],
    )
    assert found == []
