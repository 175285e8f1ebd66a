"""Tables and SQL: databases in real files, whose tables and columns have to be found out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.answers import Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question, ReadingService
from codeact_envs.tool_use.sql_database import Column, QueryError, ReadOnlyDatabase, Table, Value

REGIONS = Vocabulary(
    seen=("alpine", "baltic", "coastal", "desert", "forest", "harbour", "island", "lakeside"),
    unseen=("meadow", "northern", "prairie", "river", "steppe"),
)
TOWNS = Vocabulary(
    seen=("Arlen", "Brook", "Corby", "Dunmore", "Elgin", "Farley", "Glenrow", "Hexton"),
    unseen=("Ilford", "Jarrow", "Kelso", "Lorne", "Melrose"),
)
SENSORS = Vocabulary(seen=("north pier", "old mill", "quarry", "ridge", "weir"), unseen=("boathouse", "chapel", "dam"))

WHERE = "the town in which the customer lives"
KEY, LINK = "the customer's number", "number of the customer who ordered"
STATE = "'paid', or 'refunded': then nothing was paid in the end"
EUROS, CENTS = "what the order cost, in euros", "what the order cost, in cents"

Archive = Mapping[str, Mapping[str, Table]]


class UnknownDatabase(LookupError):
    """There is no database of this name."""


class UnknownTable(LookupError):
    """The database has no table of this name."""


class SqlService(ReadingService):
    """Databases in a folder of their own; a file is written when its database is first asked."""

    def __init__(self) -> None:
        names = ["databases", "tables", "columns", "count_rows", "query"]
        self.toolbox = Toolbox.of(self, allow=names, errors=[UnknownDatabase, UnknownTable, QueryError])
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._open: dict[str, ReadOnlyDatabase] = {}
        self._archive: Archive = {}

    def load(self, data: Archive) -> None:
        self.close()
        self._archive = data

    def shown(self) -> str:
        return f"An archive of {len(self._archive)} SQLite databases."

    def close(self) -> None:
        for each in self._open.values():
            each.close()
        self._open = {}
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @tool(effect="read")
    def databases(self) -> list[str]:
        """List the names of all databases."""
        return list(self._archive)

    @tool(effect="read")
    def tables(self, database: str) -> list[str]:
        """List the names of a database's tables.

        Raises UnknownDatabase.
        """
        return list(self._tables(database))

    @tool(effect="read")
    def columns(self, database: str, table: str) -> list[Column]:
        """List the columns of a table, with a note on what each holds.

        Raises UnknownDatabase or UnknownTable.
        """
        return list(self._table(database, table).columns)

    @tool(effect="read")
    def count_rows(self, database: str, table: str) -> int:
        """How many rows a table has.

        Raises UnknownDatabase or UnknownTable.
        """
        return len(self._table(database, table).rows)

    @tool(effect="read")
    def query(self, database: str, sql: str, parameters: list[Value] | None = None) -> list[dict[str, Value]]:
        """Run one SELECT statement of SQLite in a database, with values for its question marks.

        Gives at most 50 rows, each a dict from column to value; LIMIT and OFFSET give others. No statement reaches more
        than one database.
        Raises UnknownDatabase; QueryError when the statement cannot be run, takes too long, or changes something.
        """
        tables = self._tables(database)
        if database not in self._open:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="codeact-sql-")
            path = Path(self._folder.name).resolve() / f"{len(self._open)}.db"
            self._open[database] = ReadOnlyDatabase(path, tables)
        return self._open[database].query(sql, parameters or ())

    def _tables(self, database: str) -> Mapping[str, Table]:
        if database not in self._archive:
            raise UnknownDatabase(f"there is no database {database!r}; there are {', '.join(self._archive)}")
        return self._archive[database]

    def _table(self, database: str, table: str) -> Table:
        tables = self._tables(database)
        if table not in tables:
            raise UnknownTable(f"{database!r} has no table {table!r}; it has {', '.join(tables)}")
        return tables[table]


# Data and solvers


def _rainfall(draw: Draw) -> Case:
    database, sensor = draw.word(REGIONS), draw.word(SENSORS)
    table, depth = f"rain_{draw.between(1990, 2029)}", draw.choice(("depth", "rain", "height", "level"))
    sensors = draw.words(SENSORS)
    rows = tuple((draw.choice(sensors) if at else sensor, at + 1, draw.between(1, 400)) for at in range(25))
    columns = (
        Column(draw.choice(("sensor", "station", "site")), "TEXT", "name of the sensor"),
        Column("day", "INTEGER", "day of the year"),
        Column(depth, "INTEGER", "rain of that day, in tenths of a millimetre"),
    )
    right = sum(tenths for name, _, tenths in rows if name == sensor) / 10
    data = {database: {table: Table(columns, rows)}}
    return Case(data, {"database": database, "table": table, "sensor": sensor}, right)


def _shop(draw: Draw, towns: tuple[str, ...], town: str) -> tuple[dict[str, Table], float]:
    """A database of customers and their orders, and what customers from `town` paid in euros."""
    year = draw.between(1990, 2029)
    homes = [town, *(draw.choice(towns) for _ in range(9))]
    numbers = draw.sample(range(100, 999), len(homes))
    in_cents = draw.chance(50)
    orders: list[tuple[Value, ...]] = []
    paid = 0  # cents
    for at in range(draw.between(25, 45)):
        who = 0 if at < 2 else draw.between(0, len(homes) - 1)
        state = "refunded" if at == 0 or (at > 1 and draw.chance(25)) else "paid"  # one of each is of `town`
        cents = draw.between(500, 90_000)
        orders.append((1000 + at, numbers[who], cents if in_cents else cents / 100, state))
        paid += cents if state == "paid" and homes[who] == town else 0
    customers = tuple(zip(numbers, homes, strict=True))
    number = draw.choice(("id", "number", "customer_no"))
    people = Table(
        (
            Column(number, "INTEGER", KEY),
            Column(draw.choice(("town", "city", "place", "residence")), "TEXT", WHERE),
        ),
        tuple(draw.shuffled(customers)),
    )
    buying = Table(
        (
            Column("order_no", "INTEGER", "number of the order"),
            Column(draw.choice(("customer", "buyer", "ordered_by")), "INTEGER", LINK),
            Column(
                draw.choice(("amount", "total", "price")),
                "INTEGER" if in_cents else "REAL",
                CENTS if in_cents else EUROS,
            ),
            Column(draw.choice(("state", "status", "outcome")), "TEXT", STATE),
        ),
        tuple(draw.shuffled(orders)),
    )
    named = [
        (f"{draw.choice(('people', 'clients', 'customers'))}_{year}", people),
        (f"{draw.choice(('orders', 'sales', 'purchases'))}_{year}", buying),
    ]
    return dict(draw.shuffled(named)), paid / 100


def _paid_in_one(draw: Draw) -> Case:
    town, database = draw.word(TOWNS), draw.word(REGIONS)
    tables, paid = _shop(draw, draw.words(TOWNS), town)
    return Case({database: tables}, {"database": database, "town": town}, paid)


def _paid_in_each(draw: Draw) -> Case:
    town = draw.word(TOWNS)
    data, right = {}, {}
    for database in draw.sample(draw.words(REGIONS), draw.between(3, 4)):
        data[database], right[database] = _shop(draw, draw.words(TOWNS), town)
    return Case(data, {"town": town}, right)


_PAID = """
def paid(database):
    found = {}
    for table in tables(database):
        for column in columns(database, table):
            found[column.note] = (table, column.name)
    people, place = found["the town in which the customer lives"]
    number = found["the customer's number"][1]
    in_cents = "what the order cost, in cents" in found
    orders, amount = found["what the order cost, in cents" if in_cents else "what the order cost, in euros"]
    buyer = found["number of the customer who ordered"][1]
    state = found["'paid', or 'refunded': then nothing was paid in the end"][1]
    sql = (
        f"SELECT SUM({amount}) AS paid FROM {orders} JOIN {people} ON {orders}.{buyer} = {people}.{number} "
        f"WHERE {place} = ? AND {state} = 'paid'"
    )
    (row,) = query(database, sql, [town])
    return row["paid"] / (100 if in_cents else 1)
