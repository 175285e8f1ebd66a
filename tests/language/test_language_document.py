"""`docs/sandbox-language.md` says what the code does."""

from __future__ import annotations

import sys

import pytest
from document import DOCUMENT, written


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="the tables tell of Python 3.11; later ones offer more names"
)
def test_the_tables_are_those_of_the_code() -> None:
    text = DOCUMENT.read_text()
    assert text == written(text), "run python tests/language/document.py"
