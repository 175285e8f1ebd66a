"""Folders made once: whole or not there, whoever is killed, however many want them at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codeact.errors import ModelError
from codeact.models.cache import cache_folder, prepared_folder

MAKER = """
import os, sys, time
from pathlib import Path
from codeact.models.cache import prepared_folder

def make(work):
    with open(sys.argv[2], "a") as log:
        log.write(f"{os.getpid()}\\n")
    (work / "a").write_text("a" * 1000)
    time.sleep(float(sys.argv[3]))
    (work / "b").write_text("b" * 1000)

folder = prepared_folder(Path(sys.argv[1]), make)
assert [(folder / name).read_text() for name in "ab"] == ["a" * 1000, "b" * 1000]
"""


def _start(folder: Path, log: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAKER, str(folder), str(log), str(seconds)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_it_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(work: Path) -> None:
        made.append(work)
        (work / "inner").mkdir()
        (work / "inner" / "file").write_text("x")

    for _ in range(2):
        assert (prepared_folder(tmp_path / "deep" / "folder", make) / "inner" / "file").read_text() == "x"
    assert len(made) == 1


def test_many_processes_at_once_make_it_once(tmp_path: Path) -> None:
    processes = [_start(tmp_path / "folder", tmp_path / "log", 0.5) for _ in range(4)]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    assert len((tmp_path / "log").read_text().split()) == 1
    assert "waiting for it" in "".join(said)


def test_what_a_killed_process_began_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    first = _start(folder, tmp_path / "log", 60)
    until = time.monotonic() + 30
    while not list(tmp_path.glob(".folder.partial-*/a")) and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=30)
    assert not folder.exists()
    second = _start(folder, tmp_path / "log", 0)
    assert second.communicate(timeout=30)[1] == ""
    assert second.returncode == 0
    assert list(tmp_path.glob(".folder.partial-*")) == []


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(work: Path) -> None:
        (work / "a").write_text("a")
        raise ModelError("no")

    with pytest.raises(ModelError, match="no"):
        prepared_folder(tmp_path / "folder", fail)
    assert [path.name for path in tmp_path.iterdir()] == [".folder.lock"]


def test_a_folder_that_lost_a_file_is_made_again(tmp_path: Path) -> None:
    def make(work: Path) -> None:
        (work / "weights").write_text("w")

    folder = prepared_folder(tmp_path / "folder", make)
    (folder / "weights").unlink()
    assert (prepared_folder(tmp_path / "folder", make) / "weights").read_text() == "w"


def test_too_small_a_disk_is_said_before_anything_is_begun(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has \d+ MB free, and 1000000000000 MB are needed; .*CODEACT_CACHE"):
        prepared_folder(tmp_path / "folder", lambda work: None, needs_bytes=10**18)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"cannot write to .*CODEACT_CACHE"):
        prepared_folder(tmp_path / "file" / "folder", lambda work: None)


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CODEACT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "codeact"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "codeact"
    monkeypatch.setenv("CODEACT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
