"""The sandbox: runs a model's Python in an unprivileged process behind a kernel wall, against a toolbox that stays in
the host.

host -> zygote -> worker. The zygote is a process of its own with an empty environment that has everything imported;
a worker is a fork of it that puts up the wall and then runs programs; a session keeps one worker, so variables last.

    session.py       `Sandbox`: one session, seen from the host (arguments.py looks at what it is given, turns.py says
                     whose turn it is)
    asynchronous.py  `AsyncSandbox`: the same for async code (on_loop.py holds its threads)
    pool.py          `SandboxPool`: sessions for servers
    running.py       one run of one program: frames taken, calls handed on (threads.py); clocks.py has its clocks,
                     stopping.py how it is stopped, record.py keeps what it did, ending.py tells its end
    performing.py    one tool call of a run, stopped at its deadline (watch.py); dispatch.py has the table of tools,
                     validation and the answer
    connection.py    a worker as the host holds it (channel.py: frames; end_watch.py: its end; spawner.py: the zygote)
    levels.py        how much of the wall this machine reaches
    wire.py          the frames between host and worker, arena.py the memory for large arrays, mailbox.py that for small
                     frames, spin.py how both wait for each other, control.py what host and zygote say to each other
    process/         the zygote and the workers
    kernel/          the wall
    language/        what a program may say and reach
    workspaces/      sessions with files and full libraries

The names below are loaded on first use, because the zygote and the workers import this package and must stay small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact.sandbox.asynchronous import AsyncSandbox as AsyncSandbox
    from codeact.sandbox.execution import Execution as Execution
    from codeact.sandbox.execution import ExecutionError as ExecutionError
    from codeact.sandbox.language.imports import offered_modules as offered_modules
    from codeact.sandbox.levels import Layer as Layer
    from codeact.sandbox.levels import WallLevel as WallLevel
    from codeact.sandbox.levels import level as level
    from codeact.sandbox.limits import Limits as Limits
    from codeact.sandbox.pool import PoolStatistics as PoolStatistics
    from codeact.sandbox.pool import SandboxPool as SandboxPool
    from codeact.sandbox.session import Sandbox as Sandbox
    from codeact.sandbox.workspaces.artifacts import Artifact as Artifact

_HOME = {
    "AsyncSandbox": "asynchronous",
    "Artifact": "workspaces.artifacts",
    "Execution": "execution",
    "ExecutionError": "execution",
    "Layer": "levels",
    "Limits": "limits",
    "PoolStatistics": "pool",
    "Sandbox": "session",
    "SandboxPool": "pool",
    "WallLevel": "levels",
    "level": "levels",
    "offered_modules": "language.imports",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module 'codeact.sandbox' has no attribute {name!r}") from None
    value = getattr(import_module(f"codeact.sandbox.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
