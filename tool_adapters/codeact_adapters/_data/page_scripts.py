"""What is read out of a page by scripts of ours, in a world of their own.

The scripts of a page have another `Array`, another `Document` and so on, and cannot change what ours see. See
https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-createIsolatedWorld.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A form or picture named `links` or `querySelectorAll` takes the place of what the document has under that name, in
# every world; the prototype's own does not change.
_FIND = """
const all = (root, selector) => {
    const found = (root === document ? Document : ShadowRoot).prototype.querySelectorAll;
    const of = selected => [...found.call(root, selected)];
    const inner = of('*').filter(e => e.shadowRoot instanceof ShadowRoot).flatMap(e => all(e.shadowRoot, selector));
    return [...of(selector), ...inner];
};
"""
_LINKS = """
return all(document, 'a[href], area[href]')
    .filter(a => a instanceof HTMLAnchorElement || a instanceof HTMLAreaElement)
    .slice(0, 1000).map(a => [a.innerText.trim().slice(0, 200), a.href.slice(0, 2000)]);
"""
_TABLE = """
const tables = all(document, 'table');
const rows = tables[number] ? [...tables[number].rows].slice(0, 5000) : [];
return [tables.length, rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))];
"""


def links_of(tab: Page) -> list[tuple[str, str]]:
    """Text and address of each link, of the first thousand."""
    return [(str(text), str(url)) for text, url in _read(tab, _LINKS)]


def table_of(tab: Page, number: int) -> tuple[int, list[list[str]]]:
    """How many tables the page has, and the rows of one, of its first 5,000."""
    count, rows = _read(tab, f"const number = {json.dumps(number)};{_TABLE}")
    return int(count), [[str(cell) for cell in row] for row in rows]


def _read(tab: Page, script: str) -> Any:
    from playwright.sync_api import Error

    session = tab.context.new_cdp_session(tab)
    try:
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "codeact"})
        answer = session.send(
            "Runtime.evaluate",
            {
                "expression": f"(() => {{{_FIND}{script}}})()",
                "contextId": world["executionContextId"],
                "returnByValue": True,
            },
        )
    finally:
        session.detach()
    if "exceptionDetails" in answer:
        raise Error(str(answer["exceptionDetails"].get("text", "the page could not be read")))
    return answer["result"]["value"]
