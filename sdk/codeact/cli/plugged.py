"""Commands of other packages: an entry point in the group `codeact.commands` names a Typer app, and is its name.

The group `codeact.task_commands` does the same below `codeact tasks`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

from codeact.cli.failures import reported
from codeact.errors import CodeActError


class PluggedGroup(TyperGroup):
    """A group of commands and, after its own, those of other packages, which are imported when they are asked for."""

    points: ClassVar[str] = "codeact.commands"

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(self._plugged().keys() - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = self._plugged().get(cmd_name)
        return None if point is None else _loaded(cmd_name, point)

    def _plugged(self) -> dict[str, Any]:
        from importlib.metadata import entry_points

        return {point.name: point for point in entry_points(group=self.points)}


class PluggedTaskGroup(PluggedGroup):
    """`codeact tasks`."""

    points: ClassVar[str] = "codeact.task_commands"


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
