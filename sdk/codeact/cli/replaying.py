"""`codeact replay`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from codeact.cli.failures import BROKE
from codeact.cli.printer import EpisodePrinter
from codeact.episode.plain import printable

if TYPE_CHECKING:
    from codeact.events import Event


def replay_run(run: Path, show: bool, live: str | None = None) -> None:
    """Play a trace again, and say whether every state hash is equal. Exits with 1 when not.

    `live` names tools that are called again instead of answering as recorded.

    Raises:
        CodeActError: with the message that the user should read.
    """
    from codeact import events
    from codeact.cli.toolboxes import load_toolbox
    from codeact.episode import read_trace, replay

    console = Console(highlight=False, soft_wrap=True)
    trace = read_trace(run)
    printer = EpisodePrinter(console) if show else None

    def tell(event: Event) -> None:
        if printer is not None:
            printer(event)
        elif isinstance(event, events.EpisodeStarted):
            console.print(Text(printable(f"{event.environment}, seed {event.seed}: {event.instruction}")))
        elif isinstance(event, events.Stepped):
            hashed = f"  state {event.state_hash[:16]}…" if event.state_hash else ""
            console.print(Text(f"  turn {event.turn}: score {event.score:.3f}{hashed}", style="dim"))

    with ExitStack() as opened:
        box = load_toolbox(live) if live is not None else None
        if box is not None:
            opened.callback(box.close)
        result = replay(trace, tools=box, on_event=tell)
    for note in result.notes:
        console.print(Text(f"note: {printable(note)}", style="yellow"))
    turns = f"{result.turns} of {result.recorded_turns} turns were played"
    if result.equal:
        console.print(
            Text.assemble(("equal", "bold green"), f": all {result.compared} state hashes are as recorded; {turns}")
        )
        return
    what = str(result.difference) if result.difference else "there was nothing to compare"
    console.print(Text.assemble(("not equal", "bold red"), f": {printable(what)}; {turns}"))
    raise typer.Exit(BROKE)
