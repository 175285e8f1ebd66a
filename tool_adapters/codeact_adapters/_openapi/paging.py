"""Operations that answer in pages: how the document shows it, and where the next page is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.media import bare, is_json
from codeact_adapters._openapi.parameters import Argument
from codeact_adapters._openapi.schema import Types

# All names in lower case and without what stands between words.
_ITEMS = ("data", "items", "results", "values", "entries", "records", "value", "list")
_AROUND = ("", "meta", "metadata", "pagination", "paging", "page", "links", "responsemetadata", "nextpage")
_AROUND_MORE = ("paging.cursors", "paging.next", "meta.pagination", "meta.page", "links.next")
_NEXT = (
    *(
        "nextcursor",
        "nextpagetoken",
        "nexttoken",
        "nextpagecursor",
        "continuationtoken",
        "nextmarker",
        "paginationtoken",
    ),
    *(
        "continue",
        "nextpageuri",
        "nexturl",
        "nextpageurl",
        "next",
        "nextpage",
        "cursor",
        "after",
        "offset",
        "uri",
        "href",
    ),
    "endcursor",
)
_NEXT_ONLY_INSIDE = ("cursor", "after", "offset", "uri", "href", "endcursor")
_CURSORS = (
    *("cursor", "pagetoken", "nexttoken", "nextcursor", "startcursor", "continuationtoken", "continue", "marker"),
    *("paginationtoken", "pagecursor", "after", "startingafter", "pageafter", "offset", "next", "from"),
)
_ADDRESSES = ("next", "href", "uri", "nexturl", "nextpageurl", "nextpageuri", "nextpage")
_AFTER = ("startingafter", "after", "afterid")
_OFFSETS = ("offset", "skip", "start", "startindex", "startat", "pageoffset")
_PAGES = ("page", "pagenumber", "pageno", "pageindex", "p")
_SIZES = ("limit", "perpage", "pagesize", "count", "size", "take", "maxresults", "pagelimit", "top", "first", "n")


@dataclasses.dataclass(frozen=True)
class Paging:
    """How an operation goes on.

    Attributes:
        items: where the list is in an answer: names, one inside the other; empty if the answer is the list.
        by_link: the header Link names the next page.
        next_in: where an answer may hold the cursor or the address of the next page.
        cursor: takes that cursor.
        after: takes the id of the last item, as long as an answer says `has_more`.
        offset: takes the number of items so far.
        page: takes the number of the page.
        size: takes how many items there are in a page.
    """

    items: tuple[str, ...]
    by_link: bool = False
    next_in: tuple[tuple[str, ...], ...] = ()
    cursor: Argument | None = None
    after: Argument | None = None
    offset: Argument | None = None
    page: Argument | None = None
    size: Argument | None = None

    def items_of(self, data: Any) -> list[Any] | None:
        """The items of an answer; None if it has none where they should be."""
        found = _at(data, self.items)
        return found if isinstance(found, list) else None

    def joined(self, pages: Sequence[Any]) -> Any:
        """One answer with the items of all pages; what else it says is the last word of each part."""
        if len(pages) == 1:
            return pages[0]
        items = [item for page in pages for item in self.items_of(page) or []]
        if not self.items:
            return items
        (name,) = self.items
        return {**pages[0], **pages[-1], name: items}

    def step(self, data: Any, link: str, values: Mapping[str, Any]) -> str | dict[str, Any] | None:
        """Where the page after this answer is: its address, the arguments that change, or None if there is none.

        Args:
            data: the answer.
            link: the address of the next page by the header Link, if any.
            values: the arguments of the call that was answered.
        """
        items = self.items_of(data)
        if not items:
            return None
        if self.by_link:
            return link or None
        for place in self.next_in:
            found = _at(data, place)
            if isinstance(found, str) and found.startswith(("http://", "https://", "/")):
                return found
            if self.cursor is not None and found not in (None, "", False) and isinstance(found, (str, int)):
                return {self.cursor.name: str(found)}
        if isinstance(data, Mapping) and (data.get("has_more") is False or data.get("hasMore") is False):
            return None
        last = items[-1].get("id") if isinstance(items[-1], Mapping) else None
        if self.after is not None and last is not None:
            return {self.after.name: last}
        return self._numbered(len(items), values)

    def _numbered(self, count: int, values: Mapping[str, Any]) -> dict[str, Any] | None:
        size = values.get(self.size.name) if self.size is not None else None
        if isinstance(size, int) and count < size:
            return None
        for argument, step, first in ((self.offset, count, 0), (self.page, 1, 1)):
            if argument is not None:
                start = values.get(argument.name)
                return {argument.name: (start if isinstance(start, int) else first) + step}
        return None


def paging_of(
    operation: Mapping[str, Any], arguments: Sequence[Argument], document: Document, types: Types
) -> Paging | None:
    """How an operation answers in pages, as far as the document shows it; None if it does not."""
    node = _good_response(operation, document)
    items = _items_in(node, document, types)
    if items is None:
        return None
    query = {_plain(argument.wire_name): argument for argument in arguments if argument.place == "query"}

    def named(names: Sequence[str], *kinds: type) -> Argument | None:
        return next((query[n] for n in names if n in query and _takes(query[n].annotation, kinds)), None)

    size = named(_SIZES, int)
    headers = document.mapping(node.get("headers"))
    if any(str(header).lower() == "link" for header in headers):
        return Paging(items, by_link=True)
    found = _next_in(node, document, types)
    cursor = named(_CURSORS, str)
    if found and (cursor is not None or any(_plain(place[-1]) in _ADDRESSES for place in found)):
        return Paging(items, next_in=found, cursor=cursor, size=size)
    after = named(_AFTER, str, int)
    if after is not None and "hasmore" in map(_plain, types.properties(_schema(node, document))):
        return Paging(items, after=after, size=size)
    offset, page = named(_OFFSETS, int), named(_PAGES, int)
    if offset is not None or page is not None:
        return Paging(items, offset=offset, page=None if offset else page, size=size)
    return None


def _good_response(operation: Mapping[str, Any], document: Document) -> Mapping[str, Any]:
    responses = document.mapping(operation.get("responses"))
    return document.mapping(next((node for status, node in responses.items() if str(status) in ("200", "2XX")), None))


def _schema(response: Mapping[str, Any], document: Document) -> Any:
    for kind, media in document.mapping(response.get("content")).items():
        if is_json(bare(kind)):
            return document.mapping(media).get("schema")
    return None


def _items_in(response: Mapping[str, Any], document: Document, types: Types) -> tuple[str, ...] | None:
    schema = _schema(response, document)
    if document.mapping(schema).get("type") == "array":
        return ()
    lists = [n for n, (inner, _) in types.properties(schema).items() if document.mapping(inner).get("type") == "array"]
    known = sorted((name for name in lists if _plain(name) in _ITEMS), key=lambda name: _ITEMS.index(_plain(name)))
    name = known[0] if known else lists[0] if len(lists) == 1 else None
    return (name,) if name else None


def _next_in(response: Mapping[str, Any], document: Document, types: Types) -> tuple[tuple[str, ...], ...]:
    """The places in an answer that can hold a cursor or the next page's address."""
    found: list[tuple[str, ...]] = []
    for around in (*_AROUND, *_AROUND_MORE):
        path: list[str] = []
        schema: Any = _schema(response, document)
        for part in around.split(".") if around else ():
            name = next((name for name in types.properties(schema) if _plain(name) == part), "")
            schema = types.properties(schema).get(name, (None, False))[0]
            path.append(name)
        inside = {_plain(name): (name, inner) for name, (inner, _) in types.properties(schema).items()}
        # What is called `after` or `offset` alone may be an echo of the request, unless it stands beside its like.
        names = _NEXT if path else [name for name in _NEXT if name not in _NEXT_ONLY_INSIDE]
        places = [inside[name] for name in names if name in inside]
        found += [(*path, name) for name, inner in places if _is_text(inner, document)]
    return tuple(found)


def _is_text(schema: Any, document: Document) -> bool:
    node = document.mapping(schema)
    kinds = node.get("type")
    options = [document.mapping(o).get("type") for word in ("anyOf", "oneOf") for o in node.get(word) or ()]
    return "string" in (kinds if isinstance(kinds, list) else [kinds]) or "string" in options


def _takes(annotation: Any, kinds: Sequence[type]) -> bool:
    """Whether values of one of these types are meant."""
    if get_args(annotation) and get_origin(annotation) not in (list, dict):
        return any(_takes(option, kinds) for option in get_args(annotation))
    return annotation in kinds


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _at(data: Any, place: Sequence[str]) -> Any:
    for name in place:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data
