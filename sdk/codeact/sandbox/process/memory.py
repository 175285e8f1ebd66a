"""The worker's end of the memory for large arrays: see `codeact.sandbox.arena`."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact.sandbox import mailbox
from codeact.sandbox.arena import Layout, Rooms, crosses_here, pieces_of
from codeact.sandbox.mailbox import Mailbox

_ALIGNED = 64
_KEPT_BYTES = 8 * 1024 * 1024
_LOOKS = 4  # at arrays, for each call of a tool, for whether they are gone
_FIXED = 0x10  # MAP_FIXED of linux/mman.h
_FAILED = ctypes.c_void_p(-1).value

# Made here and not in a worker, where it would touch many pages.
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]


@functools.cache
def _bytes_type(size: int) -> Any:
    return ctypes.c_char * size


def warm_up(room: int) -> None:
    """In the zygote: make what a worker needs to map so much."""
    _bytes_type(Layout(room).size)


def _references() -> int:
    held = {0: object()}
    item = held[0]  # as `WorkerMemory._tidy` counts
    return sys.getrefcount(item)


_NOBODY_ELSE = _references()


class WorkerMemory:
    """The worker's end. Arrays from the host stay where they are; those to the host are copied in for each frame."""

    def __init__(self, descriptor: int, room: int) -> None:
        """Map the memory.

        Raises:
            OSError
        """
        self._layout = Layout(room)
        self._address = _map(descriptor, self._layout.size, None)
        self._view = memoryview(_bytes_type(self._layout.size).from_address(self._address)).cast("B")
        self._rooms = Rooms(_KEPT_BYTES)
        self._staying: dict[int, NDArray[np.uint8]] = {}  # by offset; each array that lies there holds a reference
        self._staying_bytes = 0
        self._unlooked = 0  # calls since the last look at those that stay
        self._marked = False  # whether any array has come
        self._end = 0  # of what this frame has put in
        self.used = 0  # bytes that this frame takes

    def mailbox(self) -> Mailbox:
        """This end of the mailbox."""
        start = self._layout.mailbox
        return Mailbox(self._view[start : start + mailbox.SIZE], host=False)

    def begin(self) -> None:
        """A new frame: what was put in for the last one is no longer needed."""
        self.used = self._end = 0

    def put(self, array: NDArray[Any]) -> int | None:
        """Give an array's offset, copied in if it does not lie here; None where the frame should take it."""
        if not crosses_here(array):
            return None
        size, room = array.nbytes, self._layout.room
        if self._staying and array.flags.c_contiguous:
            offset: int = array.__array_interface__["data"][0] - self._address
            if room <= offset and offset + size <= 2 * room:
                self.used += size
                return offset
        start = self._end
        if start + size > room:
            return None
        np.copyto(np.ndarray(array.shape, array.dtype, self._view, start), array)
        self.used += size
        self._end = -(-(start + size) // _ALIGNED) * _ALIGNED
        return start

    def take(self, offset: int, shape: list[int], dtype: np.dtype[Any], size: int) -> NDArray[Any]:
        """The array that the host put there: it stays, unless so much stays already that it is better copied."""
        self._marked = True
        held = np.frombuffer(self._view[offset : offset + size], np.uint8)
        if self._staying_bytes + size > self._layout.room // 2:
            self._tidy()
        if self._staying_bytes + size > self._layout.room // 2:
            copy = self._rooms.take(size)
            np.copyto(copy, held)
            self._mark(offset, size, 0)
            return copy.view(dtype).reshape(shape)
        self._staying[offset] = held
        self._staying_bytes += size
        return held.view(dtype).reshape(shape)

    def look(self) -> None:
        """Before a call: take away the marks of arrays that are gone, sooner where there are few to look at."""
        if self._staying:
            self._unlooked += _LOOKS
            if self._unlooked >= len(self._staying):
                self._tidy()

    def settle(self) -> None:
        """Between programs: mark what stays and nothing else. An array may have come for a call that was ended."""
        if self._marked:
            marks = self._layout.marks
            self._view[marks : marks + self._layout.pieces] = bytes(self._layout.pieces)
            for offset, held in self._staying.items():
                self._mark(offset, held.nbytes, 1)
            self._tidy()

    def _tidy(self) -> None:
        self._unlooked = 0
        for offset in [*self._staying]:
            held = self._staying[offset]
            if sys.getrefcount(held) == _NOBODY_ELSE:
                del self._staying[offset]
                self._staying_bytes -= held.nbytes
                self._mark(offset, held.nbytes, 0)

    def _mark(self, offset: int, size: int, mark: int) -> None:
        first, count = self._layout.marks + self._layout.piece(offset), pieces_of(size)
        self._view[first : first + count] = bytes([mark]) * count

    # ---- a branch ---------------------------------------------------------------------------------------------------

    def staying(self) -> list[tuple[int, bytes]]:
        """What stays, by offset: taken before the fork, for after it the session may change it."""
        self._tidy()
        return [(offset, held.tobytes()) for offset, held in self._staying.items()]

    def remap(self, descriptor: int, staying: list[tuple[int, bytes]]) -> None:
        """In a branch: put memory of its own, with what stays, in place of what it shares with its session."""
        _map(descriptor, self._layout.size, self._address)
        for offset, data in staying:
            self._view[offset : offset + len(data)] = data
            self._mark(offset, len(data), 1)


def _map(descriptor: int, size: int, address: int | None) -> int:
    flags = mmap.MAP_SHARED | (_FIXED if address else 0)
    mapped = _libc.mmap(address, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, descriptor, 0)
    if mapped is None or mapped == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(mapped)
