"""Every Python and shell snippet in README.md and docs/ runs.

The Python blocks of one document run top to bottom in one process, as a reader would type them; blocks fenced as `sh`
run line by line. Installing and `make` itself are what runs this test: lines with `make` or `pip` are left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUN = ("python", "sh")
SHOWN_ONLY = ("text", "yaml", "json", "jsonl", "console")


def _blocks(document: Path, language: str) -> list[str]:
    return [body for found, body in BLOCK.findall(document.read_text()) if found == language]


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120"}


def _ids(documents: list[Path]) -> list[str]:
    return [str(document.relative_to(ROOT)) for document in documents]


@pytest.mark.parametrize("document", DOCUMENTS, ids=_ids(DOCUMENTS))
def test_fences_are_of_known_kinds(document: Path) -> None:
    fences = re.findall(r"^```(.*)$", document.read_text(), re.MULTILINE)
    assert len(fences) % 2 == 0, "a fence is not closed"
    assert set(fences[::2]) <= {*RUN, *SHOWN_ONLY}
    assert set(fences[1::2]) <= {""}


WITH_PYTHON = [document for document in DOCUMENTS if _blocks(document, "python")]


@pytest.mark.slow
@pytest.mark.parametrize("document", WITH_PYTHON, ids=_ids(WITH_PYTHON))
def test_python_snippets_run(document: Path, tmp_path: Path) -> None:
    script = tmp_path / "snippets.py"
    script.write_text("\n\n".join(_blocks(document, "python")))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]


WITH_SHELL = [document for document in DOCUMENTS if _blocks(document, "sh")]


@pytest.mark.slow
@pytest.mark.parametrize("document", WITH_SHELL, ids=_ids(WITH_SHELL))
def test_shell_snippets_run(document: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    joined = "\n".join(_blocks(document, "sh")).replace("\\\n", " ")
    lines = [
        line
        for line in joined.splitlines()
        if line.strip() and not line.lstrip().startswith(("#", "make", "pip", "git", "cd"))
    ]
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=280
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout[-3000:]}{done.stderr[-5000:]}"
