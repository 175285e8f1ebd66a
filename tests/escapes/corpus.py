"""The hostile programs: `programs/KIND.txt`, each a header and its code.

A program begins with a line `#### its purpose`. A line `#! why` below says that no canary can fire when it runs as
plain Python, and why. The rest is the program. Places are written as `@FILE@`; see `canaries.Canaries.name`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Program:
    """One hostile program. `silent` says why no canary fires in plain Python, and is empty where one does."""

    kind: str
    purpose: str
    silent: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.purpose}"


def programs() -> list[Program]:
    found = []
    for path in sorted(FOLDER.glob("*.txt")):
        for part in re.split(r"^#### ", path.read_text(), flags=re.MULTILINE)[1:]:
            purpose, _, code = part.partition("\n")
            silent = ""
            if code.startswith("#! "):
                silent, _, code = code[3:].partition("\n")
            found.append(Program(path.stem, purpose, silent, code.strip("\n") + "\n"))
    return found
