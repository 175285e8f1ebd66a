"""Secrets are found however a service or an error writes them."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

from codeact_adapters._http.auth import basic, bearer, hidden, hidden_bytes
from codeact_adapters.secrets import Secrets
from codeact_adapters.spellings import spelled, spelled_bytes

SECRET = 'ab/c+d"e\\f g=é😀'


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),  # as PHP does
        "".join(f"\\u{ord(c):04X}" for c in SECRET[:-1]) + "\\uD83D\\uDE00",
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
    ],
)
def test_a_secret_is_found_in_each_spelling(written: str) -> None:
    assert spelled(SECRET).sub("[it]", f"<{written}>") == "<[it]>"
    assert spelled_bytes(SECRET).sub(b"[it]", f"<{written}>".encode()) == b"<[it]>"


def test_what_is_another_text_is_left() -> None:
    assert not spelled("a.b+c/d").search("axb+c/d a.bbc/d A.b+c/d")


def test_an_answer_of_escaped_json_does_not_give_the_token_to_a_program() -> None:
    token = "abc/defg/1234"
    answer = json.dumps({"sent": token}).replace("/", "\\/").encode()
    assert json.loads(answer)["sent"] == token
    assert json.loads(hidden_bytes(answer, bearer(token))) == {"sent": "[token]"}


def test_nothing_is_left_of_a_secret_that_begins_as_another_one() -> None:
    secrets = Secrets({"SHORT": "abcdef", "LONG": "abcdef-and-more"})
    secrets.filled_in("${SHORT} ${LONG}")
    assert secrets.hidden(["abcdef-and-more", b"abcdef"]) == ["[LONG]", b"[SHORT]"]
    user = basic("user", "dXNlcj")  # which the encoded pair begins with
    (pair,) = [secret for secret in user.secrets() if secret != "dXNlcj"]
    assert hidden(f"Basic {pair}", user) == "Basic [token]"
