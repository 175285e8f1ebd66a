"""Functions of texts in SQLite: as its own say, and never for longer than a text takes to read."""

from __future__ import annotations

import itertools
import sqlite3
import time
from pathlib import Path

import pytest

from codeact_adapters import sql
from codeact_adapters._data import sqlite_functions
from codeact_adapters._data.sql_errors import SqlError

pytest.importorskip("sqlalchemy")

VALUES = [None, 0, -3, 2**60, 1.0, 0.1, 1 / 3, 1e16, 1.5e300, -2.5e-7, float("inf"), "", "a", "aba", " ab ", "é😀é"]
VALUES += ["1.0", b"", b"ab", b" a ", b"\xc3\xa9"]


def test_they_say_what_those_of_sqlite_say() -> None:
    own, ours = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    sqlite_functions.bound(ours, 1_000_000)
    calls = {f"{name}(?)": 1 for name in ("trim", "ltrim", "rtrim")}
    calls |= {f"{name}(?, ?)": 2 for name in ("instr", "trim", "ltrim", "rtrim")} | {"replace(?, ?, ?)": 3}
    for call, count in calls.items():
        query = f"SELECT {call} AS value, typeof({call}) AS type"
        for values in itertools.product(VALUES, repeat=count):
            assert ours.execute(query, values * 2).fetchone() == own.execute(query, values * 2).fetchone(), call


@pytest.mark.parametrize(
    "call", ["instr(:a, :b)", "length(replace(:a, :b, ''))", "length(trim(:a, :b))", ":a LIKE :b", ":a GLOB :b"]
)
def test_no_call_of_two_long_texts_holds_its_thread(tmp_path: Path, call: str) -> None:
    sqlite3.connect(tmp_path / "some.db").execute("CREATE TABLE parts (name)").connection.close()
    many = "".join(chr(0x4E00 + number % 20_000) for number in range(200_000))
    first, second = (many[::-1], many) if "trim" in call else ("a" * 1_000_000, "a" * 40_000 + "b")
    started = time.process_time()
    with sql(f"sqlite:///{tmp_path / 'some.db'}", timeout_s=1.0) as box:
        query, bound = box.tools["query"].function, {"a": first, "b": second}
        if call.endswith(")"):
            query(f"SELECT {call} AS found", bound)
        else:
            with pytest.raises(SqlError, match="pattern too complex"):
                query(f"SELECT {call} AS found", bound)
    assert time.process_time() - started < 2.0


def test_a_text_that_would_be_too_long_is_not_made(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "some.db").execute("CREATE TABLE parts (name)").connection.close()
    with sql(f"sqlite:///{tmp_path / 'some.db'}", max_bytes=100_000) as box:
        query = box.tools["query"].function
        with pytest.raises(SqlError, match="string or blob too big"):
            query("SELECT replace(:a, 'a', :b) AS found", {"a": "a" * 50_000, "b": "b" * 50_000})
