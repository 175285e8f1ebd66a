"""One operation of a document as one Python function."""

from __future__ import annotations

import dataclasses
import inspect
import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from codeact.errors import ArgumentError, ToolError
from codeact_adapters._openapi.answer import decoded, plain, returned
from codeact_adapters._openapi.body import Body, body_of
from codeact_adapters._openapi.client import Answer, Call, Client, HttpError
from codeact_adapters._openapi.document import Described, Document
from codeact_adapters._openapi.limits import shortened, unlinked
from codeact_adapters._openapi.names import class_case, free, snake_case
from codeact_adapters._openapi.paging import Paging, paging_of
from codeact_adapters._openapi.parameters import (
    OWN_HEADERS,
    Argument,
    argument_of,
    in_cookie,
    in_header,
    in_path,
    in_query,
)
from codeact_adapters._openapi.schema import Types
from codeact_adapters._openapi.values import from_json

if TYPE_CHECKING:
    import httpx

_LONGEST_DOC = 1500
_MOST_ERRORS = 6
_IN_PATHS = "/:@!$&'()*+,;=-._~%"
_PLACES = ("path", "query", "header", "cookie")
# How much longer than one request a call may take that fetches several pages.
PAGED_TIMES = 10


class Unsupported(ToolError):
    """An operation needs something that this adapter does not do."""


@dataclasses.dataclass(frozen=True)
class Service:
    """What the functions of one document share.

    Attributes:
        document: the document.
        types: of its schemas.
        client: sends the requests.
        hidden: names of headers, query parameters and cookies, in lower case, that are not for programs to set.
        max_pages: how many pages one call can fetch; 1 for no paging.
        timeout_s: for one request.
    """

    document: Document
    types: Types
    client: Client
    hidden: Collection[str] = ()
    max_pages: int = 1
    timeout_s: float = 30.0


def build(name: str, described: Described, service: Service, base: httpx.URL) -> tuple[Callable[..., Any], bool]:
    """Make the function of an operation, and say whether it fetches pages. Calling it sends the request.

    Args:
        name: of the function.
        described: the operation.
        service: what it shares with the others.
        base: where its path begins.

    Raises:
        Unsupported: the operation needs something that cannot be done.
        ToolError: the document is wrong here.
    """
    document, types = service.document, service.types
    path = described.path.partition("#")[0]
    if not path.startswith("/") or any(part in (".", "..") for part in path.split("/")):
        raise Unsupported(f"its path {path[:80]!r} is not a plain path")
    hint = class_case(name)
    accept = ""
    arguments: list[Argument] = []
    for parameter in document.parameters(described):
        if parameter.get("in") == "header" and parameter["name"].lower() == "accept":
            accept = _accept(document.mapping(parameter.get("schema")))
        if _is_ours(parameter, service.hidden):
            continue
        arguments.append(argument_of(parameter, hint, document, types))
    placeholders = dict.fromkeys(re.findall(r"\{([^{}]*)\}", path))
    known = {argument.wire_name for argument in arguments if argument.place == "path"}
    arguments = [a for a in arguments if a.place != "path" or a.wire_name in placeholders]
    arguments += [
        Argument(snake_case(p) or "part", p, "path", str, True, style="simple") for p in placeholders if p not in known
    ]
    body = body_of(described.node, hint, document, types)
    ordered = sorted(
        _named([*arguments, *(body.arguments if body else [])]), key=lambda argument: not argument.required
    )
    returns, expected = returned(described.node, hint, document, types)
    paging = paging_of(described.node, ordered, document, types) if service.max_pages > 1 else None
    if paging is not None and described.method != "get":
        paging = None
    send = _Send(
        service=service,
        method=described.method,
        base=base,
        path=path,
        arguments=tuple(ordered),
        body=dataclasses.replace(body, arguments=[a for a in ordered if a.place in ("body", "field")])
        if body
        else None,
        returns=returns,
        accept=accept or expected,
        paging=paging,
        pages=free("pages", {argument.name for argument in ordered}, "pages") if paging else "",
    )
    signature = send.signature()

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return send(bound.arguments)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = _doc(name, described, document)
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call, paging is not None


