"""Where a server is: a command that starts it, or an address that it listens at."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codeact.errors import ToolError
from codeact_adapters._mcp.secrets import secrets_of
from codeact_adapters.secrets import Secrets

if TYPE_CHECKING:
    from mcp.client import Transport

_KEPT_OUTPUT = 2_000  # bytes of a server's standard error, to say why it ended


class Trouble:
    """What a transport saw go wrong, in words; the protocol itself tells no more than that it is closed."""

    def __init__(self) -> None:
        self.status = 0
        self._output = b""

    def heard(self, data: bytes) -> None:
        self._output = (self._output + data)[-_KEPT_OUTPUT:]

    @property
    def output(self) -> str:
        """The end of what the server wrote to its standard error."""
        return self._output.decode(errors="replace").strip()


class Command:
    """A server that is started as a process and talks over its standard input and output."""

    restarts = True

    def __init__(self, command: Sequence[str], env: Mapping[str, str], cwd: str | os.PathLike[str] | None) -> None:
        if not command or not all(type(part) is str and part and "\0" not in part for part in command):
            raise ToolError(f"a command is a list of texts, such as ['npx', 'some-server'], not {list(command)!r:.80}")
        self._command, self._env = list(command), dict(env)
        self._cwd = None if cwd is None else Path(cwd)
        self.label = f"the server {Path(command[0]).name!r}"  # its arguments may hold secrets

    @contextlib.asynccontextmanager
    async def transport(self, trouble: Trouble, timeout_s: float, most_bytes: int) -> AsyncIterator[Transport]:
        """The transport to a process, which is started and ended by whoever enters and leaves it.

        Raises:
            ConnectionError: it cannot be started.
        """
        from codeact_adapters._mcp.process import process_transport

        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        loop = asyncio.get_running_loop()

        def hear() -> None:
            data = b""
            with contextlib.suppress(BlockingIOError):
                data = os.read(reading, 65_536)
            trouble.heard(data)
            if not data:
                loop.remove_reader(reading)

        try:
            with os.fdopen(writing, "w") as errors:
                loop.add_reader(reading, hear)
                yield process_transport(
                    self._command, env=self._env, cwd=self._cwd, errors=errors, most_bytes=_on_the_wire(most_bytes)
                )
        finally:
            hear()
            loop.remove_reader(reading)
            os.close(reading)


class Address:
    """A server that listens at an address, for streamable HTTP."""

    restarts = False

    def __init__(self, url: str, headers: Mapping[str, str], token: str | None) -> None:
        from codeact_adapters._http.network import address

        base = address(url)
        if base.scheme not in ("http", "https") or not base.host:
            raise ToolError(f"the address of a server begins with http:// or https:// and names a host, not {url!r}")
        if base.userinfo or base.fragment:
            raise ToolError("the address must have no user, password or fragment; pass a token as token=...")
        if token is not None and (not token or not token.isascii() or not token.isprintable() or " " in token):
            raise ToolError("the token must be printable ASCII without spaces")
        self._url = url
        self._loopback = base.host in ("localhost", "::1") or base.host.startswith("127.")
        # What is not compressed is as long as it looks.
        self._headers = {"User-Agent": "codeact", "Accept-Encoding": "identity", **headers}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self.label = f"the server at {base.copy_with(query=None)}"

    @contextlib.asynccontextmanager
    async def transport(self, trouble: Trouble, timeout_s: float, most_bytes: int) -> AsyncIterator[Transport]:
        """The transport to the address. Redirects to another host are not followed."""
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        from codeact_adapters._mcp.answers import bounded

        async def note(response: httpx2.Response) -> None:
            if response.status_code >= 400:
                trouble.status = response.status_code
            bounded(response, _on_the_wire(most_bytes))

        client = httpx2.AsyncClient(
            headers=self._headers,
            timeout=httpx2.Timeout(timeout_s, read=None),  # a call's own deadline ends it
            trust_env=not self._loopback,  # a proxy of the environment has no way to this machine's own addresses
            event_hooks={"response": [note]},
        )
        async with client:
            yield streamable_http_client(self._url, http_client=client, max_sse_event_size=_on_the_wire(most_bytes))


Place = Command | Address


def _on_the_wire(most_bytes: int) -> int:
    """How long a message may be whose answer is not too long: it may say everything twice, with much escaped."""
    return 4 * most_bytes + 100_000


def place_of(
    server: str | Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | os.PathLike[str] | None,
    headers: Mapping[str, str],
    token: str | None,
) -> tuple[Place, Secrets]:
    """Where a server is, out of what a user wrote.

    Raises:
        ToolError: it is neither a command nor an address, or an option does not go with it.
    """
    secrets = secrets_of(token, headers, env)
    if isinstance(server, str) and server.startswith(("http://", "https://")):
        if env or cwd is not None:
            raise ToolError("env and cwd are for a server that is started by a command, not for one at an address")
        return Address(server, headers, token), secrets
    if headers or token is not None:
        raise ToolError("headers and token are for a server at an address; a command takes env={'API_KEY': ...}")
    if isinstance(server, str):
        try:
            server = shlex.split(server)
        except ValueError as problem:
            raise ToolError(f"the command cannot be taken apart: {problem}; pass a list of its parts") from None
    return Command(server, env, cwd), secrets


def require_sdk() -> None:
    """Say what to install, where the protocol's SDK is missing.

    Raises:
        ToolError: it is.
    """
    if importlib.util.find_spec("mcp") is None:
        raise ToolError("the Model Context Protocol needs its SDK: pip install 'codeact[mcp]'")
