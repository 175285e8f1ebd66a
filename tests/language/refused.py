"""The programs that the sandbox refuses on purpose, each with its reason and with what its message must say.

A message has to name what to use instead. The reasons are told in `docs/sandbox-language.md`, from here.
"""

from __future__ import annotations

from typing import NamedTuple


class Refused(NamedTuple):
    """One program that is refused."""

    what: str
    reason: str
    error: str
    instead: str
    """A part of the message: what to use instead."""


REFUSED = {
    "classes/class_level_registry": Refused(
        "`__init_subclass__`, and class statements that pass keywords",
        "It would hear of a class before that class has been looked at.",
        "NotAllowed",
        "write a class decorator, or a function that you call with each class",
    ),
    "classes/metaclass_registry": Refused(
        "metaclasses other than `ABCMeta`",
        "A metaclass decides how the attributes of its classes are found, and so what a guard sees.",
        "NotAllowed",
        "write a class decorator, or a function that you call with each class",
    ),
    "classes/operators_full": Refused(
        "`__index__`",
        "C code calls it half way through what it does; with `bytearray`, CPython 3.11 then writes to memory that it "
        "has given back, which lets a program read and write the whole process.",
        "NotAllowed",
        "define __int__ and write int(x)",
    ),
    "errors/notes_and_args": Refused(
        "`__reduce__`, `__getstate__` and what else is for pickling",
        "`copy` would call what it names and write attributes of any name. Nothing is pickled in a session.",
        "NotAllowed",
        "define __copy__ for copy.copy, and write data as json",
    ),
    "everyday/ask_the_user": Refused(
        "`input`",
        "Nobody sits in front of a program.",
        "PermissionError",
        "use the values you have or a tool",
    ),
    "everyday/threads_counter": Refused(
        "`threading` and `multiprocessing`",
        "A program has one thread, so that it can be stopped and its calls keep one order. `asyncio` has real tasks; "
        "`concurrent.futures` runs one thing after the other.",
        "ModuleNotFoundError",
        "use asyncio or concurrent.futures",
    ),
    "everyday/write_and_read_file": Refused(
        "`open`",
        "The wall has no files. A session with a workspace has: `Sandbox(workspace=folder)`.",
        "PermissionError",
        "use io.StringIO for text in memory, or a tool",
    ),
}
