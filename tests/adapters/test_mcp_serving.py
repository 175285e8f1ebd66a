"""`codeact mcp` as its clients meet it: programs, approvals, cancellation, files, environments."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import CodeActError
from codeact.tools import Toolbox, tool

pytest.importorskip("mcp")

from mcp import Client, MCPError
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitResult

from codeact_adapters._mcp.serving.serving import Options, opened

sys.path.insert(0, str(Path(__file__).parents[1] / "episode"))

ALONE = Options(
    env=None,
    tools=None,
    workspace=None,
    limits=(),
    imports=None,
    tier=None,
    perception=None,
    http=False,
    host="127.0.0.1",
    port=0,
    token=None,
    hosts=(),
    sessions=None,
    approve="ask",
)
TOOLS = '''
import threading
from codeact import Toolbox, tool

halt = threading.Event()
ran = []

def stop():
    halt.set()
    return "brakes on"

@tool(effect="physical", stop=stop)
def drive(to: str) -> str:
    """Drive."""
    halt.clear()
    ran.append("began")
    if to == "far":
        halt.wait(30)
    ran.append("stopped" if halt.is_set() else "arrived")
    return to

@tool(effect="read")
def look() -> list[str]:
    """What happened."""
    return ran

box = Toolbox([drive, look])
'''
MODES = pytest.mark.parametrize("mode", ["legacy", "auto"])
Conversation = Callable[[Client], Awaitable[None]]


@pytest.fixture
def tools(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A file of tools of its own for each test: the module is kept under its name."""
    file = tmp_path / f"tools_{abs(hash(request.node.name))}.py"
    file.write_text(TOOLS)
    return f"{file}:box"


def talk(options: Options, conversation: Conversation, mode: str = "auto", answer: Any = None) -> None:
    """Serve what the options ask for to a client in this process."""

    async def both() -> None:
        async with opened(options) as served:
            server: Any = served.service.server()
            async with Client(server, mode=mode, elicitation_callback=answer) as client:
                await conversation(client)

    asyncio.run(both())


def text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if block.type == "text")


def form(**content: Any) -> Any:
    """A person who fills in the form in this way, and remembers what was asked."""

    async def answer(context: Any, params: ElicitRequestFormParams) -> ElicitResult:
        answer.asked.append(params.message)  # type: ignore[attr-defined]
        return ElicitResult(action="accept" if content else "decline", content=content or None)

    answer.asked = []  # type: ignore[attr-defined]
    return answer


@MODES
def test_variables_last_and_errors_are_told(mode: str) -> None:
    async def conversation(client: Client) -> None:
        first = await client.call_tool("run", {"code": "total = 20\nprint('counted')\ntotal + 1"})
        assert (text(first), first.is_error) == ("counted\n21", False)
        assert first.structured_content["calls"] == []
        failed = await client.call_tool("run", {"code": "total / 0"})
        assert failed.is_error
        assert text(failed).endswith("ZeroDivisionError: division by zero")
        assert failed.structured_content["error"]["line"] == 1
        assert text(await client.call_tool("run", {"code": "total"})) == "20"
        assert text(await client.call_tool("reset", {})) == "All variables are forgotten."
        assert (await client.call_tool("run", {"code": "total"})).is_error

    talk(ALONE, conversation, mode)


def test_the_description_has_the_stubs_and_long_ones_are_a_resource(tools: str) -> None:
    async def conversation(client: Client) -> None:
        offered = {found.name: found for found in (await client.list_tools()).tools}
        assert set(offered) == {"run", "reset", "interrupt"}
        assert 'def drive(to: str) -> str:\n    """Drive."""' in str(offered["run"].description)
        (stubs,) = (await client.read_resource("codeact://stubs")).contents
        assert "def look() -> list[str]:" in stubs.text  # type: ignore[union-attr]
        with pytest.raises(MCPError, match="there is no resource workspace://own/x"):
            await client.read_resource("workspace://own/x")

    talk(replace(ALONE, tools=tools), conversation)


def test_wrong_calls_say_what_would_be_right() -> None:
    async def conversation(client: Client) -> None:
        for name, arguments, said in (
            ("run", {}, "run: 'code' is a required property"),
            ("run", {"code": 1}, "run: 1 is not of type 'string'"),
            ("run", {"code": "1", "speed": 2}, "run: Additional properties are not allowed ('speed' was unexpected)"),
            ("run", {"code": "1", "session": "gold"}, "there is no session 'gold'"),
            ("walk", {}, "there is no tool 'walk'; there are run, reset, interrupt"),
        ):
            result = await client.call_tool(name, arguments)
            assert result.is_error
            assert said in text(result)

    talk(ALONE, conversation)


@MODES
def test_a_person_allows_a_call(mode: str, tools: str) -> None:
    person = form(allow=True)

    async def conversation(client: Client) -> None:
        result = await client.call_tool("run", {"code": "[drive('here'), drive('there')], look()"})
        assert text(result) == "(['here', 'there'], ['began', 'arrived', 'began', 'arrived'])"
        assert person.asked == ["drive(to='here')  [physical]", "drive(to='there')  [physical]"]

    talk(replace(ALONE, tools=tools), conversation, mode, person)


