"""PyBullet prints to the process's standard outputs from C. This keeps that chatter from the user's terminal."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_LOCK = threading.RLock()
_CHATTER = re.compile(
    rb"^(pybullet build time:|b3Warning|b3Printf|No inertial data|startThreads|argc=|argv|.*examples/Importers/|\s*$"
    # Of its window:
    rb"|(starting|started|stopping) threads?\b|ExampleBrowserThreadFunc|X11 functions|Creating context|Created GL "
    rb"|Direct GLX|Indirect GLX|Making context|GL_[A-Z_]+=|pthread_getconcurrency|\w* ?= ?.*(Mesa|OpenGL|NVIDIA|Core)"
    rb"|(Version|Vendor|Renderer) = |MotionThreadFunc|(destroy )?(main )?semaphore|finished$|numActiveThreads"
    rb"|btShutDownExampleBrowser|Thread (with taskId|TERMINATED))"
)


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to file descriptors 1 and 2; afterwards pass on every line that isn't chatter.

    Lines of other threads come out a moment late, not lost.
    """
    with _LOCK, _filtered(1, sys.stdout), _filtered(2, sys.stderr):
        yield


@contextmanager
def _filtered(descriptor: int, stream: TextIO | None) -> Iterator[None]:
    c_library = ctypes.CDLL(None)

    def flush() -> None:
        if stream is not None:
            stream.flush()
        c_library.fflush(None)  # C's own buffer would otherwise come out later, on the real output

    flush()
    try:
        saved = os.dup(descriptor)
    except OSError:  # the process has no such output
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), descriptor)
        try:
            yield
        finally:
            flush()
            os.dup2(saved, descriptor)
            os.close(saved)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    os.write(descriptor, line)
