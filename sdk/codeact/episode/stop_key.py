"""An emergency stop on the keyboard: any key, while something moves."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TAKEN = 1024  # bytes of one look at the keyboard


@contextmanager
def emergency_stop_on_key(stop: Callable[[], object], terminal: int | None = None) -> Iterator[bool]:
    """While entered, the first key that is pressed calls `stop` from a thread of its own; later ones call it again.

    Ctrl-C still is what it was. The keys pressed meanwhile are swallowed and not shown. Nothing else may read from the
    terminal: a policy that asks, for one. It is a convenience, no safety function: a person at risk needs a button that
    cuts the power.

    Args:
        stop: such as `env.unwrapped.emergency_stop`. What it raises is lost.
        terminal: a file descriptor; None: that of standard input.

    Yields:
        Whether there is a keyboard: False where the descriptor is no terminal, or this process is in the background.
    """
    descriptor = _terminal() if terminal is None else terminal
    try:
        import termios
        import tty

        ours = descriptor >= 0 and os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except (ImportError, OSError):
        ours = False
    if not ours:
        yield False
        return
    before = termios.tcgetattr(descriptor)
    woken, wake = os.pipe()
    thread = threading.Thread(target=_serve, args=(descriptor, woken, stop), name="codeact-stop-key", daemon=True)
    try:
        tty.setcbreak(descriptor, termios.TCSANOW)
        thread.start()
        yield True
    finally:
        os.close(wake)
        thread.join()
        os.close(woken)
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)


def _terminal() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is none, or it is no file
        return -1


def _serve(descriptor: int, woken: int, stop: Callable[[], object]) -> None:
    while True:
        ready, _, _ = select.select([descriptor, woken], [], [])
        if woken in ready:
            return
        try:
            pressed = os.read(descriptor, _TAKEN)
        except OSError:  # the terminal has gone
            pressed = b""
        with contextlib.suppress(Exception):
            stop()  # also where the terminal has gone: nobody could stop it any more
        if not pressed:
            return
