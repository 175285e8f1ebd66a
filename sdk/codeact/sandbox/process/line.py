"""The worker's end of a session's socket."""

from __future__ import annotations

import os
import socket
import struct

from codeact.sandbox import wire
from codeact.sandbox.spin import Spin

_PIECE = 1 << 14  # bytes that are read at once; most frames are smaller
_TWO_DESCRIPTORS = struct.Struct("@2i")
_ROOM_FOR_TWO = socket.CMSG_SPACE(_TWO_DESCRIPTORS.size)


class Line:
    """This end of the session's socket. While a frame is under way, an interrupt waits."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptor)
        self._for_answers, self._for_programs = Spin(descriptor), Spin(descriptor)
        self._buffer = bytearray(_PIECE)
        self._view = memoryview(self._buffer)
        self._held = 0  # bytes of the buffer that are still to be decoded
        self.busy = False
        self.interrupted = False

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
            self._socket.sendall(frame)
        except OSError:
            os._exit(0)
        finally:
            self.busy = False

    def receive(self) -> wire.ToWorker:
        """The next frame."""
        self.busy = True
        try:
            if not self._held:
                self._for_answers.ready()
                self._held = self._socket.recv_into(self._buffer)
            return self._take()
        except OSError:
            os._exit(0)
        finally:
            self.busy = False

    def receive_with_descriptors(self) -> tuple[wire.ToWorker, tuple[int, int] | None]:
        """As `receive`, between programs: a frame may bring a socket and memory."""
        descriptors = None
        try:
            if not self._held:
                self._for_programs.ready()
                self._held, ancillary, _, _ = self._socket.recvmsg_into([self._buffer], _ROOM_FOR_TWO)
                descriptors = _TWO_DESCRIPTORS.unpack(ancillary[0][2]) if ancillary else None
            return self._take(), descriptors
        except OSError:
            os._exit(0)

    def _take(self) -> wire.ToWorker:
        """Decode the first frame of what is held; of a large one the rest is waited for."""
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
        message: wire.ToWorker = wire.to_worker.decode(view[4:size])
        self._held = count - size
        if self._held:
            self._buffer[: self._held] = self._buffer[size:count]
        return message

    def become(self, descriptor: int) -> None:
        """In a branch: speak through this socket from now on."""
        self._socket.close()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptor)
        self._for_answers, self._for_programs = Spin(descriptor), Spin(descriptor)
