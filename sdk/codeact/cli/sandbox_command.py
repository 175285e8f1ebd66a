"""`codeact sandbox`: its options and its help."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from codeact.cli.failures import reported
from codeact.cli.options import Approve, Imports, Limit, Readable, Tools, Without, Workspace


def open_sandbox(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="A program to run; `-` reads it from standard input.")
    ] = None,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="ARGS", help="What the program finds in `sys.argv`, after its name.")
    ] = None,
    code: Annotated[
        str | None, typer.Option("-c", metavar="CODE", help="A program to run, instead of a file; its value is shown.")
    ] = None,
    tools: Tools = None,
    limit: Limit = None,
    without: Without = None,
    approve: Approve = None,
    imports: Imports = None,
    workspace: Workspace = None,
    readable: Readable = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print all that came of the program as one JSON object.")
    ] = False,
) -> None:
    """Run a program in the sandbox; without one, at a terminal, talk to a session.

    A program's output comes as it is printed, its error on standard error. The exit code is 0 when it ran to its end, 1
    after an error, 124 at a time limit, 130 when it was interrupted. Options come before FILE.

    Examples:

        codeact sandbox --tools my_tools.py:box

        codeact sandbox -c "sum(i * i for i in range(10))"

        codeact sandbox --limit memory_mb=256 --limit wall_s=5 program.py

        echo "print(1 + 1)" | codeact sandbox --json -
    """
    with reported():
        from codeact.cli.sandbox_options import SandboxOptions
        from codeact.cli.sandbox_script import read_program, run_script

        options = SandboxOptions(
            tools,
            tuple(limit or ()),
            tuple(without or ()),
            tuple(approve or ()),
            tuple(name for part in imports for name in part.split(",") if name) if imports else None,
            workspace,
            tuple(readable or ()),
        )
        if code is None and file is None and sys.stdin.isatty():
            if json:
                raise typer.BadParameter(
                    "a session at a terminal has no end to print; give a program", param_hint="--json"
                )
            from codeact.cli.sandbox_shell import open_shell

            open_shell(options)
            return
        if code is not None:
            argv = ["-c", *([] if file is None else [file]), *(arguments or ())]
        else:
            file = file or "-"
            argv, code = [file, *(arguments or ())], read_program(file)
        run_script(code, argv, options, as_json=json, show_value=argv[0] == "-c")
