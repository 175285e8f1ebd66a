"""The host's end, noticed while the zygote imports and cannot look for it.

The kernel is asked to watch the control socket: a thread that did would be copied into no worker, but would take the
zygote its quick way to fork.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal


def watch(descriptor: int, host: int) -> None:
    """From now on the kernel ends this process and all that it started when the other end of the socket closes.

    It does so, too, when anything arrives or was read there: `unwatch` before the first message either way. A fork of
    the host that holds the other end keeps this from being noticed; then only the parent tells.

    Args:
        descriptor: this end of the control socket.
        host: the host's process number.
    """
    # To the group, which is this process's own. SIGKILL, because the host may have had other signals blocked.
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(descriptor, select.POLLHUP)
    if os.getppid() != host or poll.poll(0):  # it was gone before
        os._exit(0)


def unwatch(descriptor: int) -> None:
    """End what `watch` began: who serves the socket looks there itself."""
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) & ~os.O_ASYNC)
