"""`codeact chat`: its options and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.agent_options import AgentOptions, with_shared_options
from codeact.cli.failures import reported
from codeact.cli.options import Approve, Imports, Limit, Readable, Tools, Without, Workspace

MAX_TOKENS = 1024
"""Of one reply, where nothing else is asked for: people ask for longer answers than tasks do."""


@with_shared_options
def chat(
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="`embedded`, `embedded-base`, `hf:<repository or folder>`, `openai:<base url>#<model>` or "
            "`scripted:<file>`.",
        ),
    ] = "embedded",
    env: Annotated[
        str | None, typer.Option(metavar="ID", help="Drive this environment's robot, such as CodeAct/Stack2-v0.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed is the same scene.")] = 0,
    tools: Tools = None,
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADAPTER",
            help="Tools of an adapter with its options, such as `directory path=notes`; may be given more than once.",
        ),
    ] = None,
    approve: Approve = None,
    workspace: Workspace = None,
    readable: Readable = None,
    imports: Imports = None,
    limit: Limit = None,
    without: Without = None,
    options: AgentOptions = AgentOptions(),  # noqa: B008  frozen
    tier: Annotated[str | None, typer.Option(help="Of the environment's tools: high or low.")] = None,
    perception: Annotated[str | None, typer.Option(help="privileged, noisy or camera.")] = None,
    window: Annotated[
        bool, typer.Option("--window", help="Watch the environment's robot in a window, at the pace of the clock.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep the conversation there as it goes on; go on with it where the file exists."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for pictures and /save; `chats/<time>` by default.")
    ] = None,
) -> None:
    """Talk to a model that acts by writing Python.

    Its programs run in the sandbox, with your tools or with an environment's robot. You see its words, its code, what
    that prints and each call as they come. Variables last. Ctrl-C ends the reply, the program, and what moves; the chat
    goes on. Commands begin with `/`; `/help` lists them. Messages may also come from a pipe, one a line: then the exit
    code is 1 when one was not answered.

    Examples:

        codeact chat

        codeact chat --env CodeAct/Stack2-v0 --approve physical=ask

        codeact chat --model openai:http://localhost:8000/v1#my-model --tools tools.yaml --workspace work

        echo "What is the mean of 3, 5 and 10?" | codeact chat --adapter "directory path=notes"
    """
    with reported():
        from codeact.agent import AgentSettings
        from codeact.cli.chat_options import ChatOptions
        from codeact.cli.chat_shell import open_chat
        from codeact.cli.sandbox_options import SandboxOptions

        given = {"tier": tier, "perception": perception}
        acted = {"rehearse": options.rehearse or None, "best-of": options.best_of, "window": window or None}
        if env is None and (wrong := [f"--{name}" for name, value in {**given, **acted}.items() if value is not None]):
            raise typer.BadParameter("this is for an environment; give --env, too", param_hint=wrong[0])
        open_chat(
            ChatOptions(
                model,
                env,
                seed,
                tuple(adapter or ()),
                settings=options.settings(AgentSettings(max_tokens=MAX_TOKENS)),
                check_skills=options.check_skills,
                journal=journal,
                environment={
                    **{name: value for name, value in given.items() if value is not None},
                    **({"render_mode": "human"} if window else {}),
                },
                sandbox=SandboxOptions(
                    tools,
                    tuple(limit or ()),
                    tuple(without or ()),
                    tuple(approve or ()),
                    tuple(name for part in imports for name in part.split(",") if name) if imports else None,
                    workspace,
                    tuple(readable or ()),
                ),
                out=out or _new_folder(),
            )
        )


def _new_folder() -> Path:
    from datetime import datetime

    return Path("chats") / datetime.now().strftime("%Y%m%d-%H%M%S")
