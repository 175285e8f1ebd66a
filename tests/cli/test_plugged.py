"""What other packages add to the command line: commands, and kinds of files that hold tools."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_cli import codeact

from codeact.cli.failures import UsageError
from codeact.cli.toolboxes import load_toolbox
from codeact.errors import ToolError

THEIRS = """
import typer
from codeact.tools import Toolbox

app = typer.Typer()

@app.command()
def greet(name: str):
    "Say hello."
    print("hello", name)

def read(path, ask):
    def shout() -> str:
        return path.read_text().upper()

    return Toolbox([shout]).with_approvals({"shout": ask})
"""
POINTS = """
[codeact.commands]
greet = theirs:app
run = theirs:app
broken = theirs:missing
odd = theirs:read

[codeact.tool_files]
shout = theirs:read
torn = theirs:missing
"""


@pytest.fixture
def theirs(tmp_path: Path) -> dict[str, str]:
    """The environment in which their package is installed."""
    (tmp_path / "theirs.py").write_text(THEIRS)
    metadata = tmp_path / "theirs-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(POINTS)
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}


def test_a_package_adds_a_command_and_hides_none(theirs: dict[str, str]) -> None:
    shown = codeact("--help", **theirs).stdout
    assert "Say hello." in shown
    assert "Play one episode" in shown
    assert codeact("greet", "you", **theirs).stdout == "hello you\n"
    assert "A Gymnasium id" in codeact("run", "--help", **theirs).stdout


def test_a_command_that_cannot_be_loaded_says_why_and_breaks_no_other(theirs: dict[str, str]) -> None:
    assert "(cannot be loaded)" in codeact("--help", **theirs).stdout
    for command, reason in {
        "broken": "from theirs:missing: AttributeError",
        "odd": "it is of type function, not a typer.Typer",
    }.items():
        failed = codeact(command, **theirs)
        assert failed.returncode == 1
        assert reason in failed.stderr.replace("\n", " ")
    unknown = codeact("gret", **theirs)
    assert unknown.returncode == 2
    assert "gret" in unknown.stderr


def test_a_package_reads_files_of_tools(
    theirs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.shout").write_text("hello")
    (tmp_path / "x.torn").write_text("")
    refused = codeact("sandbox", "--tools", tmp_path / "x.shout", "-c", "shout()", **theirs)
    assert "nobody was there to approve the call" in refused.stderr
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_toolbox(str(tmp_path / "x.shout"))["shout"].invoke({}) == "HELLO"
    with pytest.raises(UsageError, match="there is no such file"):
        load_toolbox(str(tmp_path / "y.shout"))
    with pytest.raises(ToolError, match="its reader theirs:missing cannot be loaded: AttributeError"):
        load_toolbox(str(tmp_path / "x.torn"))
