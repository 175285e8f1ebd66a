"""The command line: `codeact run | chat | replay | eval | tasks | tools | sandbox | doctor`, and what packages add.

Exit codes: 0 it ran through, 1 it did not (or a replay differs, a check fails, something needed is missing), 2 it was
asked for wrongly, 124 it ran out of time, 130 it was interrupted.
"""

from __future__ import annotations


def main() -> None:
    """The console script `codeact`."""
    from codeact.cli.app import app

    app()
