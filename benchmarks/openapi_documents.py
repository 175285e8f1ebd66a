"""What becomes of real OpenAPI documents: every document of a folder is loaded, rendered, and checked by mypy.

    python benchmarks/openapi_documents.py FOLDER

A document is a JSON or YAML file that says `openapi`; other files beside it are what it may refer to. Seconds are CPU
time for the whole way from the file to the toolbox. A token is taken to be four characters.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from codeact import Toolbox
from codeact.errors import CodeActError
from codeact_adapters import openapi
from codeact_adapters._http.network import address
from codeact_adapters._openapi.document import Document, load

_SAYS_OPENAPI = re.compile(rb"""(?:^|[{,]\s*)["']?openapi["']?\s*:\s*["']?3\.[01]""", re.MULTILINE)
_CHARACTERS_PER_TOKEN = 4


@dataclass
class Row:
    """What became of one document."""

    name: str
    operations: int = 0
    tools: int = 0
    paged: int = 0
    tokens: int = 0
    seconds: float = 0.0
    complaints: int = 0
    left_out: list[str] = field(default_factory=list)
    failed: str = ""


class Reasons(logging.Handler):
    """Keeps what the adapter says of operations that it leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def main(folder: Path) -> int:
    """Print the table, and what was left out and why. Returns 1 if a document failed or mypy complains."""
    reasons = Reasons()
    logger = logging.getLogger("codeact_adapters._openapi.adapter")
    logger.addHandler(reasons)
    logger.propagate = False
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as stubs:
        for number, file in enumerate(documents(folder)):
            reasons.lines.clear()
            row = Row(str(file.relative_to(folder)))
            rows.append(row)
            try:
                (Path(stubs) / f"d{number}.pyi").write_text(measured(file, row))
            except CodeActError as error:
                row.failed = str(error)
            row.left_out = list(reasons.lines)
            print(line(row), flush=True)
        complaints = mypy(Path(stubs))
        for number, row in enumerate(rows):
            row.complaints = complaints[f"d{number}.pyi"]
    print()
    for row in rows:
        for reason in [row.failed] if row.failed else row.left_out:
            print(f"{row.name}: {reason[:200]}")
    operations, tools = sum(row.operations for row in rows), sum(row.tools for row in rows)
    failed = [row.name for row in rows if row.failed]
    wrong = {row.name: row.complaints for row in rows if row.complaints}
    print(
        f"\n{len(rows)} documents, {len(failed)} failed; {operations} operations, {tools} tools, "
        f"{operations - tools} left out ({(operations - tools) / max(operations, 1):.2%}); "
        f"{sum(row.paged for row in rows)} answer in pages; "
        f"mypy complains {sum(wrong.values())} times {wrong or ''}"
    )
    return 1 if failed or wrong else 0


def documents(folder: Path) -> list[Path]:
    """The OpenAPI documents in a folder and below."""
    files = [file for kind in ("json", "yaml", "yml") for file in folder.rglob(f"*.{kind}") if file.is_file()]
    return sorted(file for file in files if _SAYS_OPENAPI.search(file.read_bytes()))


def measured(file: Path, row: Row) -> str:
    """Fill the row in, and give the stubs."""
    began = time.process_time()
    box = toolbox(file)
    row.seconds = time.process_time() - began
    row.tools = len(box)
    stubs = box.stubs()
    row.tokens = len(stubs) // _CHARACTERS_PER_TOKEN
    row.operations = sum(1 for _ in load(file, unreachable).operations())
    row.paged = sum(tool.stub().count("pages to fetch and join") for tool in box)
    return stubs


def toolbox(file: Path) -> Toolbox:
    """All operations of a document, on whichever host it puts them."""
    document = load(file, unreachable)
    servers = {operation.server for operation in document.operations()}
    hosts = {address(server).host for server in servers if server.startswith("http") and "{" not in server}
    return openapi(file, base_url=base_url(document), hosts=hosts)


def base_url(document: Document) -> str:
    server = document.server()
    return server if server.startswith("http") and "{" not in server else "https://service.example"


def unreachable(url: str) -> bytes:
    raise CodeActError(f"{url} is not fetched here")


def mypy(folder: Path) -> Counter[str]:
    """How often mypy complains of each file."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "."],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    lines = [text for text in done.stdout.splitlines() if ": error:" in text]
    for text in lines[:20]:
        print(text)
    checked = f"{len(list(folder.glob('*.pyi')))} source file"
    if done.returncode not in (0, 1) or checked not in done.stdout:
        raise CodeActError(f"mypy failed: {(done.stdout + done.stderr)[-500:]}")
    return Counter(text.split(":")[0] for text in lines)


def line(row: Row) -> str:
    left = row.operations - row.tools
    figures = f"{row.operations:6} {row.tools:6} {left:5} {row.paged:6} {row.tokens:8,} {row.seconds:6.1f} s"
    return f"{row.name:48.48} {'failed' if row.failed else figures}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{'document':48} {'oper.':>6} {'tools':>6} {'left':>5} {'paged':>6} {'tokens':>8} {'time':>8}")
    sys.exit(main(Path(sys.argv[1])))
