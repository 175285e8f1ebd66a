"""Ctrl-C while a program runs in a sandbox."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact.sandbox import Sandbox


@contextmanager
def interrupts(sandbox: Sandbox) -> Iterator[None]:
    """Ctrl-C ends the program that runs, softly, so that the session's variables live where they can.

    A second Ctrl-C raises KeyboardInterrupt: for a tool that does not return. Only for the main thread.
    """
    reader, writer = os.pipe()
    pressed = False

    def handle(number: int, frame: FrameType | None) -> None:
        # It may come while this very thread holds the run's lock, so another thread asks for the interrupt.
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt("interrupted twice: what the program was doing was not waited for")
        pressed = True
        os.write(writer, b"!")

    def wait() -> None:
        if os.read(reader, 1):
            sandbox.interrupt()

    waiting = threading.Thread(target=wait, name="codeact-interrupt", daemon=True)
    waiting.start()
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(writer)  # the thread reads the end, and goes
        waiting.join()
        os.close(reader)
