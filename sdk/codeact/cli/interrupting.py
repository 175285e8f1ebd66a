"""Ctrl-C while a program runs in a sandbox."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact.cli.asking import Asking

_AGAIN_S = 0.005


@contextmanager
def interrupts(interrupt: Callable[[], bool], asking: Asking) -> Iterator[None]:
    """Ctrl-C calls `interrupt` again and again, until it says that there was something to end.

    With `Sandbox.interrupt` that ends the program that runs, softly, so that the session's variables live where they
    can. A question that `asking` has put is ended with it.

    A second Ctrl-C raises KeyboardInterrupt: for a tool that does not return. Only for the main thread.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    pressed = False
    over = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt("interrupted twice: what the program was doing was not waited for")
        pressed = True
        os.write(writer, bytes([number]))  # a tool may have set another descriptor to be woken by

    def wait() -> None:
        # Another thread asks for the interrupt: this one may hold the run's lock, or be about to wait for the program,
        # and then Python calls no handler before that wait ends. The descriptor is written to at once.
        while byte := os.read(reader, 1):
            if byte[0] == signal.SIGINT:
                while not interrupt():  # the program is still to be sent, or has ended
                    if over.wait(_AGAIN_S):
                        return
                asking.cancel()
                return

    waiting = threading.Thread(target=wait, name="codeact-interrupt", daemon=True)
    waiting.start()
    before = signal.signal(signal.SIGINT, handle)
    woken_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken_before)
        signal.signal(signal.SIGINT, before)
        over.set()
        os.close(writer)  # the thread reads the end, and goes
        waiting.join()
        os.close(reader)
