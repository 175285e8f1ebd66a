"""Whether there is a display for Bullet's window. Bullet itself ends the whole process where there is none."""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import Any

from codeact.errors import TaskError

_FIRST_PORT = 6000  # of the X protocol over TCP: display 0


def require_display() -> None:
    """Raise `TaskError` unless an X server answers at `DISPLAY`. On other systems than Linux there is always one."""
    if not sys.platform.startswith("linux"):
        return
    name = os.environ.get("DISPLAY", "")
    if not name:
        raise TaskError("gui=True needs a display, and DISPLAY is not set; leave gui out, and look at render()")
    found = re.fullmatch(r"(?:unix)?(?P<host>[^:]*):(?P<number>\d+)(?:\.\d+)?", name)
    if found is None or not _answers(found["host"], int(found["number"])):
        raise TaskError(
            f"gui=True needs a display, and nothing answers at DISPLAY={name!r}; leave gui out, or correct it"
        )


def _answers(host: str, number: int) -> bool:
    path = f"/tmp/.X11-unix/X{number}"
    places: list[tuple[socket.AddressFamily, Any]] = [(socket.AF_UNIX, "\0" + path), (socket.AF_UNIX, path)]
    if host:
        places = [(socket.AF_INET, (host, _FIRST_PORT + number))]
    for family, address in places:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(2.0)
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False
