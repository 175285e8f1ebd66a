"""Commands of other packages: an entry point in the group `codeact.commands` names a Typer app, and is its name."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from codeact.cli.failures import reported
from codeact.errors import CodeActError

GROUP = "codeact.commands"


class PluggedGroup(TyperGroup):
    """A group of commands and, after its own, those of other packages, which are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(_plugged().keys() - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = _plugged().get(cmd_name)
        return None if point is None else _loaded(cmd_name, point)


def _plugged() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(name: str, point: Any) -> Any:
    try:
        app = point.load()
        if not isinstance(app, typer.Typer):
            raise TypeError(f"it is of type {type(app).__name__}, not a typer.Typer")
    except Exception as error:  # another's package: the rest of the command line works without it
        app = _broken(f"the command {name!r} cannot be loaded from {point.value}: {type(error).__name__}: {error}")
    command = typer.main.get_command(app)
    command.name = name
    return command


def _broken(reason: str) -> typer.Typer:
    app = typer.Typer()

    @app.command(short_help="(cannot be loaded)", help=reason)
    def fail() -> None:
        with reported():
            raise CodeActError(reason)

    return app
