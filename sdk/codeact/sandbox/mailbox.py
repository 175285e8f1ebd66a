"""Room for one frame each way in the memory that host and worker share, so that a frame can cross without a system
call.

A frame lies here only where it is the only one under way in its direction, so that none can overtake another; all
others go through the socket. An end that goes to sleep says so first, and looks once more. Who puts a frame here looks
afterwards whether the other end is still awake; if not, an empty frame through the socket wakes it. One of the two
sees the other, for each has a full fence between its write and its look.

The frame is copied out once before anything looks at it: a worker may go on writing. Whatever it writes, it is a frame
that it could have sent through the socket as well.

A frame must be seen whole by whoever sees its length. x86 makes writes seen in their order; elsewhere there is no
mailbox in use, and all goes through the socket.
"""

from __future__ import annotations

import platform
import threading

from codeact.sandbox.wire import HEADER

SIZE = 4096
"""Of both directions together, in bytes."""

ROOM = SIZE // 2 - 128 - HEADER.size
"""The longest frame that fits, in bytes."""

WAKE = HEADER.pack(0)
"""The empty frame. It says nothing but that there may be something in the mailbox."""

IN_ORDER = platform.machine() in ("x86_64", "AMD64")
"""Whether this processor makes writes seen in their order."""

# Of each half, in words of four bytes: the length of the frame that lies there, 0 for none; on a cache line of its own
# whether its reader is awake, and in the second half whether the host finds the machine crowded; then the frame, with
# its header.
_LENGTH, _AWAKE, _CROWDED, _FRAME = 0, 16, 17, 32
_HALF = SIZE // 8


class Mailbox:
    """One end of it.

    Attributes:
        words: all of it; words[incoming] is not 0 when a frame has come, words[crowded] when the host has found that
            nobody should look for frames before he sleeps.
        under_way: whether the other end may not have taken yet what was sent last, here or through the socket. Who
            gets an answer sets it to False.
    """

    def __init__(self, memory: memoryview, host: bool) -> None:
        """`memory` is of `SIZE` bytes, zeros at first. The host's frames lie in the first half."""
        self._bytes = memory
        self.words = memory.cast("I")
        self.incoming = (_HALF if host else 0) + _LENGTH
        self._awake_here = self.incoming + _AWAKE
        self._outgoing = (0 if host else _HALF) + _LENGTH
        self._awake_there = self._outgoing + _AWAKE
        self.crowded = _HALF + _CROWDED
        self._fence = threading.Lock()  # to take it is a full fence on x86
        self.under_way = False

    @classmethod
    def unused(cls) -> Mailbox:
        """One with nobody at the other end."""
        return cls(memoryview(bytearray(SIZE)), True)

    def has_come(self) -> bool:
        """Whether a frame lies here for this end."""
        return self.words[self.incoming] != 0

    def post(self, frame: bytearray) -> bytes | bytearray:
        """Put a frame here, header and all, if it may lie here.

        Returns:
            What is still to go through the socket: nothing, `WAKE`, or the frame.
        """
        words = self.words
        length = len(frame) - HEADER.size
        # The last frame lies here still where this end was told too early that it is taken: by what was sent before.
        if self.under_way or length > ROOM or not words[self._awake_there] or words[self._outgoing]:
            self.under_way = True
            return frame
        self.under_way = True
        start = 4 * (self._outgoing + _FRAME)
        self._bytes[start : start + len(frame)] = frame
        words[self._outgoing] = length
        with self._fence:
            pass
        return b"" if words[self._awake_there] else WAKE

    def take(self) -> bytes | None:
        """A copy of the frame that has come, without its header; None if there is none.

        Raises:
            ValueError: no frame has such a length.
        """
        length = self.words[self.incoming]
        if not length:
            return None
        if length > ROOM:
            raise ValueError(f"a frame of {length:,} bytes in a mailbox of {ROOM:,}")
        start = 4 * (self.incoming + _FRAME) + HEADER.size
        frame = bytes(self._bytes[start : start + length])
        self.words[self.incoming] = 0
        return frame

    def wake(self) -> None:
        """From here on this end looks, or will before it sleeps."""
        if IN_ORDER:
            self.words[self._awake_here] = 1

    def sleep(self) -> bool:
        """Say that this end goes to sleep. Returns False where a frame has come after all."""
        self.words[self._awake_here] = 0
        with self._fence:
            pass
        return not self.words[self.incoming]
