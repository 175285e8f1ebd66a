"""A SQL database as tools: what programs read, what they may not do, and what they are told."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from codeact import Sandbox, Toolbox
from codeact.errors import ToolError
from codeact_adapters import sql


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stock.db"
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE bins (id INTEGER PRIMARY KEY, place TEXT);
            CREATE TABLE parts (
                name TEXT NOT NULL, bin INTEGER REFERENCES bins (id), weight REAL, price DECIMAL(8, 2), added DATE
            );
            CREATE TABLE staff (name TEXT, salary INTEGER);
            CREATE VIEW names AS SELECT name FROM staff;
            INSERT INTO bins VALUES (1, 'left'), (3, 'right');
            INSERT INTO parts VALUES ('bolt', 1, 0.02, 0.1, '2026-01-02'), ('gear', 3, 0.4, 7.25, NULL);
            INSERT INTO staff VALUES ('Ada', 1000000);
            """
        )
    database.close()
    return path


@pytest.fixture
def sandbox(file: Path) -> Iterator[Sandbox]:
    with sql(f"sqlite:///{file}", name="stock", timeout_s=1.0, max_rows=50) as box, Sandbox(box) as sandbox:
        yield sandbox


def told(sandbox: Sandbox, program: str) -> str:
    result = sandbox.run(program)
    assert result.error is not None, result.value
    return f"{result.error.type}: {result.error.message}"


def test_rows_are_dicts_by_column_and_values_are_bound(sandbox: Sandbox) -> None:
    result = sandbox.run(
        """
rows = stock.query("SELECT * FROM parts WHERE name = :name", {"name": "gear'; DROP TABLE parts; --"})
heavy = "SELECT parts.name, place FROM parts JOIN bins ON bins.id = bin WHERE weight > :least"
rows + stock.query(heavy, {"least": 0.1})
"""
    )
    assert result.value == [{"name": "gear", "place": "right"}]


def test_tables_say_types_keys_and_references(sandbox: Sandbox) -> None:
    result = sandbox.run("[(t.name, [(c.name, c.type, c.references) for c in t.columns]) for t in stock.tables()][2]")
    assert result.value == (
        "parts",
        [
            ("name", "TEXT", ""),
            ("bin", "INTEGER", "bins.id"),
            ("weight", "REAL", ""),
            ("price", "DECIMAL(8, 2)", ""),
            ("added", "DATE", ""),
        ],
    )


def test_the_prompt_shows_the_tables(file: Path) -> None:
    with sql(f"sqlite:///{file}", name="stock") as box:
        assert "bins(id INTEGER, place TEXT)" in box.stubs()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM parts",
        "INSERT INTO parts (name) VALUES ('x') RETURNING name",
        "DROP TABLE parts",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA journal_mode = delete",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO '/tmp/copy.db'",
        "SELECT load_extension('/tmp/evil.so')",
        "BEGIN IMMEDIATE",
    ],
)
def test_a_statement_that_does_not_read_is_refused(sandbox: Sandbox, file: Path, statement: str) -> None:
    before = file.read_bytes()
    assert told(sandbox, f"stock.query({statement!r})").startswith("Refused: the statement is not allowed here")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("stock.query('SELEC 1')", 'SqlError: near "SELEC": syntax error'),
        ("stock.query('SELECT * FROM missing')", "SqlError: no such table: missing"),
        ("stock.query('SELECT 1; DROP TABLE parts')", "SqlError: You can only execute one statement at a time."),
        ("stock.query('SELECT :low')", "ToolError: the statement has :low, which parameters does not give"),
        ("stock.query('SELECT 1', {'a': 2})", "ToolError: parameters has a, which the statement does not name as :a"),
        ("stock.query('SELECT name, name FROM parts')", "ToolError: two columns are called name; name them apart"),
        ("stock.query('SELECT zeroblob(1000000000)')", "SqlError: string or blob too big"),
        ("stock.query('SELECT 1 FROM json_each(:l)', {'l': str([1] * 51)})", "ToolError: there are more than 50 rows"),
    ],
)
def test_what_is_wrong_is_said(sandbox: Sandbox, program: str, message: str) -> None:
    assert told(sandbox, program).startswith(message)


def test_an_endless_statement_is_ended(sandbox: Sandbox) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    begin = time.monotonic()
    assert told(sandbox, f"stock.query({endless!r})") == (
        "TimeoutError: the statement took longer than 1 s and was ended"
    )
    assert time.monotonic() - begin < 30.0
    assert sandbox.run("stock.query('SELECT count(*) AS n FROM parts')").value == [{"n": 2}]