@MODES
def test_a_person_allows_a_tool_for_good(mode: str, tools: str) -> None:
    person = form(allow=True, always=True)

    async def conversation(client: Client) -> None:
        assert text(await client.call_tool("run", {"code": "[drive(str(n)) for n in range(3)]"})) == "['0', '1', '2']"
        assert person.asked == ["drive(to='0')  [physical]"]

    talk(replace(ALONE, tools=tools), conversation, mode, person)


@MODES
def test_a_person_refuses_with_a_reason(mode: str, tools: str) -> None:
    async def conversation(client: Client) -> None:
        code = "try:\n    drive('here')\nexcept Refused as error:\n    print(error)\nlook()"
        assert text(await client.call_tool("run", {"code": code})) == "the cat sleeps there\n[]"

    talk(replace(ALONE, tools=tools), conversation, mode, form(allow=False, reason="the cat sleeps there"))


@MODES
def test_a_client_that_cannot_ask_gets_a_refusal_with_its_reason(mode: str, tools: str) -> None:
    async def conversation(client: Client) -> None:
        result = await client.call_tool("run", {"code": "drive('here')"})
        assert result.is_error
        assert "Refused: drive() needs an approval, and this client cannot ask anybody" in text(result)
        assert text(await client.call_tool("run", {"code": "look()"})) == "[]"

    talk(replace(ALONE, tools=tools), conversation, mode)


def test_never_refuses_and_always_goes_on(tools: str) -> None:
    async def refused(client: Client) -> None:
        result = await client.call_tool("run", {"code": "drive('here')"})
        assert "Refused: physical calls are not allowed here" in text(result)

    async def allowed(client: Client) -> None:
        assert text(await client.call_tool("run", {"code": "drive('here')"})) == "'here'"

    talk(replace(ALONE, tools=tools, approve="never"), refused, answer=form(allow=True))
    talk(replace(ALONE, tools=tools, approve="always"), allowed)


