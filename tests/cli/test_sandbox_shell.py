"""`codeact sandbox` at a terminal, typed to as a person does."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codeact.cli.blocks import as_code, goes_on, indentation

pytestmark = pytest.mark.real_time  # keys are typed as things appear on a terminal

TOOLS = '''
from codeact import Toolbox, tool

@tool(effect="write")
def send(text: str) -> int:
    """Send `text` to the printer."""
    open("sent", "a").write(text)
    return len(text)

box = Toolbox([Toolbox([send], name="printer")])
'''

Start = Callable[..., "Terminal"]
prompt_toolkit = pytest.importorskip("prompt_toolkit", reason="the prompt needs prompt_toolkit")

from terminal import CSI, Terminal  # noqa: E402


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the shell and waits for its prompt."""
    (tmp_path / "tools.py").write_text(TOOLS)
    opened: list[Terminal] = []

    def begin(*arguments: object, **environment: str) -> Terminal:
        terminal = Terminal(*arguments, state=tmp_path / "state", cwd=tmp_path, **environment)
        opened.append(terminal)
        terminal.expect(">>>")
        return terminal

    yield begin
    for terminal in opened:
        terminal.close()


def test_values_output_and_variables(start: Start) -> None:
    shell = start()
    shell.type("x = 20 + 1\r")
    shell.expect(">>>", ">>>")
    shell.type("print('a', end='')\r")
    shell.expect("\na\n", ">>>")
    shell.type("x * 2\r")
    shell.expect("\n42\n", ">>>")
    shell.type("None\r")
    assert "None\nNone" not in shell.expect(">>>", ">>>")
    assert shell.ends(press="\x04") == 0


def test_a_block_goes_on_until_an_empty_line(start: Start) -> None:
    shell = start()
    shell.type("for i in range(3):\r")
    shell.expect("...")
    shell.type("if i:\r")
    shell.expect("...")
    shell.type("print('number', i)\r")
    assert "number 1" not in shell.expect("...")
    shell.type("\r")
    shell.expect("\nnumber 1\nnumber 2\n", ">>>")
    shell.type("total = (1 +\r")
    shell.expect("...")
    shell.type("2)\r")
    shell.expect(">>>", ">>>")
    shell.type("total\r")
    shell.expect("\n3\n")


PASTED = "def f(n):\n    total = 0\n\n    for i in range(n):\n        total += i\n    return total\n\nf(10)"


def test_pasted_code_of_several_lines_runs_as_one(start: Start) -> None:
    shell = start()
    shell.paste(PASTED)
    shell.expect("f(10)")
    shell.type("\r")
    shell.expect("\n45\n", ">>>")


def test_a_terminal_that_types_what_is_pasted_keeps_its_indentation(start: Start) -> None:
    shell = start()
    shell.type("def g(n):\r    if n:\r        return 'yes'\r    return 'no'\r\rg(1), g(0)\r")
    shell.expect("('yes', 'no')\n", ">>>")


def test_errors_are_told_in_the_sandboxs_words_and_in_colour(start: Start) -> None:
    shell = start()
    shell.type("values = [1]\r")
    shell.expect(">>>", ">>>")
    shell.type("values.apend(2)\r")
    shell.expect("line 1", "    values.apend(2)", "AttributeError", "Did you mean: 'append'?", ">>>")
    assert "\x1b[31mAttributeError" in shell.raw
    assert "site-packages" not in shell.raw
    assert "/codeact/" not in shell.raw
    shell.type("print('\\x1b[2J\\x1b]0;title\\x07shown')\r")
    shell.expect("\nshown\n")
    assert "\x1b]0;title" not in shell.raw


def test_no_color_is_respected(start: Start) -> None:
    shell = start(NO_COLOR="1")
    shell.type("def f(): pass\r\r1/0\r")
    shell.expect("ZeroDivisionError", ">>>")
    shell.type("'text'\r")
    shell.expect("\n'text'\n")
    assert not re.findall(r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])(?:;\d+)*m", shell.raw)


