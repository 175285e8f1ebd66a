"""Web pages as text, and what programs see of pages that are hard to bear."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator

import pytest
from shop_site import Served

pytest.importorskip("trafilatura")

from codeact import Sandbox
from codeact.errors import ToolError
from codeact_adapters import web
from codeact_adapters._data.hosts import Hosts
from codeact_adapters._data.web import _read_html


@pytest.fixture(scope="module")
def site() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


@pytest.fixture(scope="module")
def sandbox(site: Served) -> Iterator[Sandbox]:
    with (
        web([site.host], name="web", timeout_s=20.0, max_bytes=200_000, max_chars=1_000) as box,
        Sandbox(box) as sandbox,
    ):
        yield sandbox


def told(sandbox: Sandbox, url: str) -> str:
    result = sandbox.run(f"web.fetch({url!r})")
    assert result.error is not None, result.value
    return f"{result.error.type}: {result.error.message}"


def test_a_page_is_its_title_text_and_links(sandbox: Sandbox, site: Served) -> None:
    result = sandbox.run(
        f"page = web.fetch('{site.base}/home'); (page.url, page.title, page.text, page.links, page.more)"
    )
    url, title, text, links, more = result.value
    assert (url, title, more) == (f"{site.base}/", "The Shop", 0)
    assert "bolts and gears of the very best quality" in text
    assert "| gear | 7.25 |" in text
    assert "hidden" not in text
    assert [(link.text, link.url) for link in links] == [
        ("About", f"{site.base}/about"),
        ("this place", "http://evil.example/take"),
    ]


def test_long_text_is_read_piece_by_piece(sandbox: Sandbox, site: Served) -> None:
    result = sandbox.run(
        f"""
pieces, start = [], 0
while True:
    page = web.fetch("{site.base}/text", start=start)
    pieces.append(page.text)
    start = page.more
    if not start:
        break
len(pieces), "".join(pieces) == "line\\n" * 10_000
"""
    )
    assert result.value == (50, True)


def test_a_page_of_nothing_but_tags_takes_seconds() -> None:
    begin = time.process_time()
    _, text, links = _read_html(b"<p>first</p>" + b"<a href=/x>" * 450_000, "http://example.com/")
    assert text.startswith("first")
    assert len(links) == 1_000
    assert time.process_time() - begin < 30.0  # 40 s and more without a limit


def test_a_page_is_not_uncompressed_past_its_limits() -> None:
    _, text, _ = _read_html(gzip.compress(b"<p>first</p>" * 10), "http://example.com/")
    assert "first" not in text


def test_a_page_in_another_encoding_is_read() -> None:
    page = "<html><head><title>Größe</title></head><body><p>Die Größe der Bäume überrascht.</p></body></html>"
    assert _read_html(page.encode("latin-1"), "http://example.com/")[0] == "Größe"


def test_broken_html_is_read_as_far_as_it_goes(sandbox: Sandbox, site: Served) -> None:
    text = sandbox.run(f"web.fetch('{site.base}/broken').text").value
    assert text.split() == ["café", "&", "unclosed", "x"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nowhere", "WebError: HTTP 404 from "),
        ("/error", "WebError: HTTP 500 from "),
        ("/cut", "ConnectionError: "),
        ("/endless", "ToolError: "),
        ("/picture", "ToolError: "),
        ("/loop", "WebError: "),
        ("/away", "Refused: 'http://evil.example/' may not be reached: its host is evil.example"),
    ],
)
def test_what_goes_wrong_is_said(sandbox: Sandbox, site: Served, path: str, message: str) -> None:
    assert told(sandbox, site.base + path).startswith(message)


def test_what_comes_too_late_is_said(site: Served) -> None:
    with web([site.host], name="web", timeout_s=1.0) as box, Sandbox(box) as impatient:
        assert told(impatient, f"{site.base}/slow").startswith("TimeoutError: ")
        assert told(impatient, f"{site.base}/drip").startswith("TimeoutError: ")


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/",
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://user:password@127.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "data:text/html,hello",
        "//127.0.0.1/",
        "",
        "http://[::1]/",
        "http://2130706433/",
    ],
)
def test_no_other_host_is_reached(sandbox: Sandbox, url: str) -> None:
    assert told(sandbox, url).startswith("Refused: ")


def test_a_name_that_leads_to_a_private_address_is_refused_unless_it_has_a_port(site: Served) -> None:
    port = site.host.split(":")[1]
    with web(["localhost"], name="web") as box, Sandbox(box) as sandbox:
        assert "localhost has the private address" in told(sandbox, f"http://localhost:{port}/")
    with web([f"localhost:{port}"], name="web") as box, Sandbox(box) as sandbox:
        assert sandbox.run(f"web.fetch('http://localhost:{port}/').title").value == "The Shop"


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("example.com", "https://example.com/a", True),
        ("example.com", "https://EXAMPLE.com:444/", True),
        ("example.com", "https://sub.example.com/", False),
        ("example.com", "https://example.com.evil.org/", False),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://evilexample.com/", False),
        ("example.com:8080", "http://example.com/", False),
        ("[::1]:8000", "http://[::1]:8000/", True),
    ],
)
def test_which_hosts_a_pattern_means(pattern: str, url: str, allowed: bool) -> None:
    assert (Hosts([pattern]).problem(url) is None) is allowed


@pytest.mark.parametrize("pattern", ["", "*", "http://example.com", "example.com/path", "example.com:port", "a b"])
def test_what_is_no_host_is_said(pattern: str) -> None:
    with pytest.raises(ToolError, match=r"host|port"):
        web([pattern])
    with pytest.raises(ToolError, match="write the name alone, without a scheme or path"):
        web(["https://example.com/a"])
