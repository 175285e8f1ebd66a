"""The service that a command line asks for, and its run from the first request to the last."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.cli.failures import UsageError
from codeact.tools import Approve, Toolbox, refuse_effects
from codeact_adapters._mcp.serving.desk import Desk, ProgramDesk, ask_client
from codeact_adapters._mcp.serving.over_http import LOOPBACK, application, serve_http
from codeact_adapters._mcp.serving.over_stdio import serve_stdio
from codeact_adapters._mcp.serving.server import Offer, Service, with_stubs
from codeact_adapters._mcp.serving.sessions import Sessions

if TYPE_CHECKING:
    from codeact.sandbox import Sandbox

_MOST_SESSIONS = 16
_SHORTEST_TOKEN = 16
_CODE = {"type": "string", "description": "A Python program."}
_RUN = (
    "Run a Python program in the sandbox. Variables, functions and imports last from run to run. The answer is what it "
    "printed and the last expression's value, or the error with its line; correct the program and run it again."
)
_STEP = (
    "Run a Python program in the environment, and let the world settle. Variables last until the reset. The answer is "
    "what the program printed and what the world shows then, or the program's error, and the score."
)


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line; see `command.serve`."""

    env: str | None
    tools: str | None
    workspace: Path | None
    limits: tuple[str, ...]
    imports: tuple[str, ...] | None
    tier: str | None
    perception: str | None
    http: bool
    host: str
    port: int
    token: str | None
    hosts: tuple[str, ...]
    sessions: int | None
    approve: str


def serve_mcp(options: Options) -> None:
    """Serve until the client goes, or the process is told to end.

    Raises:
        CodeActError: an option is wrong, or what is to be served cannot be made.
    """
    if options.http and options.token is not None and len(options.token) < _SHORTEST_TOKEN:
        raise UsageError(
            f"--token has {len(options.token)} characters; take {_SHORTEST_TOKEN} or more, or leave it out"
        )
    if options.http and options.host not in LOOPBACK and options.token is None:
        raise UsageError(
            f"--host {options.host} lets other machines in: give a token of your own, by --token or CODEACT_MCP_TOKEN"
        )
    with contextlib.redirect_stdout(sys.stderr):  # standard output may belong to the protocol, from the first tool on
        asyncio.run(_serve(options))


async def _serve(options: Options) -> None:
    async with opened(options) as served:
        server = served.service.server()
        if options.http:
            token = options.token or secrets.token_urlsafe(24)
            app = application(server, served.sessions, token=token, host=options.host, hosts=options.hosts)
            new_token = token if options.token is None else None
            await serve_http(app, served.sessions, options.host, options.port, new_token)
        else:
            await serve_stdio(server, served.sessions)


@dataclass(frozen=True)
class Served:
    """A service with its sessions."""

    service: Service
    sessions: Sessions[Desk]


@contextlib.asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Served]:
    """What the options ask for, until it is left: then every session ends, and what moves is at rest.

    Raises:
        CodeActError: an option is wrong, or what is to be served cannot be made.
    """
    make, toolbox = _worlds(options) if options.env else _programs(options)
    moves = toolbox is not None and any(tool.effect == "physical" for tool in toolbox)
    most = options.sessions or (1 if moves or not options.http else _MOST_SESSIONS)
    first = make("")  # made now, so that the first client need not wait for it
    spare = [first]

    def taken(key: str) -> Desk:
        desk = spare.pop() if spare else make(key)
        desk.key = key
        return desk

    try:
        stubs, names = await first.look()
        async with Sessions(taken, most) as sessions:
            offers = _offers(options, stubs, names)
            yield Served(Service(sessions, offers, stubs=stubs, about=_about(options), many=options.http), sessions)
    finally:
        for desk in spare:  # nobody took it
            await desk.close()
        if toolbox is not None:
            toolbox.close()


def _policy(options: Options) -> Approve | None:
    return refuse_effects("write", "physical") if options.approve == "never" else None


def _programs(options: Options) -> tuple[Callable[[str], Desk], Toolbox | None]:
    """What makes the sessions for programs, and the toolbox that they share."""
    from codeact.cli.sandbox_options import changed_limits
    from codeact.cli.toolboxes import load_toolbox
    from codeact.sandbox import Limits, Sandbox
    from codeact.sandbox.levels import require
    from codeact.sandbox.workspaces.workspace import LIMITS

    require((), options.workspace is not None)  # what this machine lacks is said at once
    limits = changed_limits(Limits() if options.workspace is None else LIMITS, options.limits)
    toolbox = load_toolbox(options.tools, ask_client) if options.tools is not None else None
    numbers = itertools.count(1)

    def make(key: str) -> Desk:
        number = next(numbers)

        def open_sandbox() -> Sandbox:
            folder = options.workspace
            if folder is not None and options.http:
                folder = folder / f"session-{number}"
                folder.mkdir(parents=True, exist_ok=True)
            return Sandbox(toolbox, limits=limits, imports=options.imports, workspace=folder)

        return ProgramDesk(key, _policy(options), options.approve == "ask", toolbox or Toolbox(), open_sandbox)

    return make, toolbox


def _worlds(options: Options) -> tuple[Callable[[str], Desk], None]:
    """What makes the sessions for an environment."""
    from codeact.cli.running import make_environment
    from codeact.evaluation.selection import environment_class, find_tasks
    from codeact_adapters._mcp.serving.world import WorldDesk

    found = find_tasks([str(options.env)])
    if len(found) != 1:
        raise UsageError(f"--env {options.env} matches {len(found)} tasks; name one")
    modes = getattr(environment_class(found[0])[0], "metadata", {}).get("render_modes", ())
    draws = next((mode for mode in ("rgb_array", "rgb_array_list") if mode in modes), None)

    def make(key: str) -> Desk:
        def environment() -> Any:
            named = {"tier": options.tier, "perception": options.perception, "render_mode": draws}
            return make_environment(found[0], video=False, **named)

        return WorldDesk(key, _policy(options), options.approve == "ask", environment)

    return make, None


def _offers(options: Options, stubs: str, names: list[str]) -> dict[str, Offer]:
    if options.env is None:
        files = " The folder that it starts in is its workspace: it may read and write files there."
        text = _RUN + (files if options.workspace is not None else "")
        return {
            "run": Offer(with_stubs(text, stubs, names), {"code": _CODE}, required=("code",)),
            "reset": Offer("Forget all variables.", {}),
        }
    seed = {"type": "integer", "minimum": 0, "description": "The same seed is the same scene. 0 by default."}
    return {
        "reset": Offer("Begin an episode. The answer is the instruction, and what the world shows.", {"seed": seed}),
        "step": Offer(with_stubs(_STEP, stubs, names), {"code": _CODE}, required=("code",)),
        "observation": Offer("What the world showed last.", {}, reads=True),
        "score": Offer("How far the episode is: its score from 0 to 1, success, violations.", {}, reads=True),
        "image": Offer("A picture of the world now.", {}, reads=True),
    }


def _about(options: Options) -> str:
    if options.env is not None:
        return f"The environment {options.env}: reset, then act by Python programs with step, until it succeeds."
    return "A sandbox for Python programs: call run with a program, read what came of it, and go on."
