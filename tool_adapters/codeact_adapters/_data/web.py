"""Web pages as text, by httpx and trafilatura, from the hosts that were named and no others."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.errors import ToolError
from codeact.tools import Tool, Toolbox
from codeact_adapters._data.hosts import Hosts

if TYPE_CHECKING:
    import httpx

_MOST_REDIRECTS = 5
_MOST_LINKS = 1_000
_MOST_TAGS = 50_000
_LONGEST_LINK_TEXT = 200
_LONGEST_ADDRESS = 2_000
_NO_XML = re.compile(r"^\s*<\?xml[^>]*\?>")  # its encoding is no longer that of the text
_AGENT = "codeact (+https://pypi.org/project/codeact/)"


class WebError(ToolError):
    """A page answered with an error. The message begins with the status: `HTTP 404 from https://...`."""


@dataclass(frozen=True)
class Link:
    """A link of a page: its text and its address."""

    text: str
    url: str


@dataclass(frozen=True)
class Page:
    """A page: where it came from after redirects, its title, a part of its text in Markdown, and its links.

    `more` is where the rest of the text begins, for `fetch(url, start=page.more)`; 0 at the end.
    """

    url: str
    title: str
    text: str
    links: list[Link]
    more: int


def web(
    hosts: Iterable[str],
    *,
    name: str | None = None,
    timeout_s: float = 20.0,
    max_bytes: int = 5_000_000,
    max_chars: int = 20_000,
) -> Toolbox:
    """Make a toolbox that fetches web pages.

    Redirects to other hosts are not followed. What a page says is text to a program, and no more.

    Args:
        hosts: what may be reached: `docs.example.com`, `*.example.com` (with all below it), `127.0.0.1:8000` (that port
            alone). A name that leads to a private address is refused unless it has a port here.
        name: the name of the group: `name="web"` gives `web.fetch("https://...")`. None for no group.
        timeout_s: for a whole page, in seconds.
        max_bytes: longer pages are refused.
        max_chars: the most characters of text in one answer; the rest is fetched by its start.

    Raises:
        ToolError: trafilatura is not there, or an option is wrong.
    """
    for option, value in (("timeout_s", timeout_s), ("max_bytes", max_bytes), ("max_chars", max_chars)):
        if not value > 0:
            raise ToolError(f"{option} is {value}, and must be above 0")
    try:
        import trafilatura  # noqa: F401
    except ModuleNotFoundError:
        raise ToolError("web pages need trafilatura: pip install 'codeact[web]'") from None
    pages = _Pages(Hosts(hosts), timeout_s, max_bytes, max_chars)
    doc = f"Web pages of {pages.hosts}." if name else ""
    tool = Tool(pages.fetch, effect="read", timeout_s=timeout_s + 10)
    return Toolbox([tool], name=name or "", doc=doc, errors=[WebError], closing=pages.close)


class _Pages:
    def __init__(self, hosts: Hosts, timeout_s: float, max_bytes: int, max_chars: int) -> None:
        self.hosts = hosts
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._max_chars = max_chars
        self._clients: dict[bool, httpx.Client] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def fetch(self, url: str, start: int = 0) -> Page:
        """A page as text. Raises WebError where it answers with an error, Refused where its host may not be reached,
        TimeoutError and ConnectionError.

        start: where in the text to begin, to read on in a long page
        """
        if start < 0:
            raise ToolError(f"start is {start}, and must not be below 0")
        final, kind, data = self._load(url)
        if kind in ("text/html", "application/xhtml+xml"):
            title, text, links = _read_html(data, final)
        elif kind.startswith("text/") or kind.split("+")[-1].split("/")[-1] in ("json", "xml"):
            title, text, links = "", data.decode(errors="replace"), []
        else:
            raise ToolError(f"{final} is of the type {kind or 'unknown'}, which is no text")
        end = start + self._max_chars
        return Page(final, title, text[start:end], links, end if end < len(text) else 0)

    def _load(self, url: str) -> tuple[str, str, bytes]:
        """Follow redirects among the hosts that may be reached: (address, content type, answer)."""
        import httpx

        from codeact_adapters._http.streams import until

        deadline = time.monotonic() + self._timeout_s
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                self.hosts.check(url)
                headers = {"Accept": "text/html, text/*;q=0.9, */*;q=0.5", "Accept-Encoding": "identity"}
                request = httpx.Request("GET", url, headers={**headers, "User-Agent": _AGENT})
                request.extensions = {"timeout": httpx.Timeout(self._timeout_s).as_dict()}
                with (
                    until(deadline),
                    contextlib.closing(self._client(request.url).send(request, stream=True)) as response,
                ):
                    following = response.headers.get("location")
                    if not response.has_redirect_location or following is None:
                        data = self._read(response, deadline)
                        break
                    url = str(response.url.join(following))
            else:
                raise WebError(f"{url[:300]} leads through more than {_MOST_REDIRECTS} redirects")
        except httpx.TimeoutException:
            raise TimeoutError(f"{url[:300]}: no answer within {self._timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ConnectionError(f"{url[:300]} could not be reached or broke off: {error}") from None
        if not response.is_success:
            raise WebError(f"HTTP {response.status_code} from {url[:300]}: {response.reason_phrase}")
        return url, response.headers.get("content-type", "").split(";")[0].strip().lower(), data

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self._max_bytes:
                raise ToolError(f"{response.url} is longer than {self._max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{response.url}: no complete answer within {self._timeout_s:g} s")
            chunks.append(chunk)
        return b"".join(chunks)

    def _client(self, url: httpx.URL) -> httpx.Client:
        import httpx

        from codeact_adapters._http.wire import Wire

        private = self.hosts.may_be_private(url)
        with self._lock:
            if private not in self._clients:
                self._clients[private] = httpx.Client(transport=Wire(None, private=private), follow_redirects=False)
            return self._clients[private]


def _within_tags(page: str) -> str:
    """A page as far as it can be read in a few seconds: each tag costs some 60 microseconds."""
    parts = page.split("<", _MOST_TAGS)
    return page if len(parts) <= _MOST_TAGS else page[: len(page) - len(parts[-1]) - 1]


def _decoded(data: bytes) -> str:
    """A page in the encoding that it seems to have.

    What is compressed beyond what HTTP says stays so, unlike with trafilatura's own function: some kilobytes would
    become megabytes that no limit has seen.
    """
    from trafilatura.utils import detect_encoding

    for encoding in ("utf-8", *detect_encoding(data)):
        with contextlib.suppress(LookupError, UnicodeDecodeError):
            return data.decode(encoding)
    return data.decode(errors="replace")


def _read_html(data: bytes, url: str) -> tuple[str, str, list[Link]]:
    """Title, text in Markdown, and links."""
    import lxml.etree
    import lxml.html
    import trafilatura

    try:
        tree: Any = lxml.html.document_fromstring(_NO_XML.sub("", _within_tags(_decoded(data))))
    except (lxml.etree.ParserError, ValueError):
        return "", "", []  # nothing but space or comments
    title = " ".join((tree.findtext(".//title") or "").split())
    tree.make_links_absolute(url, handle_failures="discard")
    links: list[Link] = []
    for anchor in tree.iter("a"):
        target = anchor.get("href") or ""
        if target.startswith(("http://", "https://")) and len(links) < _MOST_LINKS:
            links.append(Link(" ".join(anchor.text_content().split())[:_LONGEST_LINK_TEXT], target[:_LONGEST_ADDRESS]))
    # The main text where the page has one, else all of its text.
    text = trafilatura.extract(tree, url=url, output_format="markdown", include_comments=False, favor_recall=True)
    if not text:
        for hidden in tree.xpath("//script | //style | //template | //head"):
            hidden.drop_tree()
        text = "\n".join(line for part in tree.itertext() if (line := " ".join(part.split())))
    return title, text, links
