"""`codeact tools show`, `codeact run --tools`, and `codeact adapters`."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_cli import codeact
from typer.testing import CliRunner

from codeact.cli.app import app
from codeact.errors import ToolError
from codeact_adapters.cli import app as adapters_app
from codeact_adapters.scaffold import write_package

TOOLS = '''
from codeact import Toolbox, tool

@tool(effect="read")
def level() -> float:
    """Return the brightness."""
    print("level was asked for")
    return 0.5

@tool(effect="physical")
def dim() -> None:
    """Dim the lamp."""

def box() -> Toolbox:
    return Toolbox([level, dim], closing=lambda: print("closed"))
'''
FILE = """
tools:
  lamp:
    adapter: lamps.py:box
    approve: {dim: refuse}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "lamps.py").write_text(TOOLS)
    path = tmp_path / "tools.yaml"
    path.write_text(FILE)
    return path


def test_tools_are_shown_as_a_model_reads_them(file: Path) -> None:
    shown = CliRunner().invoke(app, ["tools", "show", str(file)])
    assert shown.exit_code == 0, shown.output
    ast.parse(shown.stdout.removesuffix("closed\n"))
    lines = shown.stdout.splitlines()
    assert lines[0] == "class lamp:"
    assert "# lamp.level  read" in lines
    assert "# lamp.dim    physical  has an approval of its own, moves something and has no stop path" in lines
    stubs = shown.stdout[: shown.stdout.index("\n# lamp.level")]
    assert re.search(rf"# 2 tools \(1 read, 1 physical\): {len(stubs)} characters, about \d+ tokens", shown.stdout)
    assert lines[-1] == "closed"
    listed = CliRunner().invoke(app, ["tools", "show", str(file), "--no-stubs"])
    assert listed.stdout.startswith("# lamp.level")


def test_mistakes_in_a_file_of_tools_are_one_clear_message(file: Path) -> None:
    file.write_text(FILE.replace("refuse", "refuze"))
    shown = CliRunner().invoke(app, ["tools", "show", str(file)])
    assert shown.exit_code == 2
    assert f"{file}:5:15: tools.lamp.approve.dim: 'refuze' is no approval" in shown.stderr.replace("\n", "")


def test_what_cannot_be_reached_is_no_mistake_in_the_file(file: Path) -> None:
    (file.parent / "lost.py").write_text("def box():\n    raise ConnectionError('nobody answers')\n")
    file.write_text(FILE.replace("lamps.py:box", "lost.py:box"))
    shown = CliRunner().invoke(app, ["tools", "show", str(file)])
    assert (shown.exit_code, "nobody answers" in shown.stderr) == (1, True)


def test_an_adapter_shows_the_options_that_a_file_can_give(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("""
from collections.abc import Callable

def own(key: str, *, level: float = 0.5, name: str | None = None, count: Callable[[str], int] | None = None):
    'Ours.'
""")
    shown = CliRunner().invoke(app, ["adapters", "show", f"{tmp_path / 'own.py'}:own"])
    assert shown.stdout == "key: str\nlevel: float = 0.5\n\nOurs.\n"


def test_an_episode_with_tools_of_a_file(file: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.txt"
    model.write_text("<execute>\nprint(lamp.level())\nlamp.dim()\n</execute>")
    done = codeact(
        "run", "CodeAct/Reach-v0", "--tools", file, "--model", f"scripted:{model}", "--no-video", "--max-turns", 1,
        "--out", tmp_path / "runs",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "level was asked for" in done.stdout
    assert "lamp.dim() is not allowed here" in done.stdout
    assert "closed" in done.stdout
    (run,) = (tmp_path / "runs").iterdir()
    (file.parent / "lamps.py").unlink()
    again = codeact("replay", run, "--show")
    assert again.returncode == 0, again.stderr
    assert "level was asked for" not in again.stdout, "that is what the tool itself prints"
    assert "1 of their calls were answered as recorded" in again.stdout


def test_an_environment_that_takes_no_tools_says_so(file: Path) -> None:
    done = codeact("run", "line_world:Line/Push-v0", "--tools", file, "--agent", "oracle", "--no-video")
    assert done.returncode == 1
    assert "has no option 'extra_tools'; leave out --tools" in done.stderr.replace("\n", " ")


def test_installed_adapters_are_listed_and_their_options_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = CliRunner().invoke(adapters_app, [])
    assert re.search(r"^openapi +Make a toolbox of an HTTP service.* \[codeact ", listed.stdout, re.MULTILINE)
    shown = CliRunner().invoke(adapters_app, ["show", "openapi"])
    assert "timeout_s: float = 30.0" in shown.stdout.splitlines()
    assert "allow: Iterable[str] | None = None" in shown.stdout.splitlines()
    assert "Make a toolbox of an HTTP service" in shown.stdout
    unknown = CliRunner().invoke(adapters_app, ["show", "openap"])
    assert (unknown.exit_code, "did you mean 'openapi'?" in unknown.stderr) == (1, True)

    metadata = tmp_path / "theirs-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[codeact.adapters]\nbroken = nowhere_at_all:x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    listed = CliRunner().invoke(adapters_app, ["list"])
    assert listed.exit_code == 1
    assert re.search(r"^broken +\(cannot be loaded\)  \[theirs 1\]$", listed.stdout, re.MULTILINE)
    assert "the adapter 'broken' of theirs 1 cannot be loaded from nowhere_at_all:x" in listed.stderr.replace("\n", " ")


@pytest.mark.slow
def test_a_new_package_passes_its_own_checks(tmp_path: Path) -> None:
    written = CliRunner().invoke(adapters_app, ["new", "my-notes", "--out", str(tmp_path)])
    assert written.exit_code == 0, written.output
    folder = tmp_path / "codeact-my-notes"
    assert str(folder / "codeact_my_notes/adapter.py") in written.stdout.splitlines()
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    for program in (
        ["pytest", "-q", "-p", "no:cacheprovider", "."],
        ["ruff", "check", "--isolated", "."],
        ["ruff", "format", "--isolated", "--line-length", "120", "--check", "."],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *program],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_package_is_written_over_nothing_and_has_a_name_that_python_knows(tmp_path: Path) -> None:
    write_package("weather", tmp_path)
    with pytest.raises(ToolError, match="codeact-weather is there already"):
        write_package("weather", tmp_path)
    for name in ("Weather", "1st", "class", "a b", "../x", ""):
        with pytest.raises(ToolError, match="cannot be the name of an adapter"):
            write_package(name, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["codeact-weather"]


def test_a_file_of_python_without_a_toolbox_is_told_how_to_make_one(tmp_path: Path) -> None:
    file = tmp_path / "maths.py"
    file.write_text("def double(x: float) -> float:\n    return 2 * x\n")
    shown = CliRunner().invoke(app, ["tools", "show", str(file)])
    assert (shown.exit_code, "holds no Toolbox; write box = Toolbox([...]) there" in shown.stderr) == (2, True)
    other = tmp_path / "tools.conf"
    other.write_text(FILE)
    shown = CliRunner().invoke(app, ["tools", "show", str(other)])
    assert (shown.exit_code, "is neither a file of Python nor of tools" in shown.stderr) == (2, True)