def test_a_tool_that_wants_approvals_asks_the_client_once(tmp_path: Path) -> None:
    from codeact_adapters._mcp.serving.desk import ask_client

    ran = []

    @tool(effect="read")
    def peek() -> None:
        ran.append("peek")

    @tool(effect="write")
    def post() -> None:
        ran.append("post")

    box = Toolbox([peek, post]).with_approvals({"*": ask_client})
    (tmp_path / "shared_tools.py").write_text("")
    person = form(allow=True)

    async def conversation(client: Client) -> None:
        await client.call_tool("run", {"code": "peek()\npost()"})
        assert (ran, len(person.asked)) == (["peek", "post"], 2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codeact.cli.toolboxes.load_toolbox", lambda place, ask: box)
        talk(replace(ALONE, tools="box"), conversation, answer=person)


@MODES
def test_a_call_that_is_cancelled_stops_what_moves(mode: str, tools: str) -> None:
    async def conversation(client: Client) -> None:
        driving = asyncio.create_task(client.call_tool("run", {"code": "kept = 1\ndrive('far')"}))
        await seen(client, "['began']")
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        await seen(client, "['began', 'stopped']")
        assert text(await client.call_tool("run", {"code": "kept"})) == "1"

    async def seen(client: Client, wanted: str) -> None:
        """The tool's own record; while the session is busy it can only be read in the host."""
        record = sys.modules[Path(tools.rpartition(":")[0]).stem].ran
        async with asyncio.timeout(10):
            while str(record) != wanted:
                await asyncio.sleep(0.01)

    talk(replace(ALONE, tools=tools, approve="always"), conversation, mode)


def test_another_request_interrupts_and_a_busy_session_says_so(tools: str) -> None:
    async def conversation(client: Client) -> None:
        driving = asyncio.create_task(client.call_tool("run", {"code": "drive('far')"}))
        await asyncio.sleep(0.3)
        busy = await client.call_tool("run", {"code": "1"})
        assert text(busy) == "a program runs in this session; wait for it, or end it with `interrupt`"
        assert text(await client.call_tool("interrupt", {})) == "The program was ended."
        result = await driving
        assert result.is_error
        assert "it was interrupted in drive(), which was stopped: brakes on" in text(result)
        assert text(await client.call_tool("interrupt", {})) == "No program was running."

    talk(replace(ALONE, tools=tools, approve="always"), conversation)


def test_the_end_of_the_server_stops_what_moves(tools: str) -> None:
    record: list[str] = []

    async def conversation(client: Client) -> None:
        driving = asyncio.create_task(client.call_tool("run", {"code": "drive('far')"}))
        record.append(Path(tools.rpartition(":")[0]).stem)
        async with asyncio.timeout(10):
            while not getattr(sys.modules.get(record[0]), "ran", None):
                await asyncio.sleep(0.01)
        driving.add_done_callback(lambda task: task.cancelled() or task.exception())

    talk(replace(ALONE, tools=tools, approve="always"), conversation)
    assert sys.modules[record[0]].ran == ["began", "stopped"]


def test_an_unanswered_question_is_a_refusal(tools: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codeact_adapters._mcp.serving.work.ANSWER_S", 0.2)

    async def conversation(client: Client) -> None:
        session = client.session
        asked: Any = await session.call_tool("run", {"code": "drive('here')"}, allow_input_required=True)
        assert asked.result_type == "input_required"
        await asyncio.sleep(0.6)
        late: Any = await session.call_tool(
            "run",
            {"code": "drive('here')"},
            request_state=asked.request_state,
            input_responses={"approval": ElicitResult(action="accept", content={"allow": True})},
            allow_input_required=True,
        )
        assert "no program waits for this answer any more" in text(late)
        assert text(await client.call_tool("run", {"code": "look()"})) == "[]"
        made_up: Any = await session.call_tool("run", {"code": "1"}, request_state="guess", allow_input_required=True)
        assert "no program waits for this answer any more" in text(made_up)

    talk(replace(ALONE, tools=tools), conversation, answer=form(allow=True))


@pytest.mark.slow
def test_files_of_a_workspace_are_resources_and_pictures_are_shown(tmp_path: Path) -> None:
    code = (
        "import base64, json\n"
        "json.dump({'a': 1}, open('found.json', 'w'))\n"
        "open('blob', 'wb').write(bytes([0, 255]))\n"
        "import zlib, struct\n"
        "def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data"
        " + struct.pack('>I', zlib.crc32(kind + data))\n"
        "rows = zlib.compress(b'\\x00\\xff\\x00\\x00')\n"
        "picture = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 2, 0, 0, 0))"
        " + chunk(b'IDAT', rows) + chunk(b'IEND', b'')\n"
        "_ = open('red dot.png', 'wb').write(picture)"
    )

    async def conversation(client: Client) -> None:
        result = await client.call_tool("run", {"code": code})
        assert not result.is_error, text(result)
        links = {block.name: block for block in result.content if block.type == "resource_link"}
        assert links["red dot.png"].uri == "workspace://own/red%20dot.png"
        (shown,) = [block for block in result.content if block.type == "image"]
        assert shown.mime_type == "image/png"
        (read,) = (await client.read_resource(links["found.json"].uri)).contents
        assert (read.text, read.mime_type) == ('{"a": 1}', "application/json")  # type: ignore[union-attr]
        (blob,) = (await client.read_resource(links["blob"].uri)).contents
        assert blob.blob == "AP8="  # type: ignore[union-attr]
        assert {found.name for found in (await client.list_resources()).resources} == {"stubs", *links}
        await client.call_tool(
            "run", {"code": "import os\nos.remove('blob')\nos.symlink('/etc/passwd', 'found2.json')"}
        )
        for uri in ("workspace://own/blob", "workspace://own/found2.json", "workspace://own/../secret"):
            with pytest.raises(MCPError, match="there is no resource"):
                await client.read_resource(uri)

    talk(replace(ALONE, workspace=tmp_path, imports=("numpy",)), conversation)


def test_an_environment_is_reset_stepped_scored_and_seen() -> None:
    async def conversation(client: Client) -> None:
        offered = {found.name: found for found in (await client.list_tools()).tools}
        assert set(offered) == {"reset", "step", "observation", "score", "image", "interrupt"}
        assert "def push(distance: float)" in str(offered["step"].description)
        early = await client.call_tool("score", {})
        assert text(early) == "there was no reset in this session; call reset first"
        begun = await client.call_tool("reset", {"seed": 3})
        assert "Push the block to the mark" in text(begun)
        assert begun.structured_content["seed"] == 3
        failed = await client.call_tool("step", {"code": "push(5)"})
        assert failed.is_error
        assert "the block would leave the line" in text(failed)
        done = await client.call_tool("step", {"code": "print('go')\npush(mark() - block())"})
        assert text(done).startswith("go")
        assert "score 1.000, success; the episode is over" in text(done)
        assert done.structured_content["success"] is True
        assert "score 1.000" in text(await client.call_tool("score", {}))
        assert (await client.call_tool("observation", {})).structured_content["over"] is True
        (picture,) = (await client.call_tool("image", {})).content
        assert (picture.type, picture.mime_type) == ("image", "image/png")

    talk(replace(ALONE, env="line_world:Line/Push-v0", approve="always"), conversation)


def test_what_cannot_be_served_is_said_at_once(tmp_path: Path) -> None:
    async def nothing(client: Client) -> None: ...

    for options, message in (
        (replace(ALONE, tools=str(tmp_path / "missing.py")), "there is no file"),
        (replace(ALONE, limits=("walls=1",)), "there is no limit 'walls'"),
        (replace(ALONE, env="CartPole-v1"), "the actions of CartPole-v1 are no programs"),
    ):
        with pytest.raises(CodeActError, match=message):
            talk(options, nothing)
    assert threading.active_count() < 50
