"""An SQLite file: what a statement may do is decided by SQLite's authorizer, while the statement is compiled.

See https://www.sqlite.org/c3ref/set_authorizer.html and https://www.sqlite.org/security.html.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from codeact.errors import ToolError
from codeact.tools.under_way import broken_off, is_given_up
from codeact_adapters._data import sqlite_functions
from codeact_adapters._data.sql_errors import explained

if TYPE_CHECKING:
    import sqlalchemy

_STEPS = 2_000  # of SQLite's machine, between two looks at the clock: about 0.1 ms
_LONGEST_STATEMENT = 100_000  # characters

_READS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_CHANGES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_ON_TABLES = _CHANGES | {sqlite3.SQLITE_READ}
_FUNCTIONS_OUT = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})
_TABLE_FUNCTIONS = frozenset({"json_each", "json_tree"})
_DESCRIBING = frozenset(
    {"table_info", "table_xinfo", "foreign_key_list", "index_list", "index_info", "index_xinfo", "table_list"}
)


class SqliteFile:
    """A database in a file."""

    kind = "SQLite"

    def __init__(self, path: Path, write: bool, allow: set[str] | None, max_bytes: int, timeout_s: float) -> None:
        import sqlalchemy

        if not path.is_file():
            where = "" if path.is_absolute() else f" in {Path.cwd()}"
            raise ToolError(f"there is no database {str(path)!r}{where}")
        self._write = write
        self._allow = allow
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._uri = f"file:{quote(str(path.absolute()))}?mode={'rw' if write else 'ro'}"
        self.engine = sqlalchemy.create_engine("sqlite://", creator=self._connect, poolclass=sqlalchemy.pool.QueuePool)

    def shows(self, table: str) -> bool:
        return self._allow is None or table in self._allow

    @contextlib.contextmanager
    def describing(self) -> Iterator[sqlalchemy.Connection]:
        with explained(self._timeout_s), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self, statement: str) -> Iterator[sqlalchemy.Connection]:
        with (
            explained(self._timeout_s),
            self.engine.connect() as connection,
            self._limited(connection, statement, _READS),
        ):
            yield connection

    @contextlib.contextmanager
    def writing(self, statement: str) -> Iterator[sqlalchemy.Connection]:
        with explained(self._timeout_s), self.engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            with self._limited(connection, statement, _READS | _CHANGES):
                yield connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._uri,
            uri=True,
            check_same_thread=False,
            timeout=self._timeout_s,
            cached_statements=0,
            isolation_level=None,  # transactions begin where this file says so
        )
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, self._max_bytes)
        connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _LONGEST_STATEMENT)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        sqlite_functions.bound(connection, self._max_bytes)
        # Their first use declares them, which looks like a change of the schema.
        connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").fetchall()
        connection.execute("PRAGMA trusted_schema = OFF")  # the file may come from somebody else
        if self._write:
            connection.execute("PRAGMA foreign_keys = ON")
        return connection

    @contextlib.contextmanager
    def _limited(self, connection: sqlalchemy.Connection, statement: str, actions: frozenset[int]) -> Iterator[None]:
        raw: Any = connection.connection.driver_connection
        deadline = time.monotonic() + self._timeout_s
        raw.set_authorizer(_authorizer(raw, statement, actions, self._allow))
        raw.set_progress_handler(lambda: time.monotonic() > deadline or is_given_up(), _STEPS)
        try:
            with broken_off(raw.interrupt):
                yield
        finally:
            raw.set_authorizer(None)
            raw.set_progress_handler(None, 0)


def _authorizer(
    connection: sqlite3.Connection, statement: str, actions: frozenset[int], allow: set[str] | None
) -> Callable[..., int]:
    """What SQLite asks for each thing that a statement would do: an action with two names, the database, and the view,
    trigger or common table expression that it is done within."""
    tables: Collection[str] = ()
    through: Collection[str] = ()
    if allow is not None:
        schema = connection.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()
        tables = {name for kind, name, _ in schema if kind in ("table", "view")}
        # What a view that may be used reads, it may read. A statement could give that name to an expression of its own.
        if re.search(r"\bwith\b", statement, re.IGNORECASE) is None:
            through = {name for kind, name, table in schema if kind in ("view", "trigger") and table in allow}

    def table_allowed(name: str | None, database: str | None, within: str | None) -> bool:
        if allow is None or not name or name in allow or name in _TABLE_FUNCTIONS:
            return True
        if name in tables or name.startswith("sqlite_"):
            return within in through and not name.startswith("sqlite_")
        return database is None  # a common table expression

    def authorizer(action: int, first: str | None, second: str | None, database: str | None, within: str | None) -> int:
        if action == sqlite3.SQLITE_PRAGMA:
            allowed = allow is None and first in _DESCRIBING and second is not None
        elif action == sqlite3.SQLITE_FUNCTION:
            allowed = (second or "").lower() not in _FUNCTIONS_OUT
        elif action in _CHANGES and (first or "").startswith("sqlite_"):
            allowed = False
        else:
            allowed = action in actions and (action not in _ON_TABLES or table_allowed(first, database, within))
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    return authorizer