def test_ctrl_c_ends_the_program_and_keeps_the_session(start: Start) -> None:
    shell = start()
    shell.type("kept = 'still ' + 'here'\r")
    shell.expect(">>>", ">>>")
    shell.paste("print('run' + 'ning')\nwhile True:\n    pass\n")
    shell.type("\r")
    shell.expect("\nrunning\n")
    shell.type("\x03")
    shell.expect("Interrupted: the program was ended: it was interrupted", ">>>")
    shell.type("kept\r")
    shell.expect("\n'still here'\n", ">>>")


def test_ctrl_c_says_what_was_lost_where_the_program_cannot_be_ended_softly(start: Start) -> None:
    shell = start()
    shell.type("kept = 1\r")
    shell.expect(">>>", ">>>")
    shell.paste("print('run' + 'ning')\nimport itertools\nsum(itertools.count())\n")
    shell.type("\r")
    shell.expect("\nrunning\n")
    shell.type("\x03")
    shell.expect("Interrupted: ", "the session was restarted: all variables, functions and imports are lost", ">>>")
    shell.type("kept\r")
    shell.expect("NameError", ">>>")


def test_ctrl_c_at_the_prompt_gives_up_the_line(start: Start) -> None:
    shell = start()
    shell.type("never = 1")
    shell.expect("never = 1")
    shell.type("\x03")
    shell.expect(">>>")
    shell.type("never\r")
    shell.expect("NameError", ">>>")


@pytest.mark.parametrize("word", ["exit", "quit()", "\x04"])
def test_leaving(start: Start, word: str) -> None:
    shell = start()
    assert shell.ends(press=word if word == "\x04" else f"{word}\r") == 0


def test_history_is_kept_for_the_next_time_and_is_the_users_own(start: Start, tmp_path: Path) -> None:
    first = start()
    first.type("for i in range(2):\r")
    first.expect("...")
    first.type("print('round', i)\r")
    first.expect("...")
    first.type("\r")
    first.expect("\nround 1\n", ">>>")
    assert first.ends(press="\x04") == 0
    file = tmp_path / "state" / "codeact" / "sandbox_history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    second = start()
    second.type("\x1b[A")
    second.expect("round")
    second.type("\r")  # the block came back without the empty line that ended it
    second.expect("...")
    second.type("\r")
    second.expect("\nround 0\nround 1\n", ">>>")


def test_history_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from codeact.cli import line_editor

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(line_editor, "HISTORY_BLOCKS", 5)
    for index in range(10):
        line_editor._history().store_string(f"line {index}\nof two")
    assert len(list(line_editor._history().load_history_strings())) == 10
    line_editor._history().store_string("the last")
    assert list(line_editor._history().load_history_strings()) == [
        "the last",
        *(f"line {index}\nof two" for index in (9, 8, 7, 6)),
    ]
    assert os.listdir(tmp_path / "codeact") == ["sandbox_history"]


