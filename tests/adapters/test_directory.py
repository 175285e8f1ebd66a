"""The files of one folder as tools, and no others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact import Sandbox
from codeact.errors import ToolError
from codeact_adapters import directory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "notes"
    (root / "2026").mkdir(parents=True)
    (root / "a.txt").write_text("first line\nsecond line: bolt\n")
    (root / "2026" / "b.csv").write_text("part,bin\nbolt,3\n")
    (root / "raw.bin").write_bytes(b"\x00\xff")
    (tmp_path / "secret.txt").write_text("the secret")
    (root / "way_out").symlink_to(tmp_path)
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture
def sandbox(folder: Path) -> Iterator[Sandbox]:
    with directory(folder, name="notes", write=True, max_bytes=1_000) as box, Sandbox(box) as sandbox:
        yield sandbox


def told(sandbox: Sandbox, program: str) -> str:
    result = sandbox.run(program)
    assert result.error is not None, result.value
    return f"{result.error.type}: {result.error.message}"


def test_files_are_listed_read_and_searched(sandbox: Sandbox) -> None:
    assert sandbox.run("[(f.path, f.size) for f in notes.files()]").value == [
        ("a.txt", 29),
        ("raw.bin", 2),
        ("2026/b.csv", 16),
    ]
    assert sandbox.run("[f.path for f in notes.files('*.csv')]").value == ["2026/b.csv"]
    assert sandbox.run("notes.read_text('2026/b.csv').splitlines()[1]").value == "bolt,3"
    assert sandbox.run("notes.read_bytes('raw.bin')").value == b"\x00\xff"
    assert sandbox.run("[(m.path, m.line, m.text) for m in notes.search('bolt')]").value == [
        ("a.txt", 2, "second line: bolt"),
        ("2026/b.csv", 2, "bolt,3"),
    ]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/etc/passwd", "Refused: '/etc/passwd' is an absolute path"),
        ("../secret.txt", "Refused: '../secret.txt' leads out of the directory"),
        ("2026/../../secret.txt", "Refused: '2026/../../secret.txt' leads out"),
        ("link.txt", "Refused: 'link.txt' is a link, and links are not followed"),
        ("way_out/secret.txt", "Refused: 'way_out' is a link"),
        ("pipe", "ToolError: 'pipe' is not a file"),
        ("2026", "ToolError: '2026' is not a file"),
        ("a.txt/b", "ToolError: 'a.txt' cannot be opened: Not a directory"),
        ("missing.txt", "FileNotFoundError: there is no 'missing.txt' here"),
        ("a\0b", "Refused: "),
        ("", "Refused: '' names no file"),
    ],
)
def test_no_path_leads_elsewhere(sandbox: Sandbox, path: str, message: str) -> None:
    assert told(sandbox, f"notes.read_text({path!r})").startswith(message)


@pytest.mark.parametrize("path", ["../new.txt", "/tmp/new.txt", "way_out/new.txt", "link.txt", "pipe"])
def test_nothing_is_written_or_removed_elsewhere(sandbox: Sandbox, tmp_path: Path, path: str) -> None:
    assert told(sandbox, f"notes.write_text({path!r}, 'x')").startswith(("Refused", "ToolError"))
    assert told(sandbox, f"notes.remove({path!r})").startswith(("Refused", "ToolError"))
    assert (tmp_path / "secret.txt").read_text() == "the secret"
    assert not (tmp_path / "new.txt").exists()


def test_files_are_written_whole_and_removed(sandbox: Sandbox, folder: Path) -> None:
    assert sandbox.run("notes.write_text('new/deep/c.txt', 'x = 1'); notes.write_bytes('a.txt', b'2')").ok
    assert (folder / "new" / "deep" / "c.txt").read_text() == "x = 1"
    assert (folder / "a.txt").read_bytes() == b"2"
    assert sandbox.run("notes.remove('a.txt'); [f.path for f in notes.files('*.txt')]").value == ["new/deep/c.txt"]
    assert "1,001 bytes; at most 1,000 are written" in told(sandbox, "notes.write_text('big', 'x' * 1001)")
    assert not [name for name in os.listdir(folder) if name.startswith(".")]


def test_what_is_too_large_or_no_text_is_said(sandbox: Sandbox, folder: Path) -> None:
    with open(folder / "large", "wb") as file:
        file.truncate(1 << 40)  # a terabyte that takes no room
    assert "1,099,511,627,776 bytes; at most 1,000 are read" in told(sandbox, "notes.read_bytes('large')")
    assert "'raw.bin' is not text in UTF-8 (byte 1 is wrong)" in told(sandbox, "notes.read_text('raw.bin')")


def test_a_name_that_is_no_text_hides_no_other(sandbox: Sandbox, folder: Path) -> None:
    with open(os.path.join(os.fsencode(folder), b"a\xff.txt"), "w") as file:
        file.write("first line\n")
    assert sandbox.run("[f.path for f in notes.files('a*')]").value == ["a.txt", "a\ufffd.txt"]
    assert sandbox.run("[m.path for m in notes.search('first')]").value == ["a.txt"]
    assert told(sandbox, "notes.read_text('a\ufffd.txt')").startswith("FileNotFoundError: ")


def test_a_search_has_an_end(sandbox: Sandbox, folder: Path) -> None:
    for number in range(30):
        (folder / f"long{number}.txt").write_text("x" * 999)
    assert "bytes to search; give a narrower pattern" in told(sandbox, "notes.search('gear')")
    assert sandbox.run("notes.search('gear', 'long1*')").value == []


def test_without_write_there_is_nothing_to_write_with(folder: Path) -> None:
    with directory(folder) as box:
        assert sorted(box.tools) == ["files", "read_bytes", "read_text", "search"]
        assert {tool.effect for tool in box.tools.values()} == {"read"}


def test_only_paths_that_are_allowed_are_seen(folder: Path) -> None:
    with directory(folder, allow=["2026/*"]) as box, Sandbox(box) as sandbox:
        assert sandbox.run("[f.path for f in files()]").value == ["2026/b.csv"]
        assert told(sandbox, "read_text('a.txt')").startswith(
            "Refused: 'a.txt' is not among what may be used here: 2026"
        )
        assert told(sandbox, "read_text('2026/./../a.txt')").startswith("Refused")


def test_a_folder_that_turns_into_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Somebody exchanges a folder and a link to outside as fast as they can, while programs read below it."""
    inside, outside, spare = folder / "swap", tmp_path / "outside", tmp_path / "spare"
    for place, text in ((inside, "inside"), (outside, "outside")):
        place.mkdir()
        (place / "x.txt").write_text(text)
    ended = threading.Event()

    def exchange() -> None:
        while not ended.is_set():
            inside.rename(spare)
            inside.symlink_to(outside)
            inside.unlink()
            spare.rename(inside)

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        with directory(folder) as box:
            read = box.tools["read_text"]
            seen: set[str] = set()
            tries = 0
            ends = time.monotonic() + 20
            # Until it was met inside, and then for a while.
            while ("inside" not in seen and time.monotonic() < ends) or (tries := tries + 1) < 1000:
                try:
                    seen.add(read.invoke({"path": "swap/x.txt"}))
                except (ToolError, FileNotFoundError) as error:
                    seen.add(type(error).__name__)
    finally:
        ended.set()
        thread.join()
    assert "inside" in seen
    assert "outside" not in seen


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be used as a directory: No such file or directory"):
        directory(tmp_path / "missing")


