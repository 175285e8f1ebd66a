"""PyBullet's loaders print to the process's standard output from C. This keeps that chatter from the user's terminal."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()
_CHATTER = re.compile(
    rb"^(pybullet build time:|b3Warning|b3Printf|No inertial data|startThreads|argc=|argv|.*examples/Importers/|\s*$)"
)


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to file descriptor 1 meanwhile; afterwards pass on every line that isn't chatter.

    Lines of other threads come out a moment late, not lost.
    """
    with _LOCK:
        c_library = ctypes.CDLL(None)
        sys.stdout.flush()
        c_library.fflush(None)
        try:
            saved = os.dup(1)
        except OSError:  # the process has no standard output
            yield
            return
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 1)
            try:
                yield
            finally:
                sys.stdout.flush()
                c_library.fflush(None)  # C's own buffer would otherwise come out later, on the real output
                os.dup2(saved, 1)
                os.close(saved)
                held.seek(0)
                for line in held:
                    if not _CHATTER.match(line):
                        os.write(1, line)