def test_a_history_that_cannot_be_kept_is_no_obstacle(start: Start, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    shell = start()
    shell.type("1 + 1\r")
    shell.expect("\n2\n")


def test_tools_are_shown_and_called(start: Start, tmp_path: Path) -> None:
    shell = start("--tools", "tools.py:box")
    assert "1 tool" in CSI.sub("", shell.raw)
    shell.type("%tools\r")
    shell.expect("class printer", "def send(", "text: str) -> int", "Send `text` to the printer.", ">>>")
    shell.type("printer.send('hello')\r")
    shell.expect("\n5\n", ">>>")
    assert (tmp_path / "sent").read_text() == "hello"
    empty = start()
    empty.type("%tools\r")
    empty.expect("there are none; start with --tools")


def test_ctrl_c_at_a_question_ends_the_program_and_takes_nothing_of_what_is_typed_next(start: Start) -> None:
    shell = start("--tools", "tools.py:box", "--approve", "ask")
    shell.type("printer.send('one')\r")
    shell.expect("Run it?")
    shell.type("y\r")
    shell.expect("\n3\n", ">>>")
    shell.type("printer.send('two')\r")
    shell.expect("Run it?")
    shell.type("\x03")
    shell.expect("Interrupted: ", ">>>")
    for number in range(3):
        shell.type(f"1000 + {number}\r")
        shell.expect(f"\n100{number}\n", ">>>")
    shell.type("printer.send('three')\r")
    shell.expect("Run it?")
    shell.type("not today\r")
    shell.expect("Refused: not today", ">>>")


def test_ctrl_c_twice_leaves_a_tool_that_does_not_return(start: Start, tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(
        "import time\n"
        "from codeact import Toolbox, tool\n"
        "@tool(effect='physical')\n"
        "def stubborn() -> None:\n"
        "    print('mov' + 'ing', flush=True)\n"
        "    for _ in range(1000): time.sleep(0.1)\n"
        "box = Toolbox([stubborn])\n"
    )
    shell = start("--tools", "stubborn.py")
    shell.type("stubborn()\r")
    shell.expect("\nmoving\n")
    shell.type("\x03")
    shell.expect("^C")
    time.sleep(2.0)  # two that come at once may be heard as one
    shell.type("\x03")
    shell.expect("interrupted twice: what the program was doing was not waited for", ">>>")
    shell.type("1000 + 1\r")
    shell.expect("\n1001\n", ">>>")


def test_vars_shows_names_types_and_short_reprs_and_changes_nothing(start: Start, tmp_path: Path) -> None:
    shell = start("--tools", "tools.py:box")
    shell.paste(
        "import math\n"
        "class Sly:\n"
        "    def __repr__(self):\n"
        "        global count\n"
        "        count += 1\n"
        "        try:\n"
        "            printer.send('from a repr')\n"
        "        except Exception as problem:\n"
        "            return f'sly{count} {type(problem).__name__}'\n"
        "class Broken:\n"
        "    def __repr__(self):\n"
        "        raise ValueError('no')\n"
        "count, sly, broken = 10, Sly(), Broken()\n"
        "many, word = list(range(1000)), 'a\\tb'\n"
    )
    shell.type("\r")
    shell.expect(">>>", ">>>")
    shell.type("%vars\r")
    shown = shell.expect("word", ">>>")
    for row in (
        r"count +int +10",
        r"sly +Sly +sly11 Refused",
        r"broken +Broken +\(its repr raised ValueError\)",
        r"many +list +1,000 items: \[0, 1, 2",
        r"word +str +'a\\tb'",
    ):
        assert re.search(row, shown), shown
    shell.type("count\r")
    shell.expect("\n10\n", ">>>")
    assert not (tmp_path / "sent").exists()


def test_a_repr_that_never_ends_is_given_up_and_the_session_lives(start: Start) -> None:
    shell = start()
    shell.paste("class Slow:\n    def __repr__(self):\n        while True: pass\nslow, fast = Slow(), 7\n")
    shell.type("\r")
    shell.expect(">>>", ">>>")
    shell.type("%vars\r")
    shell.expect("the variables could not be looked at", "interrupted", ">>>")
    shell.type("fast\r")
    shell.expect("\n7\n", ">>>")


def test_limits_are_shown_and_set(start: Start) -> None:
    shell = start("--limit", "calls=7")
    shell.type("kept = 5\r")
    shell.expect(">>>", ">>>")
    shell.type("%limits\r")
    shown = shell.expect("wall_s", "calls", ">>>")
    assert re.search(r"wall_s +10\b", shown)
    assert re.search(r"calls +7\b", shown)
    shell.type("%limits wall_s=0.3\r")
    shell.expect("wall_s        0.3", ">>>")
    shell.type("while True: pass\r\r")
    shell.expect("TimeLimit: ", "it ran longer than 0.3 s", ">>>")
    shell.type("kept\r")
    shell.expect("\n5\n", ">>>")
    shell.type("%limits memory_mb=200\r")
    shell.expect("a new session, and its variables are gone: memory_mb cannot change", "memory_mb     200", ">>>")
    shell.type("kept\r")
    shell.expect("NameError", ">>>")
    shell.type("%limits wal=1\r")
    shell.expect("there is no limit 'wal'; did you mean", ">>>")


def test_other_commands(start: Start) -> None:
    shell = start()
    shell.type("%time sum(range(10**5))\r")
    shell.expect("\n4999950000\n", "in code", "0 calls", ">>>")
    shell.type("%help\r")
    shell.expect("%tools", "%vars", "%limits", "%time", "%reset", "Ctrl-D", ">>>")
    shell.type("%limts\r")
    shell.expect("there is no command %limts; did you mean '%limits'?", ">>>")
    shell.type("x = 1\r")
    shell.expect(">>>", ">>>")
    shell.type("%reset\r")
    shell.expect("a new session: the variables are gone", ">>>")
    shell.type("x\r")
    shell.expect("NameError", ">>>")


def test_tab_completes_names_tools_and_attributes(start: Start) -> None:
    shell = start("--tools", "tools.py:box")
    shell.type("remarkable = 'value'\r")
    shell.expect(">>>", ">>>")
    shell.type("remark\t")
    shell.expect("remarkable")
    shell.type("\r")
    shell.expect("\n'value'\n", ">>>")
    shell.type("remarkable.capit\t")
    shell.expect("capitalize")
    shell.type("()\r")
    shell.expect("\n'Value'\n", ">>>")
    shell.type("printer.se\t")
    shell.expect("send")
    shell.type("('tab')\r")
    shell.expect("\n3\n", ">>>")
    shell.type("%va\t")
    shell.expect("rs")  # drawn as %vars, or as what differs from %va
    shell.type("\r")
    shell.expect("remarkable", "str", "'value'", ">>>")


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("1 + 1", False),
        ("x = (1,", True),
        ("x = (1,\n", True),
        ("x = (1,\n2)", False),
        ("text = '''one", True),
        ("text = '''one\n\n", True),
        ("text = '''one\ntwo'''", False),
        ("'not closed", False),
        ("total = 1 + \\", True),
        ("# a comment \\", False),
        ("# a comment:", False),
        ("", False),
        ("if x:", True),
        ("if x: y = 1", True),
        ("if x: y = 1\n", False),
        ("def f():\n    return 1", True),
        ("def f():\n    return 1\n", False),
        ("def f():\n    return 1\n    ", False),
        ("def f():\n    x = 1\n\n    return x", True),
        ("def f():\n    return 1\n\nf()", False),
        ("@cached", True),
        ("match x:\n    case 1:", True),
        ("match = 3", False),
        ("x = {'a': 1}", False),
        ("d[1:2]", False),
        ("f = lambda: 0", False),
        ("class A: pass", True),
        ("print(']')", False),
        ("x = 1)", False),
        ("  bad\n indentation", False),
        ("$", False),
        ("(" * 50_000, True),
    ],
)
def test_where_a_block_ends(source: str, more: bool) -> None:
    assert goes_on(source) is more


def test_indentation_of_a_new_line() -> None:
    assert indentation("if x:") == "    "
    assert indentation("if x:\n    y = 1") == "    "
    assert indentation("def f():\n    if x:\n        return 1") == "    "
    assert indentation("x = 1") == ""


@pytest.mark.parametrize(
    ("copied", "code"),
    [
        ("x = 1\nx", "x = 1\nx"),
        ("```python\nx = 1\n\nx\n```", "x = 1\n\nx"),
        ("```\nx\n```\nThis prints x.", "x"),
        (">>> x = 1\n>>> x + 1\n2", "x = 1\nx + 1"),
        (">>> for i in range(2):\n...     print(i)\n...\n0\n1", "for i in range(2):\n    print(i)\n"),
    ],
)
def test_a_block_loses_what_it_was_copied_with(copied: str, code: str) -> None:
    assert as_code(copied) == code


def test_a_fenced_program_is_pasted_as_it_is(start: Start) -> None:
    shell = start()
    shell.paste("```python\nprint(6 * 7)\n```")
    shell.type("\r")
    shell.expect("\n42\n", ">>>")