"""
_PAID_OR_NOT = _PAID.replace(" AND {state} = 'paid'", "")
_RAIN = """
sensor_column, depth = [column.name for column in columns(database, table) if column.name != "day"]
(row,) = query(database, f"SELECT SUM({depth}) AS rain FROM {table} WHERE {sensor_column} = ?", [sensor])
"""

GENERATOR = Generator(
    name="sql",
    title="Tables and SQL",
    open=SqlService,
    vocabularies={"regions": REGIONS, "towns": TOWNS, "sensors": SENSORS},
    grades={
        1: (
            Question(
                name="rainfall",
                pose=_rainfall,
                templates=(
                    "How much rain, in millimetres, did {sensor} measure in {table} of the database {database}?",
                    "Add up the rain at {sensor} over all days of table {table} (database {database}), in millimetres.",
                    "In the database {database}, table {table}: how many millimetres fell at {sensor} in all?",
                    "Give the total rainfall at the sensor {sensor} in mm, from {table} in the database {database}.",
                    "Sum the rain at {sensor} in table {table} of the database {database}, and give it in millimetres.",
                ),
                form="Call finish() with a number.",
                oracle=_RAIN + 'finish(row["rain"] / 10)',
                opposite=_RAIN + 'finish(row["rain"])',
                tolerance=Tolerance(absolute=0.05),
            ),
        ),
        2: (
            Question(
                name="paid_in_one",
                pose=_paid_in_one,
                templates=(
                    "How much did customers from {town} pay, according to the database {database}, in euros?",
                    "In the database {database}: what is the sum, in euros, that buyers living in {town} paid?",
                    "Find in {database} all that people from {town} have paid for their orders. Answer in euros.",
                    "What came in from customers in {town}? Use the database {database} and give euros.",
                    "The database {database} has orders and customers. How many euros did those from {town} pay?",
                ),
                form="What was refunded was not paid. Call finish() with a number.",
                oracle=_PAID + "finish(paid(database))",
                opposite=_PAID_OR_NOT + "finish(paid(database))",
                tolerance=Tolerance(absolute=0.01),
            ),
        ),
        3: (
            Question(
                name="paid_in_each",
                pose=_paid_in_each,
                templates=(
                    "In each database, how many euros did customers from {town} pay?",
                    "For all databases of the archive: what did people living in {town} pay, in euros?",
                    "Go through every database and add up, in euros, what buyers from {town} paid.",
                    "Customers from {town} appear in all databases. What did they pay in each of them, in euros?",
                    "Compare the databases: how many euros came from customers in {town}, one by one?",
                ),
                form="What was refunded was not paid. Call finish() with a dict from the database's name to euros.",
                oracle=_PAID + "finish({database: paid(database) for database in databases()})",
                opposite=_PAID_OR_NOT + "finish({database: paid(database) for database in databases()})",
                tolerance=Tolerance(absolute=0.01),
            ),
        ),
    },
)
