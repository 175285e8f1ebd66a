"""The protocol's requests, answered by the desk of the client that sends them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio

from codeact.errors import CodeActError
from codeact_adapters._mcp.serving.answers import file_of, file_uri
from codeact_adapters._mcp.serving.desk import Answer, Desk
from codeact_adapters._mcp.serving.sessions import OWN, Sessions, connection_of
from codeact_adapters._mcp.serving.work import Question, Work

if TYPE_CHECKING:
    from mcp.server import Server, ServerRequestContext
    from mcp_types import CallToolResult, InputRequiredResult

    Context = ServerRequestContext[Any, Any]

STUBS_URI = "codeact://stubs"
_LONGEST_STUBS = 12_000  # characters in a description; the resource has them whole
_PROGRESS_S = 2.0
_LARGEST_FILE = 16 * 1024 * 1024
_QUESTION = "approval"
_SESSION = {"type": "string", "description": "The session, as an earlier answer named it; leave it out for a new one."}


@dataclass(frozen=True)
class Offer:
    """One tool of the server.

    Attributes:
        description: for a reader.
        arguments: argument name to JSON schema.
        required: the names of those that must be given.
        reads: whether it changes nothing.
    """

    description: str
    arguments: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()
    reads: bool = False


class Service:
    """Serves the sessions' desks to clients."""

    def __init__(
        self, sessions: Sessions[Any], offers: Mapping[str, Offer], *, stubs: str, about: str, many: bool
    ) -> None:
        """Prepare to serve.

        Args:
            offers: the tools, by name; those of the desks, without `interrupt`.
            stubs: what programs may call.
            about: what the server is, for a reader.
            many: whether there are several clients, which may have to name their session.
        """
        self._sessions, self._stubs, self._about, self._many = sessions, stubs, about, many
        self._offers = {
            **offers,
            "interrupt": Offer("End the program that runs in the session. What it moves is brought to rest first.", {}),
        }
        self._suspended: dict[str, tuple[Desk, Work, Question]] = {}

    def server(self) -> Server[Any]:
        """The server, as the protocol's SDK wants it."""
        from mcp.server.lowlevel import Server

        return Server(
            "codeact",
            version=version("codeact"),
            instructions=self._about,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_read_resource=self._read_resource,
        )

    # ---- tools -------------------------------------------------------------------------------------------------------

    async def _list_tools(self, context: Context, params: Any) -> Any:
        from mcp_types import ListToolsResult, Tool, ToolAnnotations

        return ListToolsResult(
            tools=[
                Tool(
                    name=name,
                    description=offer.description,
                    input_schema={
                        "type": "object",
                        "properties": {**offer.arguments, **({"session": _SESSION} if self._many else {})},
                        "required": list(offer.required),
                        "additionalProperties": False,
                    },
                    annotations=ToolAnnotations(read_only_hint=offer.reads, open_world_hint=False),
                )
                for name, offer in self._offers.items()
            ]
        )

    async def _call_tool(self, context: Context, params: Any) -> CallToolResult | InputRequiredResult:
        from mcp_types import CallToolResult, TextContent

        try:
            if params.request_state is not None:
                desk, work = self._resumed(params.request_state, params.input_responses)
                return await self._attend(context, desk, work)
            given = self._checked(params.name, dict(params.arguments or {}))
            desk = self._sessions.of(context, given.pop("session", None))
            if params.name == "interrupt":
                return await self._interrupt(desk)
            await desk.at_rest()
            return await self._attend(context, desk, desk.begin(params.name, given))
        except CodeActError as problem:
            return CallToolResult(content=[TextContent(text=str(problem))], is_error=True)

    def _checked(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call, as the tool's schema has them.

        Raises:
            CodeActError: there is no such tool, or its arguments are others.
        """
        from jsonschema import Draft202012Validator

        offer = self._offers.get(name)
        if offer is None:
            raise CodeActError(f"there is no tool {name[:60]!r}; there are {', '.join(self._offers)}")
        schema = {
            "type": "object",
            "properties": {**offer.arguments, "session": _SESSION},
            "required": list(offer.required),
            "additionalProperties": False,
        }
        problem = next(Draft202012Validator(schema).iter_errors(given), None)
        if problem is not None:
            raise CodeActError(f"{name}: {problem.message[:300]}")
        return given

    async def _interrupt(self, desk: Desk) -> CallToolResult:
        from mcp_types import CallToolResult, TextContent

        running = desk.work is not None and not desk.work.outcome.done()
        if desk.work is not None and running:
            await desk.work.end()
        text = "The program was ended." if running else "No program was running."
        return CallToolResult(content=[TextContent(text=text)], structured_content={"ended": running})

    async def _attend(self, context: Context, desk: Desk, work: Work) -> CallToolResult | InputRequiredResult:
        """Wait for the work, and have its questions answered meanwhile."""
        try:
            while (question := await self._next(context, work)) is not None:
                required = await self._put(context, desk, work, question)
                if required is not None:
                    return required
            return self._result(context, desk, work.outcome.result())
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await work.end()
            raise
        except CodeActError:
            raise
        except Exception as problem:
            raise CodeActError(f"{type(problem).__name__}: {problem}") from problem

    async def _next(self, context: Context, work: Work) -> Question | None:
        """The next question; clients that want to hear of progress hear that it goes on."""
        began = time.monotonic()
        waiting = asyncio.ensure_future(work.next())
        try:
            while not (await asyncio.wait({waiting}, timeout=_PROGRESS_S))[0]:
                seconds = time.monotonic() - began
                await context.session.report_progress(seconds, message=f"running for {seconds:.0f} s")
            return waiting.result()
        finally:
            waiting.cancel()

    async def _put(self, context: Context, desk: Desk, work: Work, question: Question) -> InputRequiredResult | None:
        """Ask the client. Where the protocol has no requests of a server, the question is the answer to the call."""
        from mcp import MCPError
        from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult
        from mcp_types.version import MODERN_PROTOCOL_VERSIONS

        capabilities = context.session.client_capabilities
        forms = capabilities.elicitation if capabilities is not None else None
        if forms is None or (forms.form is None and forms.url is not None):  # an empty one means forms
            question.refuse(
                f"{question.tool}() needs an approval, and this client cannot ask anybody (it has no elicitation); "
                "whoever starts the server may say --approve always"
            )
            return None
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            form = ElicitRequestFormParams(message=question.text, requested_schema=question.schema)
            state = secrets.token_urlsafe(24)
            self._suspended[state] = (desk, work, question)
            work.outcome.add_done_callback(lambda _: self._suspended.pop(state, None))
            return InputRequiredResult(input_requests={_QUESTION: ElicitRequest(params=form)}, request_state=state)
        try:
            answer = await context.session.elicit_form(question.text, question.schema, context.request_id)
        except MCPError as problem:
            question.refuse(f"the client could not ask: {problem.message[:200]}")
        else:
            question.answer(answer.action, answer.content)
        return None

    def _resumed(self, state: str, responses: Any) -> tuple[Desk, Work]:
        """The work that waits for these answers.

        Raises:
            CodeActError: none does.
        """
        found = self._suspended.pop(state, None)
        if found is None:
            raise CodeActError("no program waits for this answer any more; it has ended, or nobody answered in time")
        desk, work, question = found
        answer = (responses or {}).get(_QUESTION)
        question.answer(getattr(answer, "action", "cancel"), getattr(answer, "content", None))
        return desk, work

    def _result(self, context: Context, desk: Desk, answer: Answer) -> CallToolResult:
        from mcp_types import CallToolResult, TextContent

        data = dict(answer.data)
        content = list(answer.content)
        if context.request is not None and connection_of(context) is None:
            data["session"] = desk.key
            content.append(TextContent(text=f"(session: {desk.key})"))
        return CallToolResult(content=content, structured_content=data, is_error=answer.failed)

    # ---- resources ---------------------------------------------------------------------------------------------------

    async def _list_resources(self, context: Context, params: Any) -> Any:
        from mcp_types import ListResourcesResult, Resource

        stubs = Resource(uri=STUBS_URI, name="stubs", description="What programs may call.", mime_type="text/x-python")
        own = self._sessions.get(OWN)
        files = [
            Resource(uri=file_uri(OWN, path), name=path, mime_type=file.media_type, size=file.size)
            for path, file in (own.files() if own is not None else {}).items()
        ]
        return ListResourcesResult(resources=[stubs, *files])

    async def _read_resource(self, context: Context, params: Any) -> Any:
        import base64

        from mcp import MCPError
        from mcp_types import INVALID_PARAMS, BlobResourceContents, ReadResourceResult, TextResourceContents

        if params.uri == STUBS_URI:
            text = TextResourceContents(uri=STUBS_URI, mime_type="text/x-python", text=self._stubs)
            return ReadResourceResult(contents=[text])
        key, path = file_of(params.uri)
        desk = self._sessions.get(key)
        file = desk.files().get(path) if desk is not None else None
        if file is None:
            raise MCPError(INVALID_PARAMS, f"there is no resource {params.uri[:200]}")
        try:
            data = await asyncio.to_thread(file.read_bytes, _LARGEST_FILE)
        except CodeActError as problem:
            raise MCPError(INVALID_PARAMS, str(problem)) from None
        with contextlib.suppress(UnicodeDecodeError):
            if file.media_type.startswith("text/") or file.media_type == "application/json":
                found = TextResourceContents(uri=params.uri, mime_type=file.media_type, text=data.decode())
                return ReadResourceResult(contents=[found])
        encoded = base64.b64encode(data).decode()
        blob = BlobResourceContents(uri=params.uri, mime_type=file.media_type, blob=encoded)
        return ReadResourceResult(contents=[blob])


def with_stubs(text: str, stubs: str, names: list[str]) -> str:
    """A description with the stubs in it, or with the names where the stubs are long."""
    if not names:
        return f"{text} Programs have no tools here but Python itself."
    if len(stubs) <= _LONGEST_STUBS:
        return f"{text}\n\nPrograms may call, without an import:\n\n{stubs}"
    listed = json.dumps(names)[1:-1].replace('"', "")[:_LONGEST_STUBS]
    return (
        f"{text}\n\nPrograms may call, without an import: {listed}. `help(name)` in a program prints how, and the "
        f"resource {STUBS_URI} has them all."
    )
