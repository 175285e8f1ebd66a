"""A web server on this machine for one service, and a client of it: real requests over a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, Any]
Respond = Callable[[str, str, Mapping[str, str], Any], Answer]
"""Takes the method, the path, the query and the body, and gives the status and what is sent back."""
_POLL_S = 0.05  # how often the server looks whether it is to end
_TIMEOUT_S = 30.0


class LocalServer:
    """Serves on a free port of 127.0.0.1, from the first request until `close`.

    Args:
        respond: answers a request; called from the server's own threads, one request at a time.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._server: ThreadingHTTPServer | None = None
        self._connection: HTTPConnection | None = None

    def request(self, method: str, path: str, body: str | None = None) -> Answer:
        """Send a request with a body of JSON and wait for its answer: the status, and what its JSON says."""
        headers = {} if body is None else {"Content-Type": "application/json"}
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port(), timeout=_TIMEOUT_S)
        try:
            self._connection.request(method, path, body=body, headers=headers)
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (HTTPException, OSError):
            self._connection.close()
            self._connection = None
            raise

    def close(self) -> None:
        """End the server. A later request starts another one."""
        server, self._server = self._server, None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if server is not None:
            server.shutdown()
            server.server_close()

    def _port(self) -> int:
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._respond))
            self._server.daemon_threads = True
            threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True).start()
        return self._server.server_port


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps the connection
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body leave in one packet

        def _serve(self) -> None:
            split = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            try:
                body = json.loads(text) if text else None
            except ValueError:
                status, value = 400, {"detail": "the body is no JSON"}
            else:
                with lock:
                    status, value = respond(self.command, split.path, dict(parse_qsl(split.query)), body)
            sent = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