@dataclasses.dataclass(frozen=True)
class _Send:
    """Sends the requests of an operation."""

    service: Service
    method: str
    base: httpx.URL
    path: str
    arguments: tuple[Argument, ...]
    body: Body | None
    returns: Any
    accept: str
    paging: Paging | None
    pages: str

    def signature(self) -> inspect.Signature:
        from pydantic import Field

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [
            inspect.Parameter(
                a.name, kind, annotation=a.annotation, default=inspect.Parameter.empty if a.required else a.default
            )
            for a in self.arguments
        ]
        if self.pages:
            most = Field(ge=1, le=self.service.max_pages, description="pages to fetch and join")
            parameters.append(inspect.Parameter(self.pages, kind, annotation=Annotated[int, most], default=1))
        return inspect.Signature(parameters, return_annotation=self.returns)

    def __call__(self, values: Mapping[str, Any]) -> Any:
        call = self._call(values)
        what = f"{self.method.upper()} {call.path}"
        answer = self.service.client.send(call)
        pages = values[self.pages] if self.pages else 1
        if pages == 1 or self.paging is None:
            return decoded(answer, self.returns, what)
        return from_json(self.returns, self._joined(self.paging, pages, answer, values, call, what))

    def _joined(
        self, paging: Paging, most: int, answer: Answer, values: Mapping[str, Any], call: Call, what: str
    ) -> Any:
        """The answer with those of the pages after it."""
        client = self.service.client
        started = time.monotonic()
        found = [plain(answer, self.returns, what)]
        size = len(answer.data)
        seen: list[Any] = []
        while len(found) < most:
            step = paging.step(found[-1], answer.following, values)
            if step is None or step in seen:
                break
            seen.append(step)
            if time.monotonic() - started > PAGED_TIMES * self.service.timeout_s:
                raise TimeoutError(f"{what}: only {len(found)} of {most} pages came in time")
            if isinstance(step, str):
                answer = client.follow(str(answer.url.join(step)), what, call.headers)
            else:
                values = {**values, **step}
                answer = client.send(self._call(values))
            size += len(answer.data)
            if size > client.max_response_bytes:
                text = f"{len(found) + 1} pages together are longer than {client.max_response_bytes:,} bytes"
                raise HttpError(f"{what}: {text}", 200, text)
            page = plain(answer, self.returns, what)
            if not paging.items_of(page):
                break
            found.append(page)
        return paging.joined(found)

    def _call(self, values: Mapping[str, Any]) -> Call:
        in_paths: dict[str, str] = {}
        template, _, fixed = self.path.partition("?")
        query = [fixed] if fixed else []
        headers = {"Accept": self.accept}
        cookies: list[str] = []
        for argument in self.arguments:
            value = values[argument.name]
            if argument.place == "path":
                in_paths[argument.wire_name] = in_path(argument, value)
            elif value is None and not argument.required:
                continue
            elif argument.place == "query":
                query += in_query(argument, value)
            elif argument.place == "header":
                headers[argument.wire_name] = in_header(argument, value)
            elif argument.place == "cookie":
                cookies.append(in_cookie(argument, value))
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        pieces = re.split(r"\{([^{}]*)\}", template)  # text and placeholder names in turn
        path = "".join(
            in_paths[piece] if index % 2 else quote(piece, safe=_IN_PATHS) for index, piece in enumerate(pieces)
        )
        if any(part in (".", "..") for part in path.split("/")):
            raise ArgumentError(f"the path {path[:80]!r} would leave its place")
        content = self.body.content(values) if self.body else None
        if content is not None:
            headers["Content-Type"] = content[0]
        return Call(self.method, self.base, path, "&".join(query), headers, content[1] if content is not None else None)


def _named(arguments: list[Argument]) -> list[Argument]:
    """The arguments under names of their own."""
    named: list[Argument] = []
    for argument in arguments:
        name = free(argument.name, {other.name for other in named}, "argument", hides=False)
        named.append(dataclasses.replace(argument, name=name))
    return named


def _is_ours(parameter: Mapping[str, Any], hidden: Collection[str]) -> bool:
    """Whether a parameter is not for programs: the client's own, or none that is known."""
    place, name = parameter.get("in"), parameter["name"].lower()
    if place not in _PLACES:
        return True
    if place == "header" and (name in OWN_HEADERS or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name)):
        return True
    return place != "path" and f"{place} {name}" in hidden


def _accept(schema: Mapping[str, Any]) -> str:
    """The media type that a document asks for by a parameter, as some do to name a version."""
    choices = schema.get("enum")
    text = schema.get("default") or schema.get("const") or (choices[0] if isinstance(choices, list) and choices else "")
    return text if isinstance(text, str) and text.isascii() and text.isprintable() and "/" in text else ""


def _doc(name: str, described: Described, document: Document) -> str:
    operation = described.node
    texts = [operation.get("summary"), operation.get("description")]
    # A summary that is the name in other words says nothing.
    parts = [
        unlinked(text).strip() for text in texts if isinstance(text, str) and text.strip() and snake_case(text) != name
    ]
    if len(parts) == 2 and parts[1].startswith(parts[0]):
        del parts[0]
    parts = parts or [f"{described.method.upper()} {shortened(described.path, 100)}"]
    if operation.get("deprecated") is True and not re.match(r"\W*deprecated\b", parts[0], re.IGNORECASE):
        parts[0] = f"Deprecated. {parts[0]}"  # in one line: where docstrings are cut, that is all that is read
    errors = []
    for status, node in document.mapping(operation.get("responses")).items():
        meaning = document.mapping(node).get("description")
        if re.fullmatch(r"[45]\d\d", str(status)) and str(status) != "422" and isinstance(meaning, str):
            errors.append(f"HttpError {status}: {shortened(meaning, 100)}".replace("\n", " "))
    text = shortened("\n\n".join(parts), _LONGEST_DOC)
    return "\n\n".join(part for part in (text, "\n".join(errors[:_MOST_ERRORS])) if part)
