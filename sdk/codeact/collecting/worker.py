"""The process that plays episodes for a collection: `python -m codeact.collecting.worker`, started by `collection`."""

from __future__ import annotations

from codeact.collecting.player import Player
from codeact.evaluation.worker import serve

if __name__ == "__main__":
    serve(lambda setup: Player(setup["settings"]))
