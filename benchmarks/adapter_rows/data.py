"""SQL, a directory, web pages and a browser."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapter_rows import Pair, Row, needs, process
from codeact_adapters import browser, directory, sql, web


@contextmanager
def _sql() -> Iterator[Pair]:
    import sqlalchemy

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stock.db"
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE parts (number INTEGER PRIMARY KEY, name TEXT, weight REAL, place TEXT)")
            rows = [(n, f"part {n}", n / 7, f"bin {n % 50}") for n in range(20_000)]
            database.executemany("INSERT INTO parts VALUES (?, ?, ?, ?)", rows)
        database.close()
        statement = "SELECT place, count(*) AS n, avg(weight) AS mean FROM parts WHERE number < :most GROUP BY place"
        engine = sqlalchemy.create_engine(f"sqlite:///{file}")

        def bare() -> list[dict[str, object]]:
            with engine.connect() as connection:
                result = connection.execute(sqlalchemy.text(statement), {"most": 2_000})
                return [dict(row) for row in result.mappings()]

        with sql(f"sqlite:///{file}") as box:
            yield Pair(box, f"query({statement!r}, {{'most': 2000}})", bare)
        engine.dispose()


@contextmanager
def _directory() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "notes" / "large.txt"
        file.parent.mkdir()
        file.write_text("a line of some text\n" * 50_000)
        with directory(Path(folder)) as box:
            yield Pair(box, "read_text('notes/large.txt')", file.read_text)


@contextmanager
def _web() -> Iterator[Pair]:
    import httpx
    import trafilatura

    with process("servers.py", "site") as base, httpx.Client(trust_env=False) as client:

        def bare() -> object:
            page = client.get(f"{base}/").content
            return trafilatura.extract(page, output_format="markdown", include_comments=False, favor_recall=True)

        with web([base.removeprefix("http://")]) as box:
            yield Pair(box, f"fetch('{base}/')", bare)


@contextmanager
def _browser() -> Iterator[Pair]:
    from playwright.sync_api import sync_playwright

    with process("servers.py", "site") as base, sync_playwright() as playwright:
        host = base.removeprefix("http://")
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = opened.new_page()
        tab.route("**/*", lambda route: route.continue_() if host in route.request.url else route.abort())

        def bare() -> object:
            tab.goto(f"{base}/", wait_until="domcontentloaded")
            return tab.locator("body").aria_snapshot(), tab.title()

        with browser([host]) as box:
            yield Pair(box, f"visit('{base}/')", bare)
        opened.close()


def _no_browser() -> str:
    return needs("playwright")() or ("" if shutil.which("chromium") else "Chromium is not installed")


ROWS = [
    Row("sql, grouping 2,000 of 20,000 rows", "SQLite by SQLAlchemy", _sql, needs("sqlalchemy")),
    Row("directory, reading 1 MB of text", "the disk, by pathlib", _directory),
    Row("web, fetching and reading a page", "http.server, by httpx and trafilatura", _web, needs("trafilatura")),
    Row("browser, visiting a page", "Chromium, by Playwright", _browser, _no_browser),
]
