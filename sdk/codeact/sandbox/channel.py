"""The host's end of a session's socket. Every byte that comes from it is hostile."""

from __future__ import annotations

import contextlib
import select
import socket
import time

import msgspec

from codeact.errors import UnsupportedValue
from codeact.sandbox import wire
from codeact.values import check_wire


class Closed(Exception):
    """The worker has closed its end, or died."""


class Malformed(Exception):
    """The worker sent what is not a frame of the protocol."""


class Late(Exception):
    """Nothing came, or nothing was taken, in time."""


class Channel:
    """Frames to and from one worker, without ever blocking past a deadline."""

    def __init__(self, end: socket.socket, max_frame: int) -> None:
        end.setblocking(False)
        self._socket = end
        self._max_frame = max_frame
        self._buffer = bytearray()
        self._readable = select.poll()
        self._readable.register(end, select.POLLIN)

    def send(self, message: wire.ToWorker | bytearray, deadline: float, descriptor: int | None = None) -> None:
        """Send a frame, with a descriptor beside its first bytes.

        Raises:
            Closed, Late
        """
        data = memoryview(message if isinstance(message, bytearray) else wire.frame(message))
        while data:
            try:
                if descriptor is None:
                    data = data[self._socket.send(data, socket.MSG_NOSIGNAL) :]
                else:
                    data = data[socket.send_fds(self._socket, [data], [descriptor]) :]
                    descriptor = None
            except BlockingIOError:
                self._wait_to_write(deadline)
            except OSError as problem:
                raise Closed(str(problem)) from None

    def _wait_to_write(self, deadline: float) -> None:
        writable = select.poll()
        writable.register(self._socket, select.POLLOUT)
        if not writable.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise Late()

    def receive(self, deadline: float) -> wire.ToHost:
        """The next frame.

        Raises:
            Closed, Malformed, Late
        """
        buffer = self._buffer
        if time.monotonic() > deadline:  # also where more has come: a worker that never stops sending is not waited for
            raise Late()
        while True:
            if len(buffer) >= 4:
                size = wire.HEADER.unpack_from(buffer)[0]
                if size > self._max_frame:
                    raise Malformed(f"a frame of {size:,} bytes, above the limit of {self._max_frame:,}")
                if len(buffer) >= 4 + size:
                    return self._take(size)
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0 or not self._readable.poll(left * 1000):
                    raise Late() from None
                continue
            except OSError as problem:
                raise Closed(str(problem)) from None
            if not data:
                raise Closed("the worker has ended")
            buffer += data

    def _take(self, size: int) -> wire.ToHost:
        try:
            # Both views are released before the buffer shrinks, also when a traceback still holds them.
            with memoryview(self._buffer) as view, view[4 : 4 + size] as body:
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
        finally:
            del self._buffer[: 4 + size]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()
