"""What becomes of real OpenAPI documents: each is loaded, rendered, checked by mypy, cut to a budget, and searched.

    python benchmarks/openapi_documents.py                      those of openapi_documents.csv, fetched once from GitHub
    python benchmarks/openapi_documents.py --write-docs         the same, and puts the table into docs/rest-services.md
    python benchmarks/openapi_documents.py --mirrors '/srv/git/{owner}/{name}.git'      the same, from git directories
    python benchmarks/openapi_documents.py --folder FOLDER      every document of a folder and below

In a folder, a document is a JSON or YAML file that says `openapi`; other files beside it are what it may refer to.
Tokens are the toolbox's own estimate, three UTF-8 bytes each. Seconds are processor time from the file to the toolbox.

Where the budget leaves operations out, up to 20 of these, evenly spread, are looked for from inside a program, by
`help("the first line of its docstring")`; one counts as found when it is among the eight that `help` names.

It exits with 1 when a document does not load, mypy complains, a budget is not kept, or a search finds none.
"""

from __future__ import annotations

import argparse
import ast
import logging
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from openapi_list import Listed, from_mirrors, from_net, kept, read_list

from codeact import Limits, Sandbox, Toolbox
from codeact.errors import CodeActError
from codeact.models.cache import cache_folder
from codeact.models.protocol import estimate_tokens
from codeact_adapters import openapi
from codeact_adapters._http.network import address
from codeact_adapters._openapi.document import Document, load

BUDGET = 4_000
SOUGHT = 20
PAGE = Path(__file__).parents[1] / "docs" / "rest-services.md"
BEGIN, END = "<!-- written by benchmarks/openapi_documents.py --write-docs -->", "<!-- end of real documents -->"
_SAYS_OPENAPI = re.compile(rb"""(?:^|[{,]\s*)["']?openapi["']?\s*:\s*["']?3\.[01]""", re.MULTILINE)
_LACKING = "leads to nothing in the document"
_BETWEEN = "- - -"


@dataclass
class Row:
    """What became of one document.

    Attributes:
        name: its maker, or its path in the folder.
        operations, tools, paged: how many there are of each; the last are those that answer in pages.
        tokens: of all stubs.
        shown: operations in the stubs that keep the budget.
        tokens_shown: of these stubs.
        sought, found: operations that were looked for by `help`, and those of them that it named.
        seconds: processor time from the file to the toolbox.
        complaints: of mypy, about all stubs and those within the budget.
        left_out: why operations are no tools.
        failed: why the document could not be used; empty if it could.
    """

    name: str
    operations: int = 0
    tools: int = 0
    paged: int = 0
    tokens: int = 0
    shown: int = 0
    tokens_shown: int = 0
    sought: int = 0
    found: int = 0
    seconds: float = 0.0
    complaints: int = 0
    left_out: list[str] = field(default_factory=list)
    failed: str = ""

    @property
    def wrong(self) -> bool:
        nothing_found = self.sought > 0 and self.found == 0
        return bool(self.failed or self.complaints) or self.tokens_shown > BUDGET or nothing_found


