"""A server's schemas that refer to each other without end are read in a moment."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("mcp")

from codeact_adapters._mcp.schemas import Schemas


def test_a_long_circle_of_definitions_is_read_in_a_moment() -> None:
    count = 3_000
    circle = {
        f"d{number}": {"type": "object", "properties": {"next": {"$ref": f"#/$defs/d{(number + 1) % count}"}}}
        for number in range(count)
    }
    started = time.process_time()
    read = Schemas().add("go", {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": circle})
    assert time.process_time() - started < 5.0
    assert read["properties"]["a"] == {"$ref": "#/definitions/d0"}
