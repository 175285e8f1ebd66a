"""The sandbox: runs a model's Python in an unprivileged process behind a kernel wall, against a toolbox that stays in
the host.

host -> zygote -> worker. The zygote is a process of its own with an empty environment that has everything imported;
a worker is a fork of it that puts up the wall and then runs programs; a session keeps one worker, so variables last.

    session.py     `Sandbox`: one session, seen from the host
    asynchronous.py  `AsyncSandbox`: the same for async code (on_loop.py holds its threads)
    pool.py        `SandboxPool`: sessions for servers
    dispatch.py    one tool call in the host: table, validation, approval, the tool, the answer
    spawner.py     the host's end of the zygote
    zygote.py      the zygote
    worker.py      the worker: frames in, programs run, frames out
    wall.py        the kernel's part: rlimits, Landlock, seccomp (seccomp.py holds the tables)
    program.py     compile and run one program, and tell its errors
    filter.py      the language's part: what a program may say
    guards.py      the language's part: what it may reach when it runs
    views.py       what stands for modules, types and dictionaries of attributes
    offered.py     the modules that it may import, as views of listed names
    workspace.py   sessions with files and full libraries: the folder, seen from the host; with libraries.py (what may
                   be imported), mounts.py, workspace_wall.py and seccomp_workspace.py (their wall),
                   workspace_program.py (their programs), artifacts.py and unlinked.py (what a run left)
    imports.py     which of the offered modules a session gets
    wire.py        the frames between host and worker

The names below are loaded on first use, because the zygote and the workers import this package and must stay small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact.sandbox.artifacts import Artifact as Artifact
    from codeact.sandbox.asynchronous import AsyncSandbox as AsyncSandbox
    from codeact.sandbox.execution import Execution as Execution
    from codeact.sandbox.execution import ExecutionError as ExecutionError
    from codeact.sandbox.imports import offered_modules as offered_modules
    from codeact.sandbox.levels import Layer as Layer
    from codeact.sandbox.levels import WallLevel as WallLevel
    from codeact.sandbox.levels import level as level
    from codeact.sandbox.limits import Limits as Limits
    from codeact.sandbox.pool import PoolStatistics as PoolStatistics
    from codeact.sandbox.pool import SandboxPool as SandboxPool
    from codeact.sandbox.session import Sandbox as Sandbox

_HOME = {
    "AsyncSandbox": "asynchronous",
    "Artifact": "artifacts",
    "Execution": "execution",
    "ExecutionError": "execution",
    "Layer": "levels",
    "Limits": "limits",
    "PoolStatistics": "pool",
    "Sandbox": "session",
    "SandboxPool": "pool",
    "WallLevel": "levels",
    "level": "levels",
    "offered_modules": "imports",
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