class Reasons(logging.Handler):
    """Keeps what the adapter says of operations that it leaves out."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and what was left out and why. Returns 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description="What becomes of real OpenAPI documents.")
    parser.add_argument("--folder", type=Path, help="look at the documents in this folder, not at those of the list")
    parser.add_argument("--mirrors", help="git directories to read, with {owner} and {name}, instead of the network")
    parser.add_argument("--cache", type=Path, default=cache_folder() / "openapi", help="where documents are kept")
    parser.add_argument("--write-docs", action="store_true", help=f"put the table of the list into {PAGE.name}")
    chosen = parser.parse_args(arguments)
    if chosen.folder and chosen.write_docs:
        parser.error("--write-docs is for the list, not for a folder")
    listed = [] if chosen.folder else read_list()
    read = from_mirrors(chosen.mirrors) if chosen.mirrors else from_net
    files: list[tuple[str, Callable[[], Path]]] = (
        [(str(file.relative_to(chosen.folder)), partial(Path, file)) for file in documents(chosen.folder)]
        if chosen.folder
        else [(each.maker, partial(kept, each, chosen.cache, read)) for each in listed]
    )
    rows = looked_at(files)
    print()
    for row in rows:
        for reason in [row.failed] if row.failed else row.left_out:
            print(f"{row.name}: {reason[:200]}")
    print(f"\n{summary(rows)}")
    if chosen.write_docs:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table(listed, rows)}\n{END}{rest.partition(END)[2]}")
    return 1 if any(row.wrong for row in rows) else 0


def looked_at(files: Iterable[tuple[str, Callable[[], Path]]]) -> list[Row]:
    """A row for each document, by name and the way to its file."""
    reasons = Reasons()
    logger = logging.getLogger("codeact_adapters._openapi.adapter")
    logger.addHandler(reasons)
    logger.propagate = False
    rows: list[Row] = []
    head = ("oper.", "tools", "paged", "tokens", "shown", "tokens", "found", "time")
    print(f"{'document':40} " + " ".join(f"{each:>8}" for each in head))
    with tempfile.TemporaryDirectory() as stubs:
        for number, (name, way) in enumerate(files):
            reasons.lines.clear()
            row = Row(name)
            rows.append(row)
            try:
                whole, within = measured(way(), row)
                (Path(stubs) / f"d{number}.pyi").write_text(whole)
                (Path(stubs) / f"d{number}_within.pyi").write_text(within)
            except CodeActError as error:
                row.failed = str(error)
            row.left_out = list(reasons.lines)
            print(line(row), flush=True)
        complaints = mypy(Path(stubs))
        for number, row in enumerate(rows):
            row.complaints = complaints[f"d{number}.pyi"] + complaints[f"d{number}_within.pyi"]
    logger.removeHandler(reasons)
    return rows


def documents(folder: Path) -> list[Path]:
    """The OpenAPI documents in a folder and below."""
    files = [file for kind in ("json", "yaml", "yml") for file in folder.rglob(f"*.{kind}") if file.is_file()]
    return sorted(file for file in files if _SAYS_OPENAPI.search(file.read_bytes()))


def measured(file: Path, row: Row) -> tuple[str, str]:
    """Fill the row in, and give all stubs, and those within the budget."""
    began = time.process_time()
    box = toolbox(file)
    row.seconds = time.process_time() - began
    row.tools = len(box)
    row.operations = sum(1 for _ in load(file, unreachable).operations())
    row.paged = sum(tool.stub().count("pages to fetch and join") for tool in box)
    whole, within = box.stubs(), box.within_tokens(BUDGET).stubs()
    row.tokens, row.tokens_shown = estimate_tokens(whole), estimate_tokens(within)
    shown = {node.name for node in ast.parse(within).body if isinstance(node, ast.FunctionDef)}
    row.shown = len(shown)
    unshown = [name for name in box.tools if name not in shown]
    if unshown:
        sought = unshown[:: -(-len(unshown) // SOUGHT)]
        row.sought, row.found = len(sought), found(box, sought)
    return whole, within


def found(box: Toolbox, names: list[str]) -> int:
    """How many of these tools a program finds by the first line of their docstrings."""
    words = [box.tools[name].doc.split("\n")[0] for name in names]
    program = f"for words in {words!r}:\n    help(words)\n    print({_BETWEEN!r})"
    with Sandbox(box, limits=Limits(wall_s=60, cpu_s=60, output_chars=1_000_000)) as sandbox:
        result = sandbox.run(program)
    if not result.ok:
        raise CodeActError(f"help failed: {result.error}")
    answers = result.stdout.split(f"{_BETWEEN}\n")
    return sum(
        any(text.startswith(f"{name}(") for text in answer.splitlines())
        for name, answer in zip(names, answers, strict=False)
    )


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
    stubs = len(list(folder.glob("*.pyi")))
    if not stubs:
        return Counter()
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "."],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    lines = [text for text in done.stdout.splitlines() if ": error:" in text]
    for text in lines[:20]:
        print(text)
    if done.returncode not in (0, 1) or f"{stubs} source file" not in done.stdout:
        raise CodeActError(f"mypy failed: {(done.stdout + done.stderr)[-500:]}")
    return Counter(text.split(":")[0] for text in lines)


def line(row: Row) -> str:
    """A row as it is printed."""
    if row.failed:
        return f"{row.name:40.40} failed"
    cells = (row.operations, row.tools, row.paged, row.tokens, row.shown, row.tokens_shown)
    search = f"{row.found}/{row.sought}" if row.sought else "-"
    return f"{row.name:40.40} {' '.join(f'{cell:8,}' for cell in cells)} {search:>8} {row.seconds:6.1f} s"


def summary(rows: Sequence[Row]) -> str:
    """What all documents come to."""
    loaded = [row for row in rows if not row.failed]
    operations, tools = sum(row.operations for row in loaded), sum(row.tools for row in loaded)
    reasons = [reason for row in loaded for reason in row.left_out]
    lacking = sum(1 for reason in reasons if _LACKING in reason)
    accepted = sum(1 for row in loaded if not row.complaints)
    within = sum(1 for row in loaded if row.tokens_shown <= BUDGET)
    large = [row for row in loaded if row.sought]
    found, sought = sum(row.found for row in large), sum(row.sought for row in large)
    text = (
        f"{len(loaded)} of {len(rows)} documents load, and mypy accepts the stubs of {accepted}. {tools:,} of their "
        f"{operations:,} operations are functions"
    )
    if reasons:
        text += f"; {lacking} of the other {len(reasons)} refer to what their document lacks"
    text += f". With `max_tokens={BUDGET}`, the stubs of {within} keep the budget."
    if large:
        text += (
            f" Those of {len(large)} do so without some operations: of {sought} such operations, `help` finds {found}."
        )
    return text


def table(listed: Sequence[Listed], rows: Sequence[Row]) -> str:
    """The page's table: the sentences of the summary, and a line a document."""
    lines = [
        summary(rows),
        "",
        f"| maker, document | operations | functions | tokens | shown in {BUDGET:,} tokens | found by `help` |",
        "|---|---|---|---|---|---|",
    ]
    for each, row in zip(listed, rows, strict=True):
        cells = (
            ["does not load", "", "", "", ""]
            if row.failed
            else [
                f"{row.operations:,}",
                f"{row.tools:,}",
                f"{row.tokens:,}",
                "all" if row.shown == row.tools else f"{row.shown:,}",
                f"{row.found} of {row.sought}" if row.sought else "",
            ]
        )
        lines.append(f"| [{each.maker}]({each.page}) | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
