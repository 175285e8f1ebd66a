"""`codeact mcp`: the command and its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.failures import UsageError, reported
from codeact_adapters._mcp.place import require_sdk

_HOST, _PORT = "127.0.0.1", 8_720

app = typer.Typer(name="mcp", pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="markdown")


class Transport(StrEnum):
    """How clients reach the server."""

    stdio = "stdio"
    http = "http"


class Approval(StrEnum):
    """Who decides about a program's tool calls that do more than read."""

    ask = "ask"
    always = "always"
    never = "never"


@app.command()
def serve(
    env: Annotated[
        str | None, typer.Option(metavar="ID", help="Serve an environment, such as CodeAct/Stack2-v0.")
    ] = None,
    tools: Annotated[
        str | None,
        typer.Option(metavar="TOOLS", help="The tools that programs may call: as for `codeact sandbox`."),
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder that programs may write to, with full libraries.")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A limit of each program, such as wall_s=5; more than once."),
    ] = None,
    imports: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE", help="What programs may import, and no more; may be given more than once."),
    ] = None,
    tier: Annotated[str | None, typer.Option(help="Of an environment's tools: high or low.")] = None,
    perception: Annotated[str | None, typer.Option(help="Of an environment: privileged, noisy or camera.")] = None,
    transport: Annotated[
        Transport, typer.Option(help="Standard input and output, for a client that starts the server; or HTTP.")
    ] = Transport.stdio,
    host: Annotated[str, typer.Option(help="Of HTTP: the address to bind to.")] = _HOST,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Of HTTP; 0 for any that is free.")] = _PORT,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="CODEACT_MCP_TOKEN",
            help="Of HTTP: what clients send as `Authorization: Bearer ...`. Without one, a new one is printed.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Of HTTP: a name by which clients call this machine; more than once."),
    ] = None,
    sessions: Annotated[
        int | None,
        typer.Option(min=1, help="Of HTTP: sessions at a time. By default 16, and 1 where tools move something."),
    ] = None,
    approve: Annotated[
        Approval | None,
        typer.Option(
            help="Before a call that does more than read: ask the person at the client, go on, or refuse it. "
            "By default ask, and for --env, which is a simulation, go on.",
        ),
    ] = None,
) -> None:
    """Serve the sandbox, or an environment, to any client of the Model Context Protocol.

    A client gets the tools `run` and `reset`, with --env `reset`, `step`, `observation`, `score` and `image`, and
    `interrupt`. Variables last as long as the client's session.

    Examples:

        codeact mcp

        codeact mcp --tools my_tools.py:box --approve ask

        codeact mcp --workspace data --transport http --port 8720

        codeact mcp --env CodeAct/Stack2-v0
    """
    with reported():
        if env is not None and any((tools, workspace, limit, imports)):
            raise UsageError("--env has its own; leave out --tools, --workspace, --limit and --imports")
        if env is None and (tier is not None or perception is not None):
            raise UsageError("--tier and --perception are for an environment; name it by --env")
        if transport is Transport.stdio and (sessions is not None or allow_host or (host, port) != (_HOST, _PORT)):
            raise UsageError("--host, --port, --allow-host and --sessions are for HTTP; add --transport http")
        if transport is Transport.stdio and workspace is not None and not workspace.is_dir():
            raise UsageError(f"--workspace {workspace}: there is no such folder; make it first")
        require_sdk()
        from codeact_adapters._mcp.serving.serving import Options, serve_mcp

        options = Options(
            env=env,
            tools=tools,
            workspace=workspace,
            limits=tuple(limit or ()),
            imports=tuple(name for part in imports for name in part.split(",") if name) if imports else None,
            tier=tier,
            perception=perception,
            http=transport is Transport.http,
            host=host,
            port=port,
            token=token,
            hosts=tuple(allow_host or ()),
            sessions=sessions,
            approve=(approve or (Approval.ask if env is None else Approval.always)).value,
        )
        serve_mcp(options)


if __name__ == "__main__":
    app()