def test_after_close_nothing_is_read(folder: Path) -> None:
    box = directory(folder)
    with Sandbox(box) as sandbox:
        box.close()
        assert "closed" in told(sandbox, "read_text('a.txt')")


def test_programs_add_no_more_than_they_may(folder: Path) -> None:
    with (
        directory(folder, write=True, max_added_bytes=100, max_added_files=4) as box,
        Sandbox(box) as sandbox,
    ):
        assert sandbox.run("write_bytes('a.txt', b'x' * 99)").ok, "29 bytes were there already"
        assert told(sandbox, "write_bytes('b', b'x' * 40)") == (
            "ToolError: that adds 40 bytes, and 30 of 100 are left here; remove some"
        )
        assert sandbox.run("write_bytes('a.txt', b''); write_bytes('b', b'x' * 100); remove('b')").ok
        assert "another file: 4 files and folders may be added" in told(sandbox, "write_text('1/2/3/4/5', '')")
        assert sandbox.run("write_text('1/2/3', ''); write_text('1/2/4', '')").ok
        assert "another file" in told(sandbox, "write_text('1/2/5', '')")
        assert sandbox.run("remove('1/2/4'); write_text('1/2/5', '')").ok, "what is removed makes room"
        assert "is a folder" in told(sandbox, "remove('1/2'); write_text('1/2', '')")
    assert sorted(os.listdir(folder / "1" / "2")) == ["3", "5"]
    with pytest.raises(ToolError, match="max_added_files is 0, and must be above 0"):
        directory(folder, max_added_files=0)
