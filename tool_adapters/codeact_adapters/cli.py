"""`codeact adapters`: what is installed, what an adapter takes, and a new package for one of your own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codeact.cli.failures import reported, say_error

if TYPE_CHECKING:
    from codeact_adapters.adapter import Source

app = typer.Typer(
    help="List the installed adapters, show the options of one, or begin one of your own.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def _adapters(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_adapters()


@app.command("list")
def list_adapters() -> None:
    """List the adapters that installed packages offer, and why one that cannot be loaded cannot.

    The exit code is 0 when all can be loaded, else 1.

    Examples:

        codeact adapters
    """
    with reported():
        from codeact.errors import CodeActError
        from codeact_adapters.adapter import installed_adapters

        found = installed_adapters()
        width = max((len(adapter.name) for adapter in found), default=0)
        broken = []
        for adapter in found:
            try:
                about = _first_line(adapter.load())
            except CodeActError as error:
                about = "(cannot be loaded)"
                broken.append(str(error))
            print(f"{adapter.name:<{width}}  {about}  [{adapter.distribution}]")
        for problem in broken:
            say_error(problem)
        if broken:
            raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Of an installed adapter; or module:name, or file.py:name.")],
) -> None:
    """Show what an adapter is for, and its options as a tools.yaml takes them.

    Examples:

        codeact adapters show openapi
    """
    with reported():
        import inspect

        from codeact_adapters.adapter import find_adapter
        from codeact_adapters.options import described_options

        source = find_adapter(name)
        print("\n".join([*described_options(source), "", inspect.getdoc(source) or ""]).strip())


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What a tools.yaml will call it, such as `weather`.")],
    out: Annotated[Path, typer.Option(help="The folder in which the package gets a folder of its own.")] = Path(),
) -> None:
    """Write a package with an adapter that works, its entry point, and tests that hold it against all that is due.

    Examples:

        codeact adapters new weather --out ~/projects
    """
    with reported():
        from codeact_adapters.scaffold import write_package

        folder = write_package(name, out)
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            print(file)
        print(f"\nnext:\n  pip install --editable {folder}\n  python -m pytest {folder}")


def _first_line(source: Source) -> str:
    import inspect

    return (inspect.getdoc(source) or "(says nothing of itself)").split("\n")[0]
