"""Folders that are expensive to make, made once per user: whole or not there, whoever is killed in between."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from codeact.errors import ModelError

MANIFEST = "manifest.json"


def cache_folder() -> Path:
    """`CODEACT_CACHE`, else `codeact` in `XDG_CACHE_HOME`, else `~/.cache/codeact`."""
    if own := os.environ.get("CODEACT_CACHE"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "codeact"


def say(text: str) -> None:
    """Progress for a person: on stderr, where it cannot mix with a program's output."""
    print(text, file=sys.stderr, flush=True)


def prepared_folder(folder: Path, make: Callable[[Path], None], *, needs_bytes: int = 0) -> Path:
    """`folder`, complete; made by `make` if it is not there.

    `make(work)` fills an empty folder beside it, which is then renamed, so `folder` never exists half made. A lock lets
    one process at a time make it; the others wait and find it done. What a killed process left is cleared away. A
    manifest of file sizes tells whether somebody deleted files later; then the folder is made again.

    Args:
        folder: the wanted folder.
        make: fills the folder that it is given.
        needs_bytes: free space in bytes below which nothing is begun.

    Raises:
        ModelError: the folder cannot be written or the disk is full; and whatever `make` raises.
    """
    if _is_complete(folder):
        return folder
    try:
        from filelock import FileLock, Timeout
    except ImportError as error:  # comes with the `local` extra
        raise ModelError(f'{error}; pip install "codeact[local]"') from error
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / f".{folder.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"another process is preparing {folder}; waiting for it")
            lock.acquire()
        try:
            return folder if _is_complete(folder) else _make(folder, make, needs_bytes)
        finally:
            lock.release()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ModelError(
                f"the disk of {folder.parent} is full; free some space, or name another by CODEACT_CACHE"
            ) from error
        raise ModelError(f"cannot write to {folder.parent}: {error}; name another folder by CODEACT_CACHE") from error


def _make(folder: Path, make: Callable[[Path], None], needs_bytes: int) -> Path:
    for left in folder.parent.glob(
        f".{folder.name}.partial-*"
    ):  # by a killed process: only the holder of the lock is here
        shutil.rmtree(left, ignore_errors=True)
    # A name of its own: a subprocess of the killed one may still be writing.
    work = folder.parent / f".{folder.name}.partial-{uuid.uuid4().hex}"
    free = shutil.disk_usage(folder.parent).free
    if free < needs_bytes:
        raise ModelError(
            f"{folder.parent} has {free / 1e6:.0f} MB free, and {needs_bytes / 1e6:.0f} MB are needed; "
            "free some space, or name another folder by CODEACT_CACHE"
        )
    work.mkdir()
    try:
        make(work)
        sizes = {str(file.relative_to(work)): file.stat().st_size for file in sorted(work.rglob("*")) if file.is_file()}
        (work / MANIFEST).write_text(json.dumps(sizes, indent=1))
        for name in (*sizes, MANIFEST):
            _to_disk(work / name)
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return folder


def _is_complete(folder: Path) -> bool:
    try:
        sizes = json.loads((folder / MANIFEST).read_text())
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _to_disk(file: Path) -> None:
    """Without this, a power cut after the rename could leave a folder of the right name with empty files."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
