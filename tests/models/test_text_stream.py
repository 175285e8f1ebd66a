"""Whole characters only, and never a part of a stop string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.models.text_stream import Detokenizer, StopStrings


@given(st.text(max_size=40))
def test_bytes_become_the_same_text(text: str) -> None:
    stream = Detokenizer(lambda tokens: bytes(tokens).decode("utf-8", "replace"))
    pieces = [stream.add(byte) for byte in text.encode()]
    assert "".join([*pieces, stream.finish()]) == text
    assert all("\N{REPLACEMENT CHARACTER}" not in piece or "\N{REPLACEMENT CHARACTER}" in text for piece in pieces)


def test_an_unfinished_character_is_shown_as_such_at_the_end() -> None:
    stream = Detokenizer(lambda tokens: bytes(tokens).decode("utf-8", "replace"))
    assert [stream.add(byte) for byte in "aü".encode()[:2]] == ["a", ""]
    assert stream.finish() == "\N{REPLACEMENT CHARACTER}"


@given(st.text(alphabet="ab<>/", max_size=30), st.lists(st.integers(1, 4), max_size=30))
def test_text_ends_before_the_first_stop_string_however_it_is_cut_up(text: str, sizes: list[int]) -> None:
    stops = ("</a>", "ab<", ">>")
    stream = StopStrings(stops)
    told, place = "", 0
    for size in [*sizes, len(text)]:
        told += stream.add(text[place : place + size])
        place += size
        if stream.found:
            break
    told += stream.finish()
    ends = [place for stop in stops if (place := text.find(stop)) >= 0]
    if ends:
        assert stream.found is not None
        assert not any(stop in told for stop in stops)
        assert text.startswith(told)
    else:
        assert told == text


@pytest.mark.parametrize(("pieces", "told"), [(["x</exe", "cute>y"], "x"), (["x</exe", "cx"], "x</execx")])
def test_what_may_become_a_stop_string_is_held_back(pieces: list[str], told: str) -> None:
    stream = StopStrings(["</execute>"])
    assert stream.add(pieces[0]) == "x"
    assert "x" + stream.add(pieces[1]) + stream.finish() == told
