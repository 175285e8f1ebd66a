"""`python -m codeact.training`: `codeact train` for machines that have little more than torch and TRL."""

from __future__ import annotations

import typer

from codeact.training.command import train

if __name__ == "__main__":
    typer.run(train)
