"""A serial port, or anything that looks like one, with deadlines."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import termios
import time
import tty

from codeact_envs.drivers.errors import ConnectionLost

_SPEEDS = {
    1_000_000: termios.B1000000,
    500_000: termios.B500000,
    115_200: termios.B115200,
    57_600: termios.B57600,
    38_400: termios.B38400,
}


class SerialPort:
    """8 data bits, no parity, 1 stop bit, raw. One process at a time may have it.

    Args:
        path: of the device, such as /dev/ttyACM0.
        baud: bits a second.

    Raises:
        ConnectionLost: there is no such device, or it belongs to another program.
    """

    def __init__(self, path: str, baud: int = 1_000_000) -> None:
        if baud not in _SPEEDS:
            raise ConnectionLost(f"{path} cannot be set to {baud} baud; take one of {', '.join(map(str, _SPEEDS))}")
        self.path = path
        self._fd = -1
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tty.setraw(self._fd)
            settings = termios.tcgetattr(self._fd)
            settings[4] = settings[5] = _SPEEDS[baud]
            settings[2] |= termios.CLOCAL
            termios.tcsetattr(self._fd, termios.TCSANOW, settings)
            termios.tcflush(self._fd, termios.TCIOFLUSH)
        except (OSError, termios.error) as error:
            self.close()
            raise ConnectionLost(self._why(error)) from error

    def _why(self, error: OSError | termios.error) -> str:
        number = error.args[0] if error.args else None
        if number == errno.EWOULDBLOCK:
            return f"{self.path} belongs to another program that drives it; end that program first"
        if number == errno.EACCES:
            return f"{self.path} may not be opened: add yourself to the group that owns it, often `dialout`"
        if number == errno.ENOENT:
            return f"there is no {self.path}: plug the robot in, and look for its port in /dev/serial/by-id"
        return f"{self.path} does not work as a serial port: {error}"

    def write(self, data: bytes, timeout: float = 0.1) -> None:
        """Write all of it.

        Raises:
            ConnectionLost: the device is gone, or took nothing for `timeout` seconds.
        """
        until = time.monotonic() + timeout
        while data:
            try:
                data = data[os.write(self._require_open(), data) :]
            except BlockingIOError:
                if not select.select([], [self._fd], [], max(0.0, until - time.monotonic()))[1]:
                    raise ConnectionLost(f"{self.path} takes no more bytes: unplug it and plug it in again") from None
            except OSError as error:
                raise self._gone(error) from error

    def read(self, timeout: float) -> bytes:
        """What is there, after at most `timeout` seconds; empty when nothing came.

        Raises:
            ConnectionLost: the device is gone.
        """
        fd = self._require_open()
        try:
            if not select.select([fd], [], [], max(0.0, timeout))[0]:
                return b""
            data = os.read(fd, 4096)
        except BlockingIOError:
            return b""
        except (OSError, ValueError) as error:
            raise self._gone(error) from error
        if not data:
            raise self._gone(None)
        return data

    def discard(self) -> None:
        """Forget what came in and was not read."""
        with contextlib.suppress(termios.error):
            termios.tcflush(self._require_open(), termios.TCIFLUSH)

    def close(self) -> None:
        """Give the device back. May be called again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _require_open(self) -> int:
        if self._fd < 0:
            raise ConnectionLost(f"{self.path} is closed; reconnect() opens it again")
        return self._fd

    def _gone(self, error: Exception | None) -> ConnectionLost:
        self.close()
        why = "" if error is None else f" ({error})"
        return ConnectionLost(f"{self.path} is gone{why}: check the cable and the power, then reconnect()")
