"""A real browser as tools: Chromium, driven by Playwright, that reaches the hosts that were named and no others."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from codeact.errors import Refused, ToolError
from codeact.tools import Tool, Toolbox
from codeact.values import Image
from codeact_adapters._data.hosts import Hosts
from codeact_adapters._data.page_scripts import links_of, table_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Playwright, Route
    from playwright.sync_api import Page as Tab

R = TypeVar("R")

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
_WIDTH, _HEIGHT = 1280, 800  # pixels
_GRACE_S = 5.0  # beyond a call's own time, for a page that hangs
_START_S = 60.0  # for the browser to start


@dataclass(frozen=True)
class View:
    """What the browser shows after an action: the page's address, title and HTTP status (0 where nothing was loaded),
    and its structure as text: roles, names and values of what is on it. `blocked` are addresses that were not
    reached since the last view, because their host was not named."""

    url: str
    title: str
    status: int
    structure: str
    blocked: list[str]


@dataclass(frozen=True)
class Link:
    """A link of the page: its text and its address."""

    text: str
    url: str


def browser(
    hosts: Iterable[str],
    *,
    name: str | None = None,
    headless: bool = True,
    program: str | None = None,
    timeout_s: float = 15.0,
    max_chars: int = 20_000,
) -> Toolbox:
    """Make a toolbox of a browser with an empty profile of its own.

    It starts at the first call. Requests of any kind to other hosts are blocked, downloads too; files of this machine
    are not opened. What pages say is text to a program, and no more.

    Args:
        hosts: what may be reached: `shop.example.com`, `*.example.com` (with all below it), `127.0.0.1:8000` (that port
            alone, which names below `*.` cannot have). A name that leads to a private address is blocked unless it has
            a port here.
        name: the name of the group: `name="web"` gives `web.visit("https://...")`. None for no group.
        headless: without a window.
        program: the Chromium or Chrome to start; by default the one that is found on the path.
        timeout_s: for each call, in seconds.
        max_chars: the longest text that a call returns; the rest is cut, and it is said so.

    Raises:
        ToolError: Playwright or the browser is not there, or an option is wrong.
    """
    if not timeout_s > 0 or max_chars <= 0:
        raise ToolError("timeout_s and max_chars must be above 0")
    try:
        import playwright.sync_api  # noqa: F401
    except ModuleNotFoundError:
        raise ToolError("the browser needs Playwright: pip install 'codeact[browser]'") from None
    path = program or next((found for each in _PROGRAMS if (found := shutil.which(each))), None)
    if path is None or not os.access(path, os.X_OK):
        raise ToolError(f"there is no {program or 'Chromium or Chrome'} here; install one, or name it by program=...")
    named = Hosts(hosts)
    named.require_ports_of_single_hosts()
    pages = _Pages(named, path, headless, timeout_s, max_chars)
    reads: list[Callable[..., Any]] = [pages.look, pages.text, pages.links, pages.table, pages.screenshot]
    acts: list[Callable[..., Any]] = [pages.visit, pages.click, pages.fill, pages.choose, pages.press, pages.back]
    limit = 2 * timeout_s + _GRACE_S + _START_S
    tools = [Tool(each, effect="read", timeout_s=limit) for each in reads]
    tools += [Tool(each, effect="write", timeout_s=limit) for each in acts]
    doc = f"A browser. It reaches {pages.hosts} and nothing else." if name else ""
    return Toolbox(tools, name=name or "", doc=doc, closing=pages.close)


class _Pages:
    """The browser's page, driven from one thread of its own, as Playwright asks for."""

    def __init__(self, hosts: Hosts, program: str, headless: bool, timeout_s: float, max_chars: int) -> None:
        self.hosts = hosts
        self._program = program
        self._headless = headless
        self._timeout_s = timeout_s
        self._max_chars = max_chars
        self._blocked: list[str] = []
        self._status = 0
        self._lock = threading.Lock()
        self._thread = _thread()
        self._playwright: Playwright | None = None
        self._context: BrowserContext | None = None
        self._tab: Tab | None = None

    def close(self) -> None:
        self._thread.submit(self._stop)
        self._thread.shutdown(wait=True, cancel_futures=False)

    def visit(self, url: str) -> View:
        """Load a page. Raises Refused where its host may not be reached, and ConnectionError and TimeoutError."""
        self.hosts.check(url)
        return self._do(lambda tab: self._loaded(self._go(tab, url)))

    def back(self) -> View:
        """Go back to the page before."""
        return self._do(lambda tab: self._loaded(tab.go_back(wait_until="domcontentloaded")))

    def look(self) -> View:
        """What the browser shows now."""
        return self._do(lambda tab: None)

    def text(self) -> str:
        """The visible text of the page."""
        return self._call(lambda tab: self._cut(tab.locator("body").inner_text()))

    def links(self) -> list[Link]:
        """The links of the page."""
        return self._call(lambda tab: [Link(text, url) for text, url in links_of(tab)])

    def table(self, number: int = 0) -> list[list[str]]:
        """The rows of a table of the page, as the texts of their cells; tables are counted from 0."""

        def read(tab: Tab) -> list[list[str]]:
            count, rows = table_of(tab, number)
            if not 0 <= number < count:
                raise ToolError(f"there is no table {number}; the page has {count}")
            return rows

        return self._call(read)

    def screenshot(self) -> Image:
        """A picture of what the browser shows, 1280 x 800 pixels."""
        return self._call(lambda tab: _picture(tab.screenshot()))

    def click(self, name: str) -> View:
        """Click a button, link or anything else, by its name or text as the structure shows it, or by "css=..."."""
        return self._do(lambda tab: self._found(tab, name).click())

    def fill(self, field: str, value: str) -> View:
        """Write into a field, by its label, placeholder or name, or by "css=...". What was in it is replaced."""
        return self._do(lambda tab: self._found(tab, field, fields=True).fill(value))

    def choose(self, field: str, option: str) -> View:
        """Choose an option of a list by its text, or check a box or radio button with "on" or "off"."""

        def act(tab: Tab) -> None:
            found = self._found(tab, field, fields=True)
            if found.and_(tab.locator("select")).count():
                options = found.locator("option")
                texts = [(options.nth(n).text_content() or "").strip() for n in range(min(options.count(), 1_000))]
                if option not in texts:
                    raise ToolError(f"{field!r} has no option {option!r}; it has {', '.join(texts[:50])}")
                found.select_option(label=option)
            elif option in ("on", "off"):
                found.set_checked(option == "on")
            else:
                raise ToolError(f"{field!r} is no list of options; choose 'on' or 'off'")

        return self._do(act)

    def press(self, key: str) -> View:
        """Press a key, such as "Enter", "Escape", "PageDown" or "Control+A"."""
        return self._do(lambda tab: tab.keyboard.press(key))

    def _do(self, act: Callable[[Tab], object]) -> View:
        """Act, wait for what that loads, and look."""

        def both(tab: Tab) -> View:
            act(tab)
            tab = self._newest()
            tab.wait_for_load_state("domcontentloaded")
            blocked, self._blocked = self._blocked, []
            structure = tab.locator("body").aria_snapshot()
            return View(tab.url, tab.title(), self._status, self._cut(structure), blocked)

        return self._call(both)

    def _call(self, read: Callable[[Tab], R]) -> R:
        """Run on the browser's thread. A page that does not let go is closed, with the browser."""
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as Late

        with self._lock:
            try:
                self._thread.submit(self._newest).result(_START_S)
                return self._thread.submit(lambda: read(self._newest())).result(2 * self._timeout_s + _GRACE_S)
            except Late as error:
                raise TimeoutError(_first_line(error)) from None
            except concurrent.futures.TimeoutError:
                self._abandon()
                raise TimeoutError(f"the page hung for {self._timeout_s:g} s; the browser begins anew") from None
            except Error as error:
                raise self._explained(error) from None

    def _newest(self) -> Tab:
        """The page that was opened last; the browser is started if it does not run."""
        if self._context is None or not self._context.browser or not self._context.browser.is_connected():
            self._stop()
            self._start()
        assert self._context is not None
        open_tabs = [tab for tab in self._context.pages if not tab.is_closed()]
        self._tab = open_tabs[-1] if open_tabs else self._context.new_page()
        return self._tab

    def _start(self) -> None:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        flags = [*_FLAGS, f"--host-resolver-rules={self.hosts.resolver_rules()}"]
        opened = self._playwright.chromium.launch(
            executable_path=self._program,
            headless=self._headless,
            args=flags,
            chromium_sandbox=os.geteuid() != 0,  # Chromium's own sandbox does not start as root
            timeout=_START_S * 1000,
        )
        self._context = opened.new_context(
            accept_downloads=False, service_workers="block", viewport={"width": _WIDTH, "height": _HEIGHT}
        )
        self._context.set_default_timeout(self._timeout_s * 1000)
        self._context.route("**/*", self._let_through)
        self._context.route_web_socket(lambda url: not self._may_be_reached(url), lambda socket: socket.close())

    def _may_be_reached(self, url: str) -> bool:
        return self.hosts.problem(url) is None and self.hosts.leads_where_it_may(url)

    def _let_through(self, route: Route) -> None:
        url = route.request.url
        if self._may_be_reached(url):
            route.continue_()
        else:
            if len(self._blocked) < 20:
                self._blocked.append(url[:300])
            route.abort("blockedbyclient")

    def _stop(self) -> None:
        """Close the browser. It ends by itself when this process does."""
        for part in (self._context and self._context.browser, self._playwright):
            try:
                if part is not None:
                    part.close() if hasattr(part, "close") else part.stop()
            except Exception:  # it is gone already
                pass
        self._context = self._playwright = self._tab = None

    def _abandon(self) -> None:
        """Leave a browser that hangs to be closed by its thread, and begin with another."""
        old = self._thread
        stale = _Pages.__new__(_Pages)
        stale._context, stale._playwright, stale._tab = self._context, self._playwright, None
        old.submit(stale._stop)
        old.shutdown(wait=False)
        self._context = self._playwright = self._tab = None
        self._thread = _thread()

    def _go(self, tab: Tab, url: str) -> Any:
        """Load a page, in a new tab where the old one hangs."""
        from playwright.sync_api import Error
        from playwright.sync_api import TimeoutError as Late

        try:
            return tab.goto(url, wait_until="domcontentloaded")
        except Late:
            tab.close()
            return self._newest().goto(url, wait_until="domcontentloaded")
        except Error as error:
            if "interrupted by another navigation" not in str(error):
                raise
            return tab.goto(url, wait_until="domcontentloaded")  # the page of the error before it, which came late

    def _loaded(self, response: Any) -> None:
        self._status = response.status if response is not None else 0

    def _found(self, tab: Tab, name: str, fields: bool = False) -> Locator:
        """The one thing on the page that a name means.

        Raises:
            ToolError: there is none, or there are several.
        """
        if name.startswith("css="):
            ways = [tab.locator(name)]
        elif fields:
            ways = [tab.get_by_label(name, exact=True), tab.get_by_placeholder(name, exact=True)]
            ways += [tab.locator(f"[name={_css_text(name)}]"), tab.get_by_label(name)]
        else:
            roles: tuple[Literal["button", "link", "tab", "menuitem", "checkbox", "radio", "option"], ...]
            roles = ("button", "link", "tab", "menuitem", "checkbox", "radio", "option")
            ways = [tab.get_by_role(role, name=name, exact=True) for role in roles]
            ways += [tab.get_by_text(name, exact=True), tab.get_by_label(name, exact=True), tab.get_by_text(name)]
        for way in ways:
            count = way.count()
            if count == 1:
                return way
            if count > 1:
                raise ToolError(f"{count} things on the page are called {name!r}; name one by css=..., or use its text")
        raise ToolError(f"nothing on the page is called {name!r}; look() shows what there is")

    def _explained(self, error: Exception) -> Exception:
        line = _first_line(error)
        if "ERR_BLOCKED_BY_CLIENT" in line:
            return Refused(f"the page leads to {', '.join(self._blocked[-1:]) or 'a host'}, which may not be reached")
        if "net::" in line or "closed" in line:
            return ConnectionError(line)
        return ToolError(line)

    def _cut(self, text: str) -> str:
        left = len(text) - self._max_chars
        return text if left <= 0 else f"{text[: self._max_chars]}\n... and {left:,} more characters"


def _thread() -> concurrent.futures.ThreadPoolExecutor:
    return concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="codeact-browser")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].removeprefix("Page.").strip()[:500]


def _picture(png: bytes) -> Image:
    import io

    from PIL import Image as pil

    return Image.from_pil(pil.open(io.BytesIO(png)).convert("RGB"))


def _css_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\a ")
    return f'"{escaped}"'
