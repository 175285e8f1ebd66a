"""Training data from several files."""

from __future__ import annotations

from typing import Any

from codeact.collecting.mixing import mix


def told(text: str) -> dict[str, Any]:
    return {
        "version": 1,
        "number": 0,
        "task": "T",
        "calls": [],
        "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "yes", "learn": True}],
    }


def test_shares_without_duplicates_in_an_order_that_the_seed_gives() -> None:
    one, other = [told(f"a{number}") for number in range(400)], [told(f"b{number}") for number in range(400)]
    files = [("one", 1.0, one), ("other", 0.25, [*other, *one[:10], told("a secret")])]
    taken, count = mix(files, seed=3, without=["secret"])
    assert count["one"] == 400
    assert 60 < count["other"] < 140
    assert count["duplicates"] == 10
    assert count["with a text that is kept out"] == 1
    assert len(taken) == count["one"] + count["other"]
    assert taken == mix(files, seed=3, without=["secret"])[0]
    assert [each["messages"][0]["content"] for each in taken[:400]] != [each["messages"][0]["content"] for each in one]
    assert set(taken[0]) == {"version", "task", "messages"}
