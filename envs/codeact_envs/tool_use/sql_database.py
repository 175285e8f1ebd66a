"""A real SQLite file that can be read with SQL, and in no way changed."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Value = str | int | float | None
MOST_ROWS = 50
MOST_BYTES = 100_000  # of one value
MOST_STEPS = 5_000_000  # of SQLite's virtual machine in one query, about a second of work
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_NOT_REPEATABLE = {"random", "randomblob"}


class QueryError(Exception):
    """SQLite cannot run the statement, or may not: only reading is allowed."""


@dataclass(frozen=True)
class Column:
    """A column of a table; `note` says what it holds and in which unit."""

    name: str
    kind: str
    note: str


@dataclass(frozen=True)
class Table:
    """A table of the data of an episode."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


class ReadOnlyDatabase:
    """A database file, written once and then only read.

    Args:
        path: where the file is written; there is none yet.
        tables: what is in it, by name.
    """

    def __init__(self, path: Path, tables: Mapping[str, Table]) -> None:
        with sqlite3.connect(path, isolation_level=None) as writing:
            writing.execute("PRAGMA journal_mode = OFF")
            writing.execute("PRAGMA synchronous = OFF")
            writing.execute("BEGIN")
            for name, table in tables.items():
                columns = ", ".join(f"{_quoted(column.name)} {column.kind}" for column in table.columns)
                writing.execute(f"CREATE TABLE {_quoted(name)} ({columns})")
                places = ", ".join("?" * len(table.columns))
                writing.executemany(f"INSERT INTO {_quoted(name)} VALUES ({places})", table.rows)
            writing.execute("COMMIT")
        writing.close()
        self._reading = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
        self._reading.row_factory = sqlite3.Row
        self._reading.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
        self._reading.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._reading.set_authorizer(_authorize)

    def query(self, sql: str, parameters: Sequence[Value]) -> list[dict[str, Value]]:
        """The first rows that a statement gives.

        Raises:
            QueryError: the statement is wrong, changes something, or takes too long.
        """
        steps = [0]

        def step() -> bool:
            steps[0] += 1
            return steps[0] > 1000

        self._reading.set_progress_handler(step, MOST_STEPS // 1000)
        try:
            rows = self._reading.execute(sql, tuple(parameters)).fetchmany(MOST_ROWS)
        except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as error:
            raise QueryError(_why(error)) from None
        finally:
            self._reading.set_progress_handler(None, 0)
        return [dict(row) for row in rows]

    def close(self) -> None:
        self._reading.close()


def _authorize(action: int, first: str | None, second: str | None, database: str | None, where: str | None) -> int:
    if action not in _READING or (action == sqlite3.SQLITE_FUNCTION and second in _NOT_REPEATABLE):
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_READ and (first or "").startswith(("sqlite_", "pragma_")):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _why(error: Exception) -> str:
    text = str(error)
    if "interrupted" in text:
        return "the query takes too long"
    if re.search(r"not authorized|prohibited|readonly", text):
        return f"{text}: tables can be read with SELECT; tables() and columns() tell what there is"
    return text


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
