"""`codeact chat`, from a pipe and at a terminal of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.real_time  # keys are typed as things appear on a terminal

TOOLS = '''
from codeact import Toolbox, tool

@tool(effect="write")
def send(text: str) -> int:
    """Send `text` to the printer."""
    open("sent", "a").write(text)
    return len(text)

box = Toolbox([send])
'''

Chat = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    """Writes the replies of a scripted model; returns its name."""
    (tmp_path / "tools.py").write_text(TOOLS)

    def write(*replies: str) -> str:
        (tmp_path / "script.json").write_text(json.dumps(replies))
        return "scripted:script.json"

    return write


@pytest.fixture
def piped(tmp_path: Path) -> Chat:
    def run(*arguments: object, said: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "codeact.cli", "chat", "--out", "out", *map(str, arguments)],
            input=said,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
        )

    return run


def test_messages_from_a_pipe(script: Callable[..., str], piped: Chat, tmp_path: Path) -> None:
    model = script(
        "I count, with `sum`.\n<execute>\nx = sum([3, 4])\nprint(x)\nimport numpy as np\n"
        "np.zeros((16, 20), np.uint8)\n</execute>",
        "It is seven.",
        "<execute>\nfinish(send('a' * x))\n</execute>",
        "```python\nx = 50\n```",
        "Fifty.",
    )
    said = "add\\\nthem\nsend that\n/vars\nmore\n/undo\n/vars\n/save notes/chat.md\n/nonsense\n"
    done = piped("--model", model, "--tools", "tools.py", said=said)
    assert done.returncode == 1, "one command is none"
    lines = [line.rstrip() for line in done.stdout.split("\n")]
    assert "scripted:script.json, full wall, 1 tool. /help says more; Ctrl-D leaves." in lines
    at = lines.index("you> add\\")
    assert lines[at + 1 : at + 7] == [
        "them",
        "I count, with `sum`.",
        "  x = sum([3, 4])",
        "  print(x)",
        "  import numpy as np",
        "  np.zeros((16, 20), np.uint8)",
    ]
    assert "  │ 7" in lines
    assert "  picture: out/picture-001.png (20x16)" in lines
    assert (tmp_path / "out" / "picture-001.png").read_bytes().startswith(b"\x89PNG")
    assert lines.count("It is seven.") == 1, "what was streamed is not said again"
    assert any(line.startswith("  ● send(text='aaaaaaa') → 7") for line in lines)
    assert "7" in lines, "the answer of finish()"
    shown = [line.split() for line in lines if line.startswith("x ")]
    assert shown == [["x", "int", "7"], ["x", "int", "7"]], "after 50 it is 7 again"
    assert "as it was before: more" in lines
    saved = (tmp_path / "notes" / "chat.md").read_text()
    assert saved.count("\n> ") == 3
    assert "> add\n> them\n\nI count, with `sum`.\n```python\nx = sum([3, 4])" in saved
    assert "picture: out/picture-001.png (20x16)" in saved
    assert "Fifty" not in saved
    assert "there is no command /nonsense" in done.stderr


def test_a_conversation_goes_on_from_its_file(script: Callable[..., str], piped: Chat, tmp_path: Path) -> None:
    model = script("<execute>\nx = 1\nfinish('one')\n</execute>", "Two.", "Three.")
    first = piped("--model", model, "--journal", "kept.jsonl", said="first\n/save copy.jsonl\n")
    second = piped("--model", model, "--journal", "kept.jsonl", said="second\n")
    third = piped("--model", model, "--journal", "copy.jsonl", said="second, elsewhere\n")
    assert [done.returncode for done in (first, second, third)] == [0, 0, 0]
    assert "\none\n" in first.stdout
    assert "\nTwo.\n" in second.stdout
    assert "\nTwo.\n" in third.stdout


def test_nobody_approves_from_a_pipe(script: Callable[..., str], piped: Chat, tmp_path: Path) -> None:
    model = script("<execute>\ntry:\n    send('x')\nexcept Refused as reason:\n    finish(str(reason))\n</execute>")
    done = piped("--model", model, "--tools", "tools.py", "--approve", "ask", said="send it\ny\n")
    assert "\nnobody is at the terminal to approve the call: standard input is a pipe\n" in done.stdout
    assert not (tmp_path / "sent").exists()
    assert done.returncode == 1, "the script has no reply to the second message"
    assert "Nothing is lost: /continue asks the model again" in done.stdout


def test_a_robot_is_driven_and_an_adapter_stands_beside_it(script: Callable[..., str], piped: Chat) -> None:
    model = script("<execute>\nmove_to(0.45, 0.1, 0.3)\nprint(directory.list())\n</execute>", "Done.")
    said = "go there\n/undo\n/continue\n"
    done = piped("--model", model, "--env", "CodeAct/Reach-v0", "--adapter", "directory path=.", said=said)
    assert "The task here is: " in done.stdout
    assert "● move_to(x=0.45, y=0.1, z=0.3" in done.stdout
    assert "script.json" in done.stdout, "a relative path is one from the working folder"
    assert "as it was before: go there" in done.stdout
    assert "not undone" not in done.stdout
    assert done.stderr == "error: there is nothing to go on with: the last message was answered\n"


def test_in_a_workspace_undo_says_before_and_after_what_stays(
    script: Callable[..., str], piped: Chat, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    model = script("<execute>\nx = 1\nopen('a.txt', 'w').close()\nfinish(x)\n</execute>")
    done = piped("--model", model, "--workspace", "work", said="/help\nwrite\n/undo\n")
    assert "back to before the last message; variables and files stay" in done.stdout
    assert "as they were left: the variables, and the files of the workspace" in done.stdout
    assert "written or removed since then: a.txt" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--adapter", "directory pth=x"], "--adapter directory pth=x: "),
        (["--adapter", "directory x"], "'x' is no option; write KEY=VALUE"),
        (["--env", "CodeAct/Reach-v0", "--workspace", "."], "--workspace is for a sandbox of its own"),
        (["--env", "CodeAct/Raech-v0"], "Reach"),
        (["--tier", "low"], "give --env, too"),
        (["--window"], "give --env, too"),
        (["--approve", "physical=perhaps"], "no rule 'perhaps'"),
    ],
)
def test_wrong_options_are_usage_errors(
    script: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], message: str
) -> None:
    from typer.testing import CliRunner

    from codeact.cli.app import app

    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, ["chat", "--model", script("a"), *arguments], terminal_width=200)
    assert (found.exit_code, message in found.stderr.replace("\n", "")) == (2, True), found.stderr


def test_who_would_watch_the_chats_robot_without_a_display_is_told_so(
    script: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from codeact.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    arguments = ["chat", "--model", script("a"), "--env", "CodeAct/Reach-v0", "--window"]
    found = CliRunner().invoke(app, arguments, terminal_width=200)
    assert found.exit_code == 1
    assert "needs a display, and DISPLAY is not set" in found.stderr.replace("\n", " ")


prompt_toolkit = pytest.importorskip("prompt_toolkit", reason="the prompt needs prompt_toolkit")

from terminal import Terminal  # noqa: E402


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def begin(*arguments: object) -> Terminal:
        opened.append(
            Terminal(*arguments, state=tmp_path / "state", cwd=tmp_path, command="chat", PYTHONUNBUFFERED="1")
        )
        opened[-1].expect("Ctrl-D leaves.", "you>")
        return opened[-1]

    yield begin
    for each in opened:
        each.close()


def test_a_chat_at_a_terminal(script: Callable[..., str], terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    model = script(
        "<execute>\nkept = 6\nprint('runs')\nwhile True:\n    pass\n</execute>",
        "<execute>\ndef sent(text):\n    try:\n        return send(text)\n    except Refused as reason:\n"
        "        return f'refused: {reason}'\nprint(sent('one'), sent('two'))\nprint(sent('three'), kept)\n</execute>",
        "All is said.",
    )
    chat = terminal("--model", model, "--tools", "tools.py", "--approve", "write=ask")
    chat.type("run for ever\r")
    chat.expect("while True:", "runs")
    chat.type("\x03")
    chat.expect("Interrupted", "No answer (interrupted). /continue goes on.", "you>")
    chat.type("send\\\rthem\r")
    chat.expect("send(text='one')", "[write]", "Run it?", "[a]lways for this tool")
    chat.type("not that one\r")
    chat.expect("send(text='two')", "Run it?")
    chat.type("a\r")
    shown = chat.expect("refused: not that one 3", "5 6", "All is said.", "you>")
    assert "Run it?" not in shown, "from now on the tool is allowed"
    assert (tmp_path / "sent").read_text() == "twothree"
    chat.type("/vars\r")
    chat.expect("kept", "int", "6", "you>")
    chat.type("/un\t")
    chat.expect("/undo")
    chat.type("\r")
    chat.expect("as it was before: send\nthem", "not undone, for it lies outside: ", "send(text='three')", "you>")
    chat.type("\x1b[A\x1b[A\x1b[A")
    chat.expect("send\\", "them")
    chat.type("\x03")
    assert chat.ends(press="\x04") == 0
    assert "run for ever" in (tmp_path / "state" / "codeact" / "chat_history").read_text()
