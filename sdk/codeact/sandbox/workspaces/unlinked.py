"""Files without a name: what a worker has removed and still holds takes room on the disk, and no listing shows it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

BLOCK = 512
"""Bytes of what `st_blocks` counts, stat(2)."""


def unlinked_bytes(pid: int, device: int) -> int:
    """Bytes on disk of the nameless files that a process holds open or mapped.

    Args:
        device: of the file system that is meant, as `st_dev` gives it.

    Returns:
        0 where this process may not look: the worker of an ordinary user is closed to that user's other processes.
    """
    found: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for path in (*_open_files(pid), *_mapped_files(pid)):
            with contextlib.suppress(OSError):
                seen = os.stat(path)
                if stat.S_ISREG(seen.st_mode) and seen.st_nlink == 0 and seen.st_dev == device:
                    found[seen.st_ino] = seen.st_blocks * BLOCK
    return sum(found.values())


def _open_files(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    return [f"{folder}/{name}" for name in os.listdir(folder)]


def _mapped_files(pid: int) -> Iterator[str]:
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            if line.endswith(" (deleted)\n"):
                first, _, last = line.split(maxsplit=1)[0].partition("-")
                yield f"/proc/{pid}/map_files/{int(first, 16):x}-{int(last, 16):x}"
