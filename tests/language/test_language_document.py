"""`docs/sandbox-language.md` says what the code does."""

from __future__ import annotations

from document import DOCUMENT, written


def test_the_tables_are_those_of_the_code() -> None:
    text = DOCUMENT.read_text()
    assert text == written(text), "run python tests/language/document.py"
