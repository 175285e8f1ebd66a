"""A server of the Model Context Protocol becomes a toolbox: one typed Python function for each of its tools."""

from __future__ import annotations

import fnmatch
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codeact.errors import ToolError
from codeact.tools import Effect, Tool, Toolbox
from codeact.tools.stubs import RESERVED
from codeact.tools.wording import did_you_mean
from codeact_adapters._mcp.connection import Connection, McpError
from codeact_adapters._mcp.contents import Contents, Prompt, PromptMessage, Resource
from codeact_adapters._mcp.functions import Calls, build
from codeact_adapters._mcp.place import place_of, require_sdk
from codeact_adapters._mcp.schemas import Schemas
from codeact_adapters._mcp.secrets import check_texts
from codeact_adapters._openapi.limits import shortened
from codeact_adapters._openapi.names import free, snake_case
from codeact_adapters.choosing import with_effects

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import Tool as Described

__all__ = ["McpError", "mcp"]

_log = logging.getLogger(__name__)
_TYPES = ("McpError", "ToolError", "ArgumentError", "Refused", "Resource", "Prompt", "PromptMessage")
_MOST_PAGES = 100
_MOST_LISTED = 2_000
_MOST_LISTINGS = 3
_LONGEST_INSTRUCTIONS = 500


def mcp(
    server: str | Sequence[str],
    *,
    name: str | None = None,
    allow: Iterable[str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    headers: Mapping[str, str] | None = None,
    token: str | None = None,
    timeout_s: float = 30.0,
    max_response_bytes: int = 10_000_000,
) -> Toolbox:
    """Make a toolbox of a server of the Model Context Protocol. Close it when done: that ends a server it started.

    Each tool is a function: its arguments are those of its schema, object schemas are dataclasses, what may be left out
    defaults to None. A tool with an output schema returns that as types; others return text, an `Image`, bytes or a
    `Resource`, a list where there are several, None for nothing. Where the server has them, there are also
    `resources()`, `resource_templates()`, `read_resource(uri)`, `prompts()` and `prompt(name, arguments)`.

    A tool has the effect `read` if the server says that it only reads, else `write`. A server may lie: say what you
    know by `effects`.

    A call raises `McpError` when the server says that it failed, `TimeoutError` when there is no answer in time, and
    `ConnectionError` when the server has ended or cannot be reached. That is told once and no call is sent twice; the
    call after that starts a server anew (three times in a row at most), or connects again. A program that is stopped
    cancels its call at the server.

    Args:
        server: a command, as a text or as a list of its parts, or the address of a server for streamable HTTP.
        name: the name of the group: `name="files"` gives `files.read_text_file(...)`. None for no group.
        allow: names of tools, function names, or patterns of these such as `read_*`; None for all.
        effects: effects by names or patterns; the last one that matches decides.
        env: environment variables for a server that is started. Of this process's own it gets HOME, LOGNAME, PATH,
            SHELL, TERM and USER only.
        cwd: the folder that it is started in.
        headers: sent with every request to an address.
        token: sent as `Authorization: Bearer ...` to an address. No stub, error or answer shows it, nor the values of
            headers, nor of environment variables whose name says that they are secret (`API_KEY`).
        timeout_s: for one call, and for connecting, in seconds.
        max_response_bytes: longer answers are refused.

    Raises:
        ToolError: an option is wrong, or `allow` or `effects` names what is not there.
        ConnectionError, TimeoutError: the server cannot be started or reached.
    """
    require_sdk()
    if not timeout_s > 0:
        raise ToolError(f"timeout_s is {timeout_s}, and must be above 0")
    if max_response_bytes <= 0:
        raise ToolError(f"max_response_bytes is {max_response_bytes}, and must be above 0")
    place, secrets = place_of(
        server, env=check_texts("env", env), cwd=cwd, headers=check_texts("headers", headers), token=token
    )
    connection = Connection(place, secrets, timeout_s=timeout_s, most_bytes=max_response_bytes)
    try:
        return _Maker(connection, name or "", allow, effects or {}).toolbox()
    except BaseException:
        connection.close()
        raise


class _Maker:
    """Makes the toolbox of a connection."""

    def __init__(
        self, connection: Connection, name: str, allow: Iterable[str] | None, effects: Mapping[str, Effect]
    ) -> None:
        self._connection, self._name, self._effects = connection, name, effects
        self._contents = Contents(connection.secrets, connection.most_bytes)
        self._wanted = None if allow is None else [allow] if isinstance(allow, str) else list(allow)
        self._met: set[str] = set()
        self._known: list[str] = []
        self._tools: dict[str, Tool] = {}

    def toolbox(self) -> Toolbox:
        client = self._connection.connect()
        instructions = client.instructions or ""  # now: the server may end
        self._add_tools()
        self._connection.prepare = _list_tools
        self._add_resources_and_prompts(client)
        for pattern in set(self._wanted or ()) - self._met:
            raise ToolError(f"allow names {pattern!r}, which no tool is called{did_you_mean(pattern, self._known)}")
        said = self._connection.secrets.hidden(shortened(instructions, _LONGEST_INSTRUCTIONS))
        doc = f"What the server says of itself, for information only:\n\n{said}" if said else ""
        box = Toolbox(
            self._tools.values(),
            name=self._name,
            doc=doc if self._name else "",
            errors=[McpError],
            closing=self._connection.close,
        )
        return with_effects(box, self._effects)

    def _add_tools(self) -> None:
        chosen: list[tuple[str, Described, Any]] = []
        schemas, taken, seen = Schemas(), set(RESERVED), set()
        hidden = self._connection.secrets.hidden
        for described in self._described():
            if described.name in seen:
                _log.warning(
                    "%s lists the tool %r twice; the second is left out", self._connection.label, described.name
                )
                continue
            seen.add(described.name)
            wanted = snake_case(described.name)
            name = free(wanted, taken, "tool")
            if wanted in taken:
                _log.warning("the tool %r is called %s(), as %s() is another one", described.name, name, wanted)
            taken.add(name)
            if not self._is_wanted({name, described.name}):
                continue
            try:
                takes = schemas.add(name, hidden(described.input_schema))
                output = described.output_schema
                gives = None if output is None else schemas.add(f"{name} result", hidden(output), shared=True)
            except (ValueError, RecursionError) as error:
                raise ToolError(f"the tool {described.name!r:.80}: {error}") from None
            chosen.append((name, described, (takes, gives)))
        types = schemas.types(taken=RESERVED.union(_TYPES, [self._name]))
        for name, described, both in chosen:
            calls = Calls()
            try:
                function = build(name, described, both, types, self._connection, self._contents, calls)
            except ToolError as error:
                raise ToolError(f"the tool {described.name!r:.80}: {error}") from None
            hints = described.annotations
            read_only = hints is not None and hints.read_only_hint is True
            self._add(name, function, calls, "read" if read_only else "write")

    def _described(self) -> list[Described]:
        """The tools that the server lists. Some servers change them just after they were connected to."""
        for _ in range(_MOST_LISTINGS):
            self._connection.changed.discard("tools")
            found = self._listed("tools", lambda client, cursor: client.list_tools(cursor=cursor))
            if "tools" not in self._connection.changed:
                break
        return found

    def _add_resources_and_prompts(self, client: Client) -> None:
        capabilities = client.server_capabilities
        functions: list[Callable[..., Any]] = []
        if capabilities.resources is not None:
            functions += [self._resources(), self._read_resource()]
            if self._has_templates():
                functions.append(self._resource_templates())
        if capabilities.prompts is not None:
            functions += [self._prompts(), self._prompt()]
        for function in functions:
            name = free(function.__name__, self._tools, "tool")
            if self._is_wanted({name}):
                self._add(name, function, Calls(), "read")

    def _add(self, name: str, function: Callable[..., Any], calls: Calls, effect: Effect) -> None:
        # The connection keeps the time itself; this one is for what comes after it.
        timeout_s = self._connection.timeout_s + 5
        self._tools[name] = Tool(function, name=name, effect=effect, stop=calls.stop, timeout_s=timeout_s, scope={})

    def _is_wanted(self, names: set[str]) -> bool:
        self._known += sorted(names)
        if self._wanted is None:
            return True
        matching = [pattern for pattern in self._wanted if any(fnmatch.fnmatchcase(name, pattern) for name in names)]
        self._met.update(matching)
        return bool(matching)

    def _listed(self, kind: str, page: Callable[[Client, str | None], Awaitable[Any]]) -> list[Any]:
        """All pages of a list.

        Raises:
            McpError: it is longer than is read.
        """
        return self._connection.request(lambda client: _all_pages(client, kind, page))

    def _resources(self) -> Callable[..., Any]:
        def resources() -> list[Resource]:
            """The resources that the server lists; `read_resource(uri)` gives what one holds."""
            listed = self._listed("resources", lambda client, cursor: client.list_resources(cursor=cursor))
            return [self._contents.resource(found) for found in listed]

        return resources

    def _has_templates(self) -> bool:
        """Whether there are any: servers that know no templates need not know the question, either."""
        try:
            return bool(self._templates())
        except (McpError, ConnectionError, TimeoutError) as error:  # some answer nothing to it, and some end
            _log.info("%s does not list resource templates: %s", self._connection.label, error)
            return False

    def _templates(self) -> list[Resource]:
        kind = "resource_templates"
        listed = self._listed(kind, lambda client, cursor: client.list_resource_templates(cursor=cursor))
        return [self._contents.template(found) for found in listed]

    def _resource_templates(self) -> Callable[..., Any]:
        def resource_templates() -> list[Resource]:
            """Resources by pattern: `read_resource` takes the `uri` once each `{name}` in it is replaced by a value."""
            return self._templates()

        return resource_templates

    def _read_resource(self) -> Callable[..., Any]:
        def read_resource(uri: str) -> Any:
            """What a resource holds: text, an Image or bytes, a list where there are several parts."""
            answer = self._connection.request(lambda client: client.read_resource(uri))
            return self._contents.one(list(answer.contents), "the resource")

        return read_resource

    def _prompts(self) -> Callable[..., Any]:
        def prompts() -> list[Prompt]:
            """The prepared texts that the server lists; `prompt(name, arguments)` gives one."""
            hidden = self._connection.secrets.hidden
            return [
                Prompt(
                    hidden(found.name),
                    hidden(found.description or ""),
                    [f"{each.name}{'' if each.required else '?'}" for each in found.arguments or []],
                )
                for found in self._listed("prompts", lambda client, cursor: client.list_prompts(cursor=cursor))
            ]

        return prompts

    def _prompt(self) -> Callable[..., Any]:
        def prompt(name: str, arguments: dict[str, str] | None = None) -> list[PromptMessage]:
            """The messages of a prepared text, with its arguments put in."""
            answer = self._connection.request(lambda client: client.get_prompt(name, arguments))
            values = self._contents.values([message.content for message in answer.messages], "the prompt")
            return [PromptMessage(m.role, value) for m, value in zip(answer.messages, values, strict=True)]

        return prompt


async def _all_pages(client: Client, kind: str, page: Callable[[Client, str | None], Awaitable[Any]]) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        answer = await page(client, cursor)
        found += getattr(answer, kind)
        cursor = answer.next_cursor
        if len(found) > _MOST_LISTED:
            break
        if cursor is None:
            return found
    raise McpError(f"the server lists more {kind} than the {_MOST_LISTED:,} that are read")


async def _list_tools(client: Client) -> None:
    """What the SDK wants to have seen before it calls a tool of a server that was started anew."""
    await _all_pages(client, "tools", lambda client, cursor: client.list_tools(cursor=cursor))
