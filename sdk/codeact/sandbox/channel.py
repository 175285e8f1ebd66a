"""The host's end of a session's socket. Every byte that comes from it is hostile."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable

import msgspec

from codeact.errors import UnsupportedValue
from codeact.sandbox import wire
from codeact.sandbox.mailbox import WAKE, Mailbox
from codeact.sandbox.spin import Spin
from codeact.values import check_wire

_PIECE = 1 << 18
_LONGEST_S = 1e6  # poll() takes no more than 2**31 milliseconds; who waits for longer asks again
_of_thread = threading.local()


def _incoming() -> memoryview:
    """Room for what a socket holds, one for each thread: it is copied or decoded before the next is read."""
    view: memoryview | None = getattr(_of_thread, "view", None)
    if view is None:
        view = _of_thread.view = memoryview(bytearray(_PIECE))
    return view


class Closed(Exception):
    """The worker has closed its end, or died."""


class Malformed(Exception):
    """The worker sent what is not a frame of the protocol."""


class Late(Exception):
    """Nothing came, or nothing was taken, in time."""


class Channel:
    """Frames to and from one worker, without ever blocking past a deadline."""

    def __init__(
        self,
        end: socket.socket,
        max_frame: int,
        mailbox: Callable[[], Mailbox] = Mailbox.unused,
        part: Callable[[], None] | None = None,
    ) -> None:
        """Take the socket.

        Args:
            mailbox: opens the one that goes with it. It is called when something has come and more is waited for: a
                session that runs one program without a call does without.
            part: sends the worker to another core than this thread's.
        """
        end.setblocking(False)
        self._socket = end
        self.max_frame = max_frame
        self._buffer = bytearray()
        self.size = 0  # of the frame that came last, in bytes
        self._open: Callable[[], Mailbox] | None = mailbox
        self._mailbox = Mailbox.unused()
        self._spin = Spin(end.fileno(), self._mailbox, part)

    def post(self, frame: bytearray) -> bytes | bytearray:
        """Put a frame into the mailbox, if it may lie there. Returns what is left to be sent, if anything."""
        return self._mailbox.post(frame)

    def send(
        self, message: wire.ToWorker | bytes | bytearray, deadline: float, descriptors: list[int] | None = None
    ) -> None:
        """Send a frame, with descriptors beside its first bytes.

        Args:
            message: the frame's message, or bytes, which go through the socket as they are.

        Raises:
            Closed, Late
        """
        if not isinstance(message, (bytes, bytearray)):
            frame = wire.frame(message)
            message = self.post(frame) if descriptors is None else frame
        self._mailbox.under_way = True
        data = memoryview(message)
        while data:
            try:
                if descriptors is None:
                    data = data[self._socket.send(data, socket.MSG_NOSIGNAL) :]
                else:
                    data = data[socket.send_fds(self._socket, [data], descriptors) :]
                    descriptors = None
            except BlockingIOError:
                self._wait_to_write(deadline)
            except OSError as problem:
                raise Closed(str(problem)) from None

    def _wait_to_write(self, deadline: float) -> None:
        writable = select.poll()
        writable.register(self._socket, select.POLLOUT)
        if not writable.poll(min(max(0.0, deadline - time.monotonic()), _LONGEST_S) * 1000):
            raise Late()

    def _open_mailbox(self) -> None:
        if self._open is not None:
            self._mailbox = self._spin.mailbox = self._open()
            self._open = None

    def require_silence(self) -> None:
        """Between two programs: see that nothing comes but wake-up calls.

        Raises:
            Malformed: a frame has come, or a part of one. It would count as the next program's.
        """
        self._open_mailbox()
        if self._spin.poll(0):
            incoming = _incoming()
            with contextlib.suppress(OSError):
                self._buffer += incoming[: self._socket.recv_into(incoming)]
        if self._mailbox.has_come() or self._buffer.strip(WAKE):
            raise Malformed("a frame between two programs")
        self._buffer.clear()

    def receive(self, deadline: float) -> wire.ToHost:
        """The next frame.

        Raises:
            Closed, Malformed, Late
        """
        if self.size:
            self._open_mailbox()
        message = self._receive(deadline)
        if type(message) is not wire.Printed:  # it has taken all that was sent before
            self._mailbox.under_way = False
        return message

    def _receive(self, deadline: float) -> wire.ToHost:
        buffer, mailbox = self._buffer, self._mailbox
        while True:
            # Looked at also where more has come: a worker that never stops sending is not waited for.
            if time.monotonic() > deadline:
                raise Late()
            try:
                frame = mailbox.take()
            except ValueError as problem:
                raise Malformed(str(problem)) from None
            if frame is not None:
                message = self._decode(frame)
                if type(message) is wire.Done:
                    self.require_silence()
                return message
            if len(buffer) >= 4:
                size = wire.HEADER.unpack_from(buffer)[0]
                if size > self.max_frame:
                    raise Malformed(f"a frame of {size:,} bytes, above the limit of {self.max_frame:,}")
                if not size:
                    del buffer[:4]
                    continue
                if len(buffer) >= 4 + size:
                    return self._take(size)
            if not self._spin.ready():
                left = deadline - time.monotonic()
                if left <= 0 or (mailbox.sleep() and not self._spin.poll(min(left, _LONGEST_S) * 1000)):
                    raise Late()
            if mailbox.has_come():
                continue
            incoming = _incoming()
            try:
                count = self._socket.recv_into(incoming)
            except BlockingIOError:
                continue
            except OSError as problem:
                if mailbox.has_come():  # it was put there before the end
                    continue
                raise Closed(str(problem)) from None
            if not count:
                if mailbox.has_come():
                    continue
                raise Closed("the worker has ended")
            if not buffer and 4 < count == 4 + wire.HEADER.unpack_from(incoming)[0] and count <= self.max_frame:
                return self._decode(incoming[4:count])  # a whole frame at once, as most are
            buffer += incoming[:count]

    def _take(self, size: int) -> wire.ToHost:
        try:
            # Both views are released before the buffer shrinks, also when a traceback still holds them.
            with memoryview(self._buffer) as view, view[4 : 4 + size] as body:
                return self._decode(body)
        finally:
            del self._buffer[: 4 + size]

    def _decode(self, body: memoryview | bytes) -> wire.ToHost:
        self.size = len(body)
        try:
            check_wire(body)
            message: wire.ToHost = wire.to_host.decode(body)
            return message
        except (
            UnsupportedValue,
            msgspec.MsgspecError,
            RecursionError,
            ValueError,
            OverflowError,
            TypeError,
        ) as problem:
            raise Malformed(f"a frame that is not of the protocol ({type(problem).__name__}: {problem})") from None

    def quiet(self) -> bool:
        """Whether the other end is there and has said nothing yet."""
        return not self._mailbox.has_come() and not self._spin.poll(0)

    def shut(self) -> None:
        """From any thread: there is nothing more to come but what has come already."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._open = None
        self._mailbox = self._spin.mailbox = Mailbox.unused()  # lets go of the memory
        with contextlib.suppress(OSError):
            self._socket.close()
