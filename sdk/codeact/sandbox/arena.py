"""Memory that a host and one worker share: large arrays, texts and bytes cross there, and not through the socket.

It has four parts: room for arrays to the host, room for arrays to the worker, a mark for each piece of the latter, and
the mailbox for small frames (mailbox.py).
What goes to the host is copied in by the worker and copied out by the host, so nothing that the host keeps lies there.
What goes to the worker is copied in by the host and stays: the program's array lies there, until it is gone and the
worker takes its marks away. The host puts arrays only where no marks are. A worker that lies with its marks has its own
arrays overwritten, or gets the next ones with their frames.

A frame refers to an array by its offset. The host takes offsets for what they are, numbers from a worker: what they
name must lie inside, and all that one frame names may be no more than there is room for. A worker may change the bytes
while the host copies them; any bytes are some array of numbers, so that harms nothing but the array.

The memory is a sealed memfd: a worker cannot shrink it under its host. What nobody has written to takes no memory.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import sys
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact.errors import UnsupportedValue
from codeact.sandbox import mailbox
from codeact.sandbox.mailbox import Mailbox
from codeact.values.forms import LARGE_BYTES

LEAST_BYTES = LARGE_BYTES
"""Arrays smaller than this go with their frame. Text and bytes are arrays of bytes here."""

_MOST_BYTES = 64 * 1024 * 1024
PIECE = 32 * 1024
"""An array to the worker takes whole pieces of this many bytes."""

_KEPT_BYTES_OF_HOST = 64 * 1024 * 1024
_LEAST_KEPT_BYTES = 128 * 1024
_UNIT = max(PIECE, mmap.PAGESIZE)  # an arm64 kernel may have pages of 64 KiB
_KINDS = frozenset("biufcmM")


def size_for(value_bytes: int) -> int:
    """The room in each direction where values may have so many bytes."""
    return max(1, -(-min(value_bytes, _MOST_BYTES) // _UNIT)) * _UNIT


def open_memory(size: int) -> int:
    """The descriptor of new memory, none of it in use yet, whose size nobody can change.

    Raises:
        OSError
    """
    descriptor = os.memfd_create("arrays", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@dataclass(frozen=True)
class Layout:
    """Where things lie, in bytes from the start: arrays to the host at 0, then those to the worker, the marks, and the
    mailbox.
    """

    room: int

    @property
    def marks(self) -> int:
        """Where the marks begin, one byte a piece: 0 where it is free."""
        return 2 * self.room

    @property
    def pieces(self) -> int:
        return self.room // PIECE

    @property
    def mailbox(self) -> int:
        """Where the mailbox begins: on a page of its own."""
        return self.marks + -(-self.pieces // mmap.PAGESIZE) * mmap.PAGESIZE

    @property
    def size(self) -> int:
        """Of all of it."""
        return self.mailbox + max(mailbox.SIZE, mmap.PAGESIZE)

    def piece(self, offset: int) -> int:
        """Which piece of the room for arrays to the worker an offset lies in."""
        return (offset - self.room) // PIECE


def crosses_here(array: NDArray[Any]) -> bool:
    """Whether an array is of a size and kind to lie in this memory."""
    return array.nbytes >= LEAST_BYTES and array.dtype.kind in _KINDS


def pieces_of(size: int) -> int:
    """How many pieces so many bytes take."""
    return -(-size // PIECE)


class Rooms:
    """Memory for copies. New memory takes several times as long as the copy, so that of arrays that nobody has any more
    is used again.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._rooms: list[NDArray[np.uint8]] = []
        self._bytes = 0
        self._lock = threading.Lock()

    def unlock(self) -> None:
        """In a fork: the thread that may have held the lock is not there."""
        self._lock = threading.Lock()

    def take(self, size: int) -> NDArray[np.uint8]:
        """So many bytes, whatever they hold. They are the caller's until its array and all views of it are gone."""
        if size < _LEAST_KEPT_BYTES:
            return np.empty(size, np.uint8)
        with self._lock:
            for room in self._rooms:
                # Each array that lies in a room holds a reference to it.
                if room.nbytes >= size >= room.nbytes // 2 and sys.getrefcount(room) == _NOBODY_ELSE:
                    return room[:size]
            room = np.empty(size, np.uint8)
            self._rooms.append(room)
            self._bytes += size
            while self._bytes > self._most:
                self._bytes -= self._rooms.pop(0).nbytes
            return room[:size]


