"""Memory that a host and one worker share: the bytes of large arrays cross there, and not through the socket.

Both ends copy: the sender in, the receiver out, so nothing that either of them keeps lies there. A frame refers to an
array by its offset. The host takes offsets for what they are, numbers from a worker: what they name must lie inside,
and all that one frame names may be no more than there is. A worker may change the bytes while the host
copies them; any bytes are some array of numbers, so that harms nothing but the array.

The memory is a sealed memfd: a worker cannot shrink it under its host. It is empty until an array crosses.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import mmap
import os
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact.errors import UnsupportedValue

LEAST_BYTES = 32 * 1024
"""Arrays smaller than this go with their frame."""

_MOST_BYTES = 64 * 1024 * 1024
_ALIGNED = 64
_KEPT_BYTES, _KEPT_BYTES_OF_HOST = 8 * 1024 * 1024, 64 * 1024 * 1024
_LEAST_KEPT_BYTES = 128 * 1024
_KINDS = frozenset("biufcmM")
_FIXED = 0x10  # MAP_FIXED of linux/mman.h
_FAILED = ctypes.c_void_p(-1).value

# Made here and not in a worker, where it would touch many pages.
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]


def size_for(value_bytes: int) -> int:
    """The bytes of an arena where values may have so many."""
    page = mmap.PAGESIZE
    return -(-min(value_bytes, _MOST_BYTES) // page) * page


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


@functools.cache
def _bytes_type(size: int) -> Any:
    return ctypes.c_char * size


def warm_up(size: int) -> None:
    """In the zygote: make what a worker needs to map so many bytes."""
    _bytes_type(size)


class Arena:
    """One end's view of the memory. Every frame begins at its start: the two ends take turns."""

    def __init__(self, memory: Any, size: int, rooms: Rooms) -> None:
        self._bytes: NDArray[np.uint8] = np.frombuffer(memory, np.uint8, size)
        self._size = size
        self._rooms = rooms
        self.used = 0  # bytes that this frame takes

    @classmethod
    def of_worker(cls, descriptor: int, size: int) -> Arena:
        """Map the memory in a worker, where `remap` can put another in its place."""
        address = _map(descriptor, size, None)
        made = cls(_bytes_type(size).from_address(address), size, Rooms(_KEPT_BYTES))
        made._address = address
        return made

    _address = 0

    def remap(self, descriptor: int) -> None:
        """In a branch: put memory of its own in place of what it shares with the session that it comes from."""
        _map(descriptor, self._size, self._address)

    def begin(self) -> None:
        """A new frame: what lies here is no longer needed."""
        self.used = 0

    def put(self, array: NDArray[Any]) -> int | None:
        """Copy an array in and return its offset; None where the frame should take it, for size or kind."""
        start = self.used
        size = array.nbytes
        if size < LEAST_BYTES or start + size > self._size or array.dtype.kind not in _KINDS:
            return None
        place = np.ndarray(array.shape, array.dtype, self._bytes.data, start)
        np.copyto(place, array)
        self.used = -(-(start + size) // _ALIGNED) * _ALIGNED
        return start

    def take(self, offset: int, shape: list[int], dtype: np.dtype[Any], size: int) -> NDArray[Any]:
        """A copy of an array of that many bytes that the other end put in.

        Raises:
            UnsupportedValue: it does not lie inside, or the arrays of this frame are more than what fits in.
        """
        self.used += size
        inside = offset >= 0 and offset + size <= self._size and self.used <= self._size
        if not inside or size < LEAST_BYTES or dtype.kind not in _KINDS:
            raise UnsupportedValue("an array does not lie in the shared memory")
        room = self._rooms.take(size)
        np.copyto(room, self._bytes[offset : offset + size])
        return room.view(dtype).reshape(shape)


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
    """The host's end, mapped when the first array crosses."""

    def __init__(self, size: int) -> None:
        """Make the memory.

        Raises:
            OSError
        """
        self.descriptor = open_memory(size)
        self._size = size
        self._arena: Arena | None = None

    @property
    def mapped(self) -> Arena:
        if self._arena is None:
            if self.descriptor < 0:
                raise UnsupportedValue("the memory for arrays is closed: so is the session")
            self._arena = Arena(mmap.mmap(self.descriptor, self._size), self._size, _rooms_of_host)
        return self._arena

    @property
    def used(self) -> int:
        return 0 if self._arena is None else self._arena.used

    def begin(self) -> None:
        if self._arena is not None:
            self._arena.begin()

    def put(self, array: NDArray[Any]) -> int | None:
        return self.mapped.put(array) if array.nbytes >= LEAST_BYTES else None

    def take(self, offset: int, shape: list[int], dtype: np.dtype[Any], size: int) -> NDArray[Any]:
        return self.mapped.take(offset, shape, dtype, size)

    def close(self) -> None:
        """Let go of it. What is being copied meanwhile holds on to it until then."""
        self._arena = None
        descriptor, self.descriptor = self.descriptor, -1  # first: the number can become another file's
        if descriptor >= 0:
            os.close(descriptor)


def _map(descriptor: int, size: int, address: int | None) -> int:
    flags = mmap.MAP_SHARED | (_FIXED if address else 0)
    mapped = _libc.mmap(address, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, descriptor, 0)
    if mapped is None or mapped == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(mapped)
