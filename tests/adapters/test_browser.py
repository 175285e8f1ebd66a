"""A real browser as tools, on a real site of loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from shop_site import Served

pytest.importorskip("playwright")

from codeact import Image, Sandbox
from codeact.errors import ToolError
from codeact_adapters import browser

if not (shutil.which("chromium") or shutil.which("google-chrome")):
    pytest.skip("there is no Chromium here (Debian: apt-get install chromium)", allow_module_level=True)

pytestmark = pytest.mark.real_time  # a page has so many seconds to show


@pytest.fixture(scope="module")
def site() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


@pytest.fixture(scope="module")
def sandbox(site: Served) -> Iterator[Sandbox]:
    with browser([site.host], name="web", timeout_s=30.0) as box, Sandbox(box) as sandbox:
        yield sandbox


def told(sandbox: Sandbox, program: str) -> str:
    result = sandbox.run(program)
    assert result.error is not None, result.value
    return f"{result.error.type}: {result.error.message}"


def test_a_form_is_filled_and_sent(sandbox: Sandbox, site: Served) -> None:
    result = sandbox.run(
        f"""
view = web.visit("{site.base}/")
assert "button \\"Order\\"" in view.structure, view.structure
web.fill("Name", "Ada & Co")
web.choose("Part", "gear")
web.choose("Fast", "on")
web.click("Order").title, web.look().url, web.text(), web.back().title
"""
    )
    assert result.ok, result.error
    ordered = "/order?who=Ada+%26+Co&part=gear&fast=on"
    assert result.value == ("Ordered", f"{site.base}{ordered}", ordered, "The Shop")


def test_tables_links_and_pictures_are_read(sandbox: Sandbox, site: Served) -> None:
    result = sandbox.run(f"web.visit('{site.base}/'); web.table(), [l.url for l in web.links()], web.screenshot()")
    table, links, picture = result.value
    assert table == [["part", "price"], ["bolt", "0.10"], ["gear", "7.25"]]
    assert links == [f"{site.base}/about", "http://evil.example/take"]
    assert isinstance(picture, Image)
    assert (picture.width, picture.height) == (1280, 800)
    assert len({tuple(pixel) for pixel in picture.array[::40, ::40].reshape(-1, 3)}) > 1


def test_scripts_of_a_page_cannot_change_what_is_read_of_it(sandbox: Sandbox, site: Served) -> None:
    result = sandbox.run(
        f"web.visit('{site.base}/liar')\nweb.choose('Part', 'gear')\n"
        "[(link.text, link.url) for link in web.links()], web.table()"
    )
    assert result.value == ([("About", f"{site.base}/about")], [["bolt"]]), result.error


def test_a_port_of_many_hosts_is_refused(site: Served) -> None:
    with pytest.raises(ToolError, match=r"cannot keep to a port below \*.shop.example; name each host, as host:8000"):
        browser(["*.shop.example:8000"])


def test_a_page_reaches_no_host_that_was_not_named(sandbox: Sandbox, site: Served) -> None:
    result = sandbox.run(
        f"""
blocked = web.visit("{site.base}/").blocked
for address in ("http://evil.example/", "http://127.0.0.1:1/", "file:///etc/passwd", "javascript:alert(1)", "chrome://version"):
    try:
        blocked.append(web.visit(address))
    except Refused:
        pass
blocked + web.click("this place").blocked
"""
    )
    assert result.ok, result.error
    assert set(result.value) == {"http://evil.example/pixel.png", "http://127.0.0.1:1/leak", "http://evil.example/take"}


def test_no_redirect_leads_to_another_port_or_host(sandbox: Sandbox, site: Served) -> None:
    other = Served()
    try:
        assert sandbox.run(f"web.visit('{site.base}/to?/error').status").value == 500
        for address in (other.base, other.base.replace("127.0.0.1", "127.0.0.2")):
            said = told(sandbox, f"web.visit('{site.base}/to?{address}/text')")
            assert said.startswith(("ConnectionError: ", "Refused: ")), said
        assert other.seen == []
    finally:
        other.close()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("web.click('Nothing')", "ToolError: nothing on the page is called 'Nothing'; look() shows what there is"),
        ("web.click('Twin')", "ToolError: 2 things on the page are called 'Twin'; name one by css=..."),
        ("web.choose('Part', 'nut')", "ToolError: 'Part' has no option 'nut'; it has bolt, gear"),
        ("web.table(3)", "ToolError: there is no table 3; the page has 1"),
        ("web.fill('css=###', 'x')", "ToolError: "),
        ("web.press('NoKey')", "ToolError: "),
    ],
)
def test_what_is_wrong_is_said(sandbox: Sandbox, site: Served, program: str, message: str) -> None:
    assert sandbox.run(f"web.visit('{site.base}/')").ok
    assert told(sandbox, program).startswith(message)


def test_a_status_is_told_and_a_broken_answer_is_an_error(sandbox: Sandbox, site: Served) -> None:
    assert sandbox.run(f"web.visit('{site.base}/error').status").value == 500
    assert told(sandbox, f"web.visit('{site.base}/picture/../loop')").startswith("ConnectionError: ")


def test_a_page_that_hangs_is_left_behind(site: Served) -> None:
    with browser([site.host], name="web", timeout_s=5.0) as box, Sandbox(box) as sandbox:
        assert sandbox.run(f"web.visit('{site.base}/').title").value == "The Shop"
        assert told(sandbox, "web.click('Hang')\nweb.look()").startswith("TimeoutError: ")
        assert sandbox.run(f"web.visit('{site.base}/').title").value == "The Shop"


def test_closing_and_being_killed_leave_no_browser(site: Served) -> None:
    host = f"""
import sys, time
from codeact_adapters import browser
box = browser(["{site.host}"])
box.tools["visit"].invoke({{"url": "{site.base}/"}})
print("ready", flush=True)
sys.stdin.readline()
box.close()
"""
    for end in ("close", "kill"):
        process = subprocess.Popen(
            [sys.executable, "-c", host], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        family = psutil.Process(process.pid).children(recursive=True)
        assert any("chrom" in each.name() for each in family)
        if end == "kill":
            os.kill(process.pid, signal.SIGKILL)
        else:
            process.stdin.write("\n")
            process.stdin.flush()
        process.wait(30)
        deadline = time.monotonic() + 10
        while (left := [p for p in family if _lives(p)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == [], end
        process.stdin.close()
        process.stdout.close()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_browser_that_is_not_there_is_said() -> None:
    with pytest.raises(ToolError, match="there is no /nowhere/chromium here"):
        browser(["example.com"], program="/nowhere/chromium")