def _references_of_a_list() -> int:
    for item in [object()]:  # as `Rooms.take` counts
        return sys.getrefcount(item)
    raise AssertionError


_NOBODY_ELSE = _references_of_a_list()
_rooms_of_host = Rooms(_KEPT_BYTES_OF_HOST)
os.register_at_fork(after_in_child=_rooms_of_host.unlock)


class HostMemory:
    """The host's end, mapped when it is first looked at."""

    def __init__(self, room: int) -> None:
        """Make the memory, with that room in each direction.

        Raises:
            OSError
        """
        self._layout = Layout(room)
        self.descriptor = open_memory(self._layout.size)
        self._map: mmap.mmap | None = None
        self._new: list[tuple[int, int]] = []  # marks that were set for this frame: where, how many
        self.used = 0  # bytes that this frame takes

    @property
    def mapped(self) -> mmap.mmap:
        if self._map is None:
            if self.descriptor < 0:
                raise UnsupportedValue("the memory for arrays is closed: so is the session")
            self._map = mmap.mmap(self.descriptor, self._layout.size)
        return self._map

    def mailbox(self) -> Mailbox:
        """This end of the mailbox; one that nobody uses, where the session is closed or there is no memory."""
        try:
            memory = memoryview(self.mapped)
        except (UnsupportedValue, OSError, ValueError):
            return Mailbox.unused()
        start = self._layout.mailbox
        return Mailbox(memory[start : start + mailbox.SIZE], host=True)

    def begin(self) -> None:
        """A new frame."""
        self.used = 0
        self._new.clear()

    def put(self, array: NDArray[Any]) -> int | None:
        """Copy an array in and return its offset; None where the frame should take it, for size, kind or room."""
        if not crosses_here(array):
            return None
        layout, memory, count = self._layout, self.mapped, pieces_of(array.nbytes)
        at = memory.find(bytes(count), layout.marks, layout.marks + layout.pieces)
        if at < 0:
            return None
        memory[at : at + count] = b"\1" * count
        self._new.append((at, count))
        offset = layout.room + (at - layout.marks) * PIECE
        np.copyto(np.ndarray(array.shape, array.dtype, memory, offset), array)
        self.used += array.nbytes
        return offset

    def withdraw(self) -> None:
        """The frame is not sent: what was put in for it is gone."""
        for at, count in self._new:
            self.mapped[at : at + count] = bytes(count)
        self.begin()

    def take(self, offset: int, shape: list[int], dtype: np.dtype[Any], size: int) -> NDArray[Any]:
        """A copy of an array of that many bytes, of which the worker says that it lies there.

        Raises:
            UnsupportedValue: it does not lie inside, or the arrays of this frame are more than what fits in.
        """
        self.used += size
        room = self._layout.room
        inside = offset >= 0 and offset + size <= 2 * room and self.used <= room
        if not inside or size < LEAST_BYTES or dtype.kind not in _KINDS:
            raise UnsupportedValue("an array does not lie in the shared memory")
        made = _rooms_of_host.take(size)
        there = np.ndarray((size,), np.uint8, self.mapped, offset)
        if dtype.kind == "b":  # any other byte than 0 and 1 would be true, and yet not equal to True
            np.not_equal(there, 0, out=made.view(np.bool_))
        else:
            np.copyto(made, there)
        return made.view(dtype).reshape(shape)

    def close(self) -> None:
        """Let go of it. What is being copied meanwhile holds on to it until then."""
        self._map = None
        descriptor, self.descriptor = self.descriptor, -1  # first: the number can become another file's
        if descriptor >= 0:
            os.close(descriptor)
