"""The worker's end of a session's socket."""

from __future__ import annotations

import os
import socket
import struct

from codeact.sandbox import wire
from codeact.sandbox.mailbox import Mailbox
from codeact.sandbox.spin import Spin

_PIECE = 1 << 14  # bytes that are read at once; most frames are smaller
_TWO_DESCRIPTORS = struct.Struct("@2i")
_ROOM_FOR_TWO = socket.CMSG_SPACE(_TWO_DESCRIPTORS.size)


class Line:
    """This end of the session's socket. While a frame is under way, an interrupt waits."""

    def __init__(self, descriptor: int, mailbox: Mailbox) -> None:
        self._listen(descriptor, mailbox)
        self._buffer = bytearray(_PIECE)
        self._view = memoryview(self._buffer)
        self._held = 0  # bytes of the buffer that are still to be decoded
        self.busy = False
        self.interrupted = False

    def _listen(self, descriptor: int, mailbox: Mailbox) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptor)
        self._mailbox = mailbox
        self._for_answers, self._for_programs = Spin(descriptor, mailbox), Spin(descriptor, mailbox)

    @property
    def waiting(self) -> bool:
        """Whether something has come."""
        return bool(self._for_programs.poll(0))

    def send(self, message: wire.ToHost) -> None:
        self.send_frame(wire.frame(message))

    def send_frame(self, frame: bytearray) -> None:
        """Send a frame that was made before."""
        self.busy = True
        try:
            rest = self._mailbox.post(frame)
            if rest:
                self._socket.sendall(rest)
        except OSError:
            os._exit(0)
        finally:
            self.busy = False

    def receive(self) -> wire.ToWorker:
        """The next frame."""
        self.busy = True
        try:
            while True:
                if not self._held:
                    if self._looked(self._for_answers):
                        return self._posted()
                    self._held = self._socket.recv_into(self._buffer)
                if (message := self._take()) is not None:
                    return message
        except OSError:
            os._exit(0)
        finally:
            self.busy = False

    def receive_with_descriptors(self) -> tuple[wire.ToWorker, tuple[int, int] | None]:
        """As `receive`, between programs: a frame may bring a socket and memory."""
        descriptors = None
        try:
            while True:
                if not self._held:
                    if self._looked(self._for_programs):
                        return self._posted(), None
                    self._held, ancillary, _, _ = self._socket.recvmsg_into([self._buffer], _ROOM_FOR_TWO)
                    descriptors = _TWO_DESCRIPTORS.unpack(ancillary[0][2]) if ancillary else None
                if (message := self._take()) is not None:
                    return message, descriptors
        except OSError:
            os._exit(0)

    def _looked(self, spin: Spin) -> bool:
        """Whether a frame lies in the mailbox. If not, this end may sleep now until something comes on the socket."""
        return (not spin.ready() and not self._mailbox.sleep()) or self._mailbox.has_come()

    def _posted(self) -> wire.ToWorker:
        frame = self._mailbox.take()
        assert frame is not None
        return self._decoded(frame)

    def _decoded(self, frame: bytes | memoryview) -> wire.ToWorker:
        self._mailbox.under_way = False  # the host answers, so it has taken all that was sent before
        message: wire.ToWorker = wire.to_worker.decode(frame)
        return message

    def _take(self) -> wire.ToWorker | None:
        """Decode the first frame of what is held; of a large one the rest is waited for. None if it is empty."""
        count, view = self._held, self._view
        while count < 4:
            more = self._socket.recv_into(view[count:]) if count else 0
            if not more:
                os._exit(0)
            count += more
        size = 4 + wire.HEADER.unpack_from(self._buffer)[0]
        if count < size:
            whole = memoryview(bytearray(size))
            whole[:count] = view[:count]
            while count < size:
                more = self._socket.recv_into(whole[count:])
                if not more:
                    os._exit(0)
                count += more
            view = whole
        message = self._decoded(view[4:size]) if size > 4 else None
        self._held = count - size
        if self._held:
            self._buffer[: self._held] = self._buffer[size:count]
        return message

    def become(self, descriptor: int, mailbox: Mailbox) -> None:
        """In a branch: speak through this socket and this mailbox from now on."""
        self._socket.close()
        self._listen(descriptor, mailbox)
