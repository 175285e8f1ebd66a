"""A fork without what Python and the C library do around one.

They reset locks of other threads, seed random numbers anew and call what libraries registered: all of it for processes
with threads, and it touches so many pages that it takes longer than the fork. This is for processes with one thread.
"""

from __future__ import annotations

import ctypes
import os
import platform

from codeact.sandbox.kernel import seccomp

_library = ctypes.PyDLL(None, use_errno=True)  # keeps the interpreter's lock
_library.syscall.restype = ctypes.c_long


def clone(flags: int) -> int:
    """Make a copy of this process: 0 in the copy, its process number here.

    Args:
        flags: of clone(2), with the signal that tells its end; nothing may be shared.

    Raises:
        OSError
    """
    number = seccomp.CLONE[list(seccomp.ARCHITECTURES).index(platform.machine())]
    zero = ctypes.c_ulong(0)
    made = int(_library.syscall(ctypes.c_long(number), ctypes.c_ulong(flags), *[zero] * 4))
    if made < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return made
