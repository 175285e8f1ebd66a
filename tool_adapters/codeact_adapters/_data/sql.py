"""A SQL database as tools: its tables, queries with bound parameters and, where that is allowed, changes."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.errors import ToolError
from codeact.tools import Tool, Toolbox
from codeact.tools.wording import did_you_mean, listed
from codeact_adapters._data.dialects import Dialect, dialect_of
from codeact_adapters._data.sql_errors import SqlError as SqlError

if TYPE_CHECKING:
    import sqlalchemy

Value = None | bool | int | float | str | bytes
"""A cell, and what may be bound. Decimals come as floats, dates and times as text in ISO form, JSON as text."""

_LONGEST_SUMMARY = 3000  # characters of the tables in the prompt
_CHUNK = 100  # rows


@dataclass(frozen=True)
class Column:
    """A column of a table; `references` is "table.column" where it is a foreign key, else ""."""

    name: str
    type: str
    nullable: bool
    primary_key: bool
    references: str = ""


@dataclass(frozen=True)
class Table:
    """A table or view, with its columns."""

    name: str
    columns: list[Column]


def sql(
    url: str,
    *,
    name: str | None = None,
    write: bool = False,
    allow: Iterable[str] | None = None,
    max_rows: int = 1_000,
    max_bytes: int = 10_000_000,
    timeout_s: float = 10.0,
) -> Toolbox:
    """Make a toolbox of a SQL database.

    Programs see its tables and send statements with bound parameters. Without `write` nothing can be changed, whatever
    a statement says: SQLite opens the file read-only and refuses everything but reading; PostgreSQL and MySQL run each
    statement in a read-only transaction of its own, and should besides be given an account that may only read.

    Args:
        url: as SQLAlchemy takes it: `sqlite:///stock.db`, `postgresql+psycopg://user:password@host/base`,
            `mysql+pymysql://...`. No stub, error or answer shows the password.
        name: the name of the group: `name="stock"` gives `stock.query(...)`. None for no group.
        write: whether programs may also insert, update and delete, which has the effect `write`. In SQLite they may
            not change the tables themselves; elsewhere the account decides.
        allow: the tables and views that programs may use; None for all. Only SQLite can enforce it, elsewhere it is
            refused: give the account no right to the others.
        max_rows: the most rows that a query may give.
        max_bytes: the most bytes that a query may give, and the longest value in SQLite.
        timeout_s: the longest that a statement may take, in seconds.

    Raises:
        ToolError: the address cannot be used, the database cannot be reached, or an option is wrong.
    """
    for option, value in (("max_rows", max_rows), ("max_bytes", max_bytes), ("timeout_s", timeout_s)):
        if not value > 0:
            raise ToolError(f"{option} is {value}, and must be above 0")
    names = None if allow is None else {allow} if isinstance(allow, str) else set(allow)
    database = _Database(dialect_of(url, write, names, max_bytes, timeout_s), max_rows, max_bytes)
    try:
        known = database.names()
        for missing in sorted((names or set()) - set(known)):
            raise ToolError(f"allow names {missing!r}, which is no table here{did_you_mean(missing, known)}")
        tools: list[Tool[..., Any]] = [
            Tool(database.tables, effect="read", timeout_s=timeout_s + 5),
            Tool(database.query, effect="read", timeout_s=timeout_s + 5),
        ]
        if write:
            tools.append(Tool(database.execute, effect="write", timeout_s=timeout_s + 5))
        doc = f"A {database.kind} database{'' if write else ', to read'}.\n{database.summary()}"
        return Toolbox(tools, name=name or "", doc=doc if name else "", errors=[SqlError], closing=database.close)
    except BaseException:
        database.close()
        raise


class _Database:
    def __init__(self, dialect: Dialect, max_rows: int, max_bytes: int) -> None:
        self._dialect = dialect
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self.kind = dialect.kind

    def close(self) -> None:
        self._dialect.engine.dispose()

    def names(self) -> list[str]:
        """The names of the tables and views that programs may use.

        Raises:
            ToolError: the database cannot be read, or not reached.
        """
        try:
            return [table.name for table in self.tables()]
        except ConnectionError as error:
            raise ToolError(str(error)) from None

    def tables(self) -> list[Table]:
        """The tables and views, with their columns."""
        import sqlalchemy

        with self._dialect.describing() as connection:
            inspector = sqlalchemy.inspect(connection)
            names = sorted({*inspector.get_table_names(), *inspector.get_view_names()})
            return [_described(inspector, table) for table in names if self._dialect.shows(table)]

    def query(self, statement: str, parameters: dict[str, Value] | None = None) -> list[dict[str, Value]]:
        """Run one statement that reads, and return its rows as dicts by column.

        Write values into the statement as `:name` and pass them in `parameters`:
        query("SELECT * FROM parts WHERE bin = :bin", {"bin": 3}). Decimals come as floats; dates and times as text in
        ISO form. Raises SqlError where the database refuses it, TimeoutError where it takes too long, and ToolError
        where there are too many rows.
        """
        with self._dialect.reading(statement) as connection:
            result = connection.execute(_text(statement), _bound(statement, parameters))
            if not result.returns_rows:
                raise ToolError("the statement gives no rows; query is for statements that read")
            return self._rows(result)

    def execute(self, statement: str, parameters: dict[str, Value] | list[dict[str, Value]] | None = None) -> int:
        """Run one statement that changes rows, and return how many it changed. It is kept at once.

        Values are bound as in `query`; with a list of dicts the statement runs once for each, all or none. Errors as
        for `query`.
        """
        many = isinstance(parameters, list)
        if many and not parameters:
            return 0
        bound: Any = [_bound(statement, each) for each in parameters] if many else _bound(statement, parameters)  # type: ignore[union-attr,arg-type]
        with self._dialect.writing(statement) as connection:
            result = connection.execute(_text(statement), bound)
            return max(0, result.rowcount)

    def summary(self) -> str:
        """The tables in a line each, for the prompt."""
        lines: list[str] = []
        tables = self.tables()
        for table in tables:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            lines.append(f"{table.name}({columns})")
            if sum(map(len, lines)) > _LONGEST_SUMMARY:
                lines[-1] = f"... and {len(tables) - len(lines) + 1} more: see tables()"
                break
        return "\n".join(["Its tables:", *lines]) if lines else "It has no tables."

    def _rows(self, result: sqlalchemy.CursorResult[Any]) -> list[dict[str, Value]]:
        columns = list(result.keys())
        twice = {column for column in columns if columns.count(column) > 1}
        if twice:
            raise ToolError(f"two columns are called {listed(twice)}; name them apart with AS")
        rows: list[dict[str, Value]] = []
        size = 0
        while chunk := result.fetchmany(_CHUNK):
            for row in chunk:
                if len(rows) == self._max_rows:
                    raise ToolError(
                        f"there are more than {self._max_rows:,} rows; narrow the query, count or sum in SQL, or page "
                        "with LIMIT and OFFSET"
                    )
                values = {column: _crossing(value) for column, value in zip(columns, row, strict=True)}
                size += sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in values.values())
                if size > self._max_bytes:
                    raise ToolError(f"the rows have more than {self._max_bytes:,} bytes; ask for fewer or shorter ones")
                rows.append(values)
        return rows


def _described(inspector: sqlalchemy.Inspector, table: str) -> Table:
    keys = set(inspector.get_pk_constraint(table)["constrained_columns"])
    references = {
        column: f"{foreign['referred_table']}.{referred}"
        for foreign in inspector.get_foreign_keys(table)
        for column, referred in zip(foreign["constrained_columns"], foreign["referred_columns"], strict=False)
    }
    return Table(
        table,
        [
            Column(
                str(column["name"]),
                _type_name(column["type"]),
                bool(column.get("nullable", True)),
                column["name"] in keys,
                references.get(column["name"], ""),
            )
            for column in inspector.get_columns(table)
        ],
    )


def _type_name(kind: sqlalchemy.types.TypeEngine[Any]) -> str:
    text = str(kind)
    return "" if text == "NULL" else text


def _text(statement: str) -> sqlalchemy.TextClause:
    import sqlalchemy

    return sqlalchemy.text(statement)


def _bound(statement: str, parameters: Mapping[str, Value] | None) -> dict[str, Value]:
    """The values for the names in a statement.

    Raises:
        ToolError: one is missing.
    """
    given = dict(parameters or {})
    wanted = set(_text(statement)._bindparams)
    missing = wanted - set(given)
    if missing:
        raise ToolError(
            f"the statement has {listed(f':{m}' for m in missing)}, which parameters does not give (a colon that is "
            r"meant as text is written \:)"
        )
    unknown = set(given) - wanted
    if unknown:
        raise ToolError(f"parameters has {listed(unknown)}, which the statement does not name as :{min(unknown)}")
    return given


def _crossing(value: Any) -> Value:
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    return str(value) if isinstance(value, uuid.UUID) else repr(value)