def test_only_the_tables_that_are_allowed_are_reached(file: Path) -> None:
    with sql(f"sqlite:///{file}", allow=["parts", "names"]) as box, Sandbox(box) as sandbox:
        assert sandbox.run("[table.name for table in tables()]").value == ["names", "parts"]
        assert sandbox.run("query('SELECT * FROM names')").value == [{"name": "Ada"}]  # a view, with what it reads
        assert sandbox.run("query('WITH p AS (SELECT name FROM parts) SELECT count(*) n FROM p')").value == [{"n": 2}]
        for statement in (
            "SELECT salary FROM staff",
            "SELECT count(*) FROM staff",
            "SELECT (SELECT salary FROM staff) FROM parts",
            "WITH names AS (SELECT salary FROM staff) SELECT * FROM names",
            "WITH names AS (SELECT salary FROM staff) SELECT * FROM names, main.names",
            "SELECT sql FROM sqlite_master",
            "SELECT * FROM pragma_table_info('staff')",
            "SELECT * FROM dbstat",
        ):
            assert told(sandbox, f"query({statement!r})").startswith(("Refused", "SqlError: ")), statement


def test_changes_are_kept_whole_or_not_at_all(file: Path) -> None:
    with sql(f"sqlite:///{file}", write=True) as box, Sandbox(box) as sandbox:
        assert box.tools["execute"].effect == "write"
        add = "execute('INSERT INTO bins VALUES (:id, :place)', {!r})"
        assert sandbox.run(add.format([{"id": 5, "place": "a"}, {"id": 6, "place": "b"}])).value == 2
        assert told(sandbox, add.format([{"id": 7, "place": "c"}, {"id": 5, "place": "d"}])).startswith(
            "SqlError: UNIQUE constraint failed"
        )
        assert told(sandbox, "execute('INSERT INTO parts (name, bin) VALUES (:n, 99)', {'n': 'x'})").startswith(
            "SqlError: FOREIGN KEY constraint failed"
        )
        assert sandbox.run("execute('UPDATE parts SET weight = 1')").value == 2
        for statement in ("DROP TABLE parts", "CREATE TABLE t (x)", "PRAGMA writable_schema = 1", "COMMIT"):
            assert told(sandbox, f"execute({statement!r})").startswith("Refused"), statement
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*), max(id) FROM bins").fetchone() == (4, 6)
    database.close()


def test_a_locked_database_is_said_to_be_locked(file: Path) -> None:
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ToolError, match="database is locked"):
            sql(f"sqlite:///{file}", timeout_s=0.2)
        other.execute("ROLLBACK")
        with sql(f"sqlite:///{file}", timeout_s=0.2, write=True) as box, Sandbox(box) as sandbox:
            other.execute("BEGIN EXCLUSIVE")
            assert "database is locked" in told(sandbox, "execute('DELETE FROM parts')")
            other.execute("ROLLBACK")
            assert sandbox.run("execute('DELETE FROM parts')").value == 2
    other.close()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, though it is as long as the header of one " * 9)
    with pytest.raises(ToolError, match="file is not a database"):
        sql(f"sqlite:///{tmp_path / 'text.db'}")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("stock.db", "the address of the database is none"),
        ("sqlite://", "in memory"),
        ("sqlite:////nowhere/stock.db", "there is no database '/nowhere/stock.db'"),
        ("sqlite:///stock.db", f"there is no database 'stock.db' in {Path.cwd()}"),
        ("oracle://scott:tiger@host/base", "kind 'oracle'"),
    ],
)
def test_an_address_that_cannot_be_used_is_said(url: str, message: str) -> None:
    with pytest.raises(ToolError, match=message) as raised:
        sql(url)
    assert "tiger" not in str(raised.value)


def test_a_table_that_is_not_there_cannot_be_allowed(file: Path) -> None:
    with pytest.raises(ToolError, match="allow names 'part', which is no table here"):
        sql(f"sqlite:///{file}", allow=["part"])


def test_several_threads_may_ask_at_once(file: Path) -> None:
    with sql(f"sqlite:///{file}") as box:
        answers: list[object] = []

        def ask() -> None:
            answers.append(
                box.tools["query"].invoke({"statement": "SELECT count(*) AS n FROM parts", "parameters": None})
            )

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [[{"n": 2}]] * 8


def test_after_close_nothing_is_read(file: Path) -> None:
    box: Toolbox = sql(f"sqlite:///{file}")
    with Sandbox(box) as sandbox:
        box.close()
        assert "closed" in told(sandbox, "query('SELECT 1')")
