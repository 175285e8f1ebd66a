"""How each kind of database is held to reading, to one statement, and to its limits."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codeact.errors import ToolError
from codeact.tools.under_way import broken_off
from codeact_adapters._data.sql_errors import explained
from codeact_adapters._data.sqlite import SqliteFile

if TYPE_CHECKING:
    import sqlalchemy


class Dialect(Protocol):
    """A database, reached in its own way."""

    kind: str
    engine: sqlalchemy.Engine

    def describing(self) -> contextlib.AbstractContextManager[sqlalchemy.Connection]:
        """A connection for what this package itself asks of the tables. Errors as for `reading`."""

    def reading(self, statement: str) -> contextlib.AbstractContextManager[sqlalchemy.Connection]:
        """A connection on which nothing can be changed.

        Raises:
            SqlError: the database refuses what is done with it.
            TimeoutError: that takes too long.
        """

    def writing(self, statement: str) -> contextlib.AbstractContextManager[sqlalchemy.Connection]:
        """A connection whose changes are kept at the end, unless an error ends it. Errors as for `reading`."""

    def shows(self, table: str) -> bool:
        """Whether programs may use a table."""


def dialect_of(url: str, write: bool, allow: set[str] | None, max_bytes: int, timeout_s: float) -> Dialect:
    """The dialect of an address.

    Raises:
        ToolError: the address is none, or of a kind that cannot be held to reading.
    """
    try:
        import sqlalchemy
    except ModuleNotFoundError:
        raise ToolError("SQL needs SQLAlchemy: pip install 'codeact[sql]'") from None
    try:
        parsed = sqlalchemy.make_url(url)
        kind = parsed.get_backend_name()
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise ToolError("the address of the database is none; write one such as sqlite:///stock.db") from None
    if kind == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ToolError("a database in memory would be empty; give a file, such as sqlite:///stock.db")
        return SqliteFile(Path(parsed.database), write, allow, max_bytes, timeout_s)
    if kind not in _SERVERS:
        raise ToolError(f"the database is of the kind {kind!r}; known are sqlite, {', '.join(_SERVERS)}")
    if allow is not None:
        raise ToolError(f"allow cannot be enforced in {kind}; give an account that may use these tables only")
    return Server(parsed, timeout_s)


class Server:
    """PostgreSQL or MySQL: each statement in a transaction of its own, which the server holds to reading."""

    def __init__(self, url: sqlalchemy.URL, timeout_s: float) -> None:
        import sqlalchemy

        self.kind, options, self._begin, self._kill = _SERVERS[url.get_backend_name()]
        self._timeout_s = timeout_s
        try:
            arguments = {**options.get(url.get_driver_name(), {}), "connect_timeout": max(1, round(timeout_s))}
            self.engine = sqlalchemy.create_engine(url, connect_args=arguments, pool_pre_ping=True)
        except ModuleNotFoundError as error:
            raise ToolError(f"{url.drivername} needs the package {error.name}") from None

    def shows(self, table: str) -> bool:
        return True

    def describing(self) -> contextlib.AbstractContextManager[sqlalchemy.Connection]:
        return self.reading("")

    @contextlib.contextmanager
    def reading(self, statement: str) -> Iterator[sqlalchemy.Connection]:
        with (
            explained(self._timeout_s),
            self.engine.connect() as connection,
            self._broken_off(connection),
        ):
            self._start(connection, "READ ONLY")
            yield connection

    @contextlib.contextmanager
    def writing(self, statement: str) -> Iterator[sqlalchemy.Connection]:
        with explained(self._timeout_s), self.engine.connect() as connection:
            with self._broken_off(connection):
                self._start(connection, "READ WRITE")
                yield connection
            connection.commit()

    def _broken_off(self, connection: sqlalchemy.Connection) -> broken_off:
        """Ends a statement for which nobody waits any more, here and at the server."""
        driver: Any = connection.connection.driver_connection

        def end() -> None:
            number = driver.info.backend_pid if hasattr(driver, "info") else driver.thread_id()
            threading.Thread(target=self._end, args=(number,), name="codeact-sql-end", daemon=True).start()
            descriptor = driver.fileno() if hasattr(driver, "fileno") else driver._sock.fileno()  # PyMySQL has no other
            with socket.socket(fileno=os.dup(descriptor)) as shared:
                shared.shutdown(socket.SHUT_RDWR)

        return broken_off(end)

    def _end(self, number: int) -> None:
        """Tell the server, which would hear of it only when it has an answer."""
        with contextlib.suppress(Exception), self.engine.connect() as connection:
            connection.detach()
            connection.exec_driver_sql(self._kill.format(number=number))

    def _start(self, connection: sqlalchemy.Connection, mode: str) -> None:
        for command in _MARIADB if getattr(connection.dialect, "is_mariadb", False) else self._begin:
            connection.exec_driver_sql(command.format(mode=mode, milliseconds=round(self._timeout_s * 1000)))


# What keeps a driver to one statement: psycopg prepares it, which takes one alone; PyMySQL does so by default.
_SERVERS: dict[str, tuple[str, dict[str, dict[str, Any]], tuple[str, ...], str]] = {
    "postgresql": (
        "PostgreSQL",
        {"psycopg": {"prepare_threshold": 0}},
        ("SET TRANSACTION {mode}", "SET LOCAL statement_timeout = {milliseconds}"),
        "SELECT pg_terminate_backend({number})",
    ),
    "mysql": (
        "MySQL",
        {},
        ("SET SESSION max_execution_time = {milliseconds}", "START TRANSACTION {mode}"),
        "KILL {number}",
    ),
}
_MARIADB = ("SET SESSION max_statement_time = {milliseconds} / 1000", "START TRANSACTION {mode}")
