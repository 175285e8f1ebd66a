"""`codeact sandbox FILE`, `-c CODE` and `-`: what comes out where, and how it exits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codeact.sandbox import level

TOOLS = '''
import time
from dataclasses import dataclass
from codeact import Toolbox, tool

@dataclass
class Reading:
    celsius: float

@tool(effect="read")
def temperature(city: str) -> Reading:
    """Return the air temperature in `city`."""
    return Reading({"Oslo": 4.0, "Rome": 21.0}[city])

@tool(effect="write")
def send(text: str) -> None:
    """Send `text`."""

box = Toolbox([temperature, send])
number = 3
'''


def sandbox(*arguments: object, cwd: Path | None = None, given: str | bytes = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "codeact.cli", "sandbox", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "110"},
        capture_output=True,
        input=given if isinstance(given, bytes) else given.encode(),
        timeout=120,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    file = tmp_path / "my_tools.py"
    file.write_text(TOOLS)
    return file


def test_a_script_prints_to_standard_output_and_exits_with_0(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import math\nprint(f'{math.pi:.2f}', 'ö')\nif __name__ == '__main__':\n    print(argv)\n42\n")
    done = sandbox(script, "one", "--limit", "-x")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"3.14 ö\n['{script}', 'one', '--limit', '-x']\n", "as a program, it shows no value"
    assert done.stderr == ""


def test_a_script_finds_its_arguments_in_sys_argv(tmp_path: Path) -> None:
    script = tmp_path / "double.py"
    script.write_text("import sys\nprint(int(sys.argv[1]) * 2, len(sys.argv))\n")
    assert sandbox(script, "21").stdout == "42 2\n"
    assert sandbox("--workspace", tmp_path, script, "21").stdout == "42 2\n"
    assert sandbox("--imports", "math", "-c", "argv", "a").stdout == "['-c', 'a']\n", "no sys to import"


def test_code_on_the_command_line_shows_its_value() -> None:
    done = sandbox("-c", "print('first')\n[argv, 'second']", "a")
    assert (done.returncode, done.stdout) == (0, "first\n[['-c', 'a'], 'second']\n")


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_program_comes_from_standard_input(arguments: list[str]) -> None:
    done = sandbox(*arguments, given="for i in range(2):\n    print(i)\n\nprint('ü')\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n1\nü\n", "")


def test_an_error_is_told_on_standard_error_in_the_sandboxs_words(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('before')\n(lambda: 0).__globals__\n")
    done = sandbox(script)
    assert done.returncode == 1
    assert done.stdout == "", "a program that may not run at all does not run in part"
    assert done.stderr.startswith("  line 2\n    (lambda: 0).__globals__\n")
    assert "NotAllowed: " in done.stderr
    script.write_text("print('before')\nvalues = [1]\nvalues.apend(2)\n")
    done = sandbox(script)
    assert (done.returncode, done.stdout) == (1, "before\n")
    assert "AttributeError" in done.stderr
    assert "append" in done.stderr
    assert "\x1b" not in done.stderr, "no colours where there is no terminal"


def test_a_time_limit_exits_with_124() -> None:
    done = sandbox("--limit", "wall_s=0.5", "-c", "print('on')\nwhile True: pass")
    assert (done.returncode, done.stdout) == (124, "on\n")
    assert "TimeLimit: the program was ended: it ran longer than 0.5 s" in done.stderr


def test_output_comes_as_it_is_printed_and_ctrl_c_exits_with_130() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "codeact.cli", "sandbox", "-c", "print('on')\nwhile True: pass"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n", "while the program still runs"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted: the program was ended: it was interrupted" in errors
    assert "Traceback (most recent call last):\n  File" not in errors


def test_a_question_is_asked_beside_the_output(tools: Path) -> None:
    done = sandbox("--tools", f"{tools}:box", "--approve", "ask", "--json", "-c", "send('a')\n3", given="y\n")
    assert json.loads(done.stdout)["value"] == 3
    assert "send(text='a')  [write]  Run it?" in done.stderr


def test_the_whole_execution_as_json(tools: Path) -> None:
    code = "print('now')\ntemperature('Rome')\ntemperature('Paris')"
    done = sandbox("--tools", f"{tools}:box", "--json", "-c", code)
    assert (done.returncode, done.stderr) == (1, "")
    data = json.loads(done.stdout)
    assert (data["ok"], data["code"], data["stdout"], data["error"]["line"]) == (False, code, "now\n", 3)
    assert [(call["tool"], call["arguments"]) for call in data["calls"]] == [
        ("temperature", {"city": "Rome"}),
        ("temperature", {"city": "Paris"}),
    ]
    assert data["calls"][0]["value"]["celsius"] == 21.0
    assert "KeyError" in data["calls"][1]["error"]
    good = json.loads(sandbox("--json", "-c", "{'a': [1, 2.5, None]}").stdout)
    assert (good["ok"], good["value"], good["error"]) == (True, {"a": [1, 2.5, None]}, None)


def test_tools_come_from_a_file_or_a_module(tools: Path) -> None:
    code = "temperature('Oslo').celsius"
    for place in (tools, "my_tools.py", "my_tools.py:box", "my_tools:box", "my_tools"):
        done = sandbox("--tools", place, "-c", code, cwd=tools.parent)
        assert (done.returncode, done.stdout) == (0, "4.0\n"), done.stderr
    refused = sandbox("--tools", f"{tools}:box", "--approve", "read-only", "-c", "send('x')")
    assert refused.returncode == 1
    assert "Refused" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing.py"], 2, "nothing.py cannot be read: No such file or directory"),
        (["."], 2, ". cannot be read: Is a directory"),
        (["--limit", "wal_s=3", "-c", "1"], 2, "there is no limit 'wal_s'; did you mean 'wall_s'?"),
        (["--limit", "calls=2.5", "-c", "1"], 2, "limit calls takes a whole number, not '2.5'; such as calls=1000"),
        (["--limit", "wall_s", "-c", "1"], 2, "limit wall_s takes a number, after an equals sign; such as wall_s=10"),
        (["--limit", "wall_s=-1", "-c", "1"], 2, "limit wall_s must be a number above 0"),
        (["--without", "wall", "-c", "1"], 2, "names no layer; the layers are filter"),
        (["--tools", "my_tools.py:bix", "-c", "1"], 2, "my_tools.py has no 'bix'; did you mean 'box'?"),
        (["--tools", "my_tools.py:number", "-c", "1"], 2, "number is of type int, not a Toolbox"),
        (["--tools", "none.py:box", "-c", "1"], 2, "there is no file none.py"),
        (["--tools", "none:box", "-c", "1"], 2, "ModuleNotFoundError: No module named 'none'"),
        (["--tools", "broken.py:box", "-c", "1"], 1, "ZeroDivisionError: division by zero ("),
    ],
)
def test_mistakes_get_one_clear_message(arguments: list[str], code: int, message: str, tools: Path) -> None:
    (tools.parent / "broken.py").write_text("1 / 0\n")
    done = sandbox(*arguments, cwd=tools.parent)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_text_gets_a_clear_error(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_bytes(b"print('a')\n# \xff\xfe\n")
    done = sandbox(script)
    assert done.returncode == 2
    assert f"{script} is not a Python program in UTF-8 or the encoding that it names at byte 13" in done.stderr
    assert sandbox(given=b"\x89PNG\r\n\x1a\n\0").returncode == 2
    script.write_bytes("# coding: latin-1\r\nprint('grün')\r\n".encode("latin-1"))
    assert sandbox(script).stdout == "grün\n"


def test_a_layer_can_be_left_out_by_name() -> None:
    code = "(lambda: 0).__globals__['__name__']"
    assert "NotAllowed" in sandbox("-c", code).stderr
    done = sandbox("--without", "filter", "-c", code)
    assert (done.returncode, done.stdout) == (0, "'__main__'\n")


def test_imports_can_be_narrowed() -> None:
    for arguments in (["--imports", "math", "--imports", "json"], ["--imports", "math,json"]):
        done = sandbox(*arguments, "-c", "import json, math\nimport re")
        assert done.returncode == 1
        assert "line 2" in done.stderr
        assert "Available: json, math" in done.stderr


def test_a_workspace_is_written_and_told_of(tmp_path: Path) -> None:
    if not any(layer.name == "mounts" and layer.reached for layer in level().layers):
        pytest.skip("this machine has no mounts layer")
    data = tmp_path / "data"
    data.mkdir()
    (data / "in.txt").write_text("seven")
    work = tmp_path / "work"
    work.mkdir()
    code = f"from pathlib import Path\nPath('out.txt').write_text(Path({str(data / 'in.txt')!r}).read_text().upper())"
    done = sandbox("--workspace", work, "--readable", data, "--imports", "json", "--json", "-c", code)
    assert done.returncode == 0, done.stderr
    assert (work / "out.txt").read_text() == "SEVEN"
    told = json.loads(done.stdout)
    assert [(file["path"], file["change"], file["size"]) for file in told["artifacts"]] == [("out.txt", "created", 5)]
    alone = sandbox("--readable", data, "-c", "1")
    assert (alone.returncode, "readable= goes with workspace=" in alone.stderr) == (1, True)
    nowhere = sandbox("--workspace", tmp_path / "none", "-c", "1")
    assert nowhere.returncode == 1
    assert "Traceback" not in nowhere.stderr
