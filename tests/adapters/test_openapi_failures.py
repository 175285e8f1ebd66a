"""What a program sees when a service fails: raw sockets that die, stall, lie, refuse and flood."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from codeact.errors import ToolError
from codeact.sandbox import Limits, Sandbox
from codeact.tools import Toolbox
from codeact_adapters import HttpError, openapi

Handler = Callable[[socket.socket, int], None]


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


JSON = "Content-Type: application/json"


class Raw:
    """A server of one handler, which gets each connection after its request was read, and the connection's number."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(65536)
                self.requests.append(request)
                self._handler(connection, len(self.requests))
            except OSError:
                pass

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def raw() -> Iterator[Callable[[Handler], Raw]]:
    made: list[Raw] = []

    def make(handler: Handler) -> Raw:
        made.append(Raw(handler))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codeact_adapters._openapi.retry._FIRST_PAUSE_S", 0.001)


COUNT = {
    "200": {"content": {"application/json": {"schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}}}
}


def box(server: Raw, **options: Any) -> Toolbox:
    methods = {
        method: {"operationId": method, "responses": COUNT} for method in ("get", "post", "put", "delete", "patch")
    }
    return openapi({"openapi": "3.0.3", "paths": {"/n": methods}}, base_url=server.address, **options)


def call(box: Toolbox, name: str = "get", **arguments: Any) -> Any:
    return box[name].invoke(box[name].bind((), arguments))


def failing(times: int, *failure: bytes, then: bytes = answer("200 OK", b'{"n": 1}', JSON)) -> Handler:
    def handler(connection: socket.socket, number: int) -> None:
        connection.sendall(failure[0] if number <= times else then)

    return handler


@pytest.mark.parametrize("status", ["429 Slow down", "502 Bad", "503 Busy", "504 Timeout"])
@pytest.mark.parametrize(("method", "asked"), [("get", 3), ("put", 3), ("delete", 3), ("post", 1), ("patch", 1)])
def test_what_may_pass_is_tried_again_where_that_is_safe(
    raw: Callable[[Handler], Raw], status: str, method: str, asked: int
) -> None:
    server = raw(failing(2, answer(status)))
    if asked == 1:
        with pytest.raises(HttpError, match=f"HTTP {status[:3]} from {method.upper()} /n"):
            call(box(server), method)
    else:
        assert call(box(server), method).n == 1
    assert len(server.requests) == asked


def test_post_is_tried_again_if_told(raw: Callable[[Handler], Raw]) -> None:
    assert call(box(raw(failing(1, answer("503 Busy"))), retry_posts=True), "post").n == 1
    with pytest.raises(HttpError, match="HTTP 503"):
        call(box(raw(failing(1, answer("503 Busy"))), retries=0))


@pytest.mark.parametrize("status", ["500 Broken", "400 Bad", "404 None", "409 Conflict"])
def test_what_does_not_pass_is_not_tried_again(raw: Callable[[Handler], Raw], status: str) -> None:
    server = raw(failing(1, answer(status, b'{"why": "so"}', JSON)))
    with pytest.raises(HttpError, match=rf'HTTP {status[:3]} from GET /n: {{"why": "so"}}'):
        call(box(server))
    assert len(server.requests) == 1


def test_retry_after_is_kept_to(raw: Callable[[Handler], Raw]) -> None:
    server = raw(failing(1, answer("429 Slow down", b"", "Retry-After: 1")))
    started = time.monotonic()
    assert call(box(server)).n == 1
    assert time.monotonic() - started >= 1
    impatient = raw(failing(1, answer("429 Slow down", b"slowly", "Retry-After: 3600")))
    started = time.monotonic()
    with pytest.raises(HttpError, match=r"HTTP 429 from GET /n: slowly \(it asks to be called again after 3600 s\)"):
        call(box(impatient, timeout_s=30))
    assert time.monotonic() - started < 20
    raised = raw(failing(1, answer("429 Slow down", b"", "Retry-After: \xb2")))
    assert call(box(raised)).n == 1
    dated = raw(failing(1, answer("503 Busy", b"", "Retry-After: Fri, 01 Jan 2021 00:00:00 GMT")))
    assert call(box(dated)).n == 1


def test_a_service_that_dies_in_mid_call(raw: Callable[[Handler], Raw]) -> None:
    def dies(connection: socket.socket, number: int) -> None:
        if number == 1:
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"n":')  # and no more

    server = raw(dies)
    with pytest.raises(ConnectionError, match="POST /n: the service could not be reached or broke off"):
        call(box(server), "post")
    assert len(server.requests) == 1

    def recovers(connection: socket.socket, number: int) -> None:
        dies(connection, number)
        if number > 1:
            connection.sendall(answer("200 OK", b'{"n": 2}', JSON))

    assert call(box(raw(recovers))).n == 2


def test_a_service_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    gone = openapi({"openapi": "3.0.3", "paths": {"/n": {"get": {"operationId": "get"}}}}, base_url=address)
    with pytest.raises(ConnectionError, match="GET /n: the service could not be reached or broke off"):
        call(gone)


def test_retries_end_with_the_time_of_the_call(raw: Callable[[Handler], Raw]) -> None:
    server = raw(failing(10**6, answer("503 Busy", b"", "Retry-After: 1")))
    started = time.monotonic()
    with pytest.raises(HttpError, match="HTTP 503"):
        call(box(server, retries=100, timeout_s=1.5))
    assert time.monotonic() - started < 15


def flood(connection: socket.socket, number: int) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b" " * 1_000_000)


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x"),
    ],
    ids=["header", "hints", "trailer"],
)
def test_the_time_limit_holds_also_where_something_always_comes(
    raw: Callable[[Handler], Raw], first: bytes, more: bytes
) -> None:
    def drip(connection: socket.socket, number: int) -> None:
        connection.sendall(first)
        for _ in range(300):
            time.sleep(0.02)
            connection.sendall(more)

    with pytest.raises(TimeoutError, match=r"GET /n: no answer within 0.5 s"):
        call(box(raw(drip), timeout_s=0.5, retries=0))


def test_an_answer_of_a_gigabyte_stops_at_the_limit(raw: Callable[[Handler], Raw]) -> None:
    sent = [0]

    def counted(connection: socket.socket, number: int) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b" " * 100_000)
            sent[0] += 100_000

    with pytest.raises(HttpError, match="GET /n: the answer is longer than 1,000,000 bytes"):
        call(box(raw(counted), max_response_bytes=1_000_000))
    assert sent[0] < 50_000_000


def test_a_compressed_answer_of_a_gigabyte_stops_at_the_limit(raw: Callable[[Handler], Raw]) -> None:
    packed = gzip.compress(bytes(50_000_000))
    bomb = raw(lambda connection, number: connection.sendall(answer("200 OK", packed, "Content-Encoding: gzip")))
    with pytest.raises(HttpError, match="GET /n: the answer is longer than 1,000,000 bytes"):
        call(box(bomb, max_response_bytes=1_000_000))
    fair = answer("200 OK", gzip.compress(b'{"n": 5}'), "Content-Encoding: gzip", JSON)
    assert call(box(raw(lambda connection, number: connection.sendall(fair)))).n == 5
    for body, encoding in ((b"no gzip", "gzip"), (gzip.compress(b'{"n": 5}')[:-12], "gzip"), (b"x", "br")):
        broken = answer("200 OK", body, f"Content-Encoding: {encoding}")
        with pytest.raises(HttpError, match="GET /n: the answer cannot be read: it"):
            call(box(raw(lambda connection, number, sent=broken: connection.sendall(sent))))  # type: ignore[misc]


def test_calls_keep_their_pace(raw: Callable[[Handler], Raw]) -> None:
    server = raw(failing(0, b""))
    paced = box(server, calls_per_s=10)
    started = time.monotonic()
    for _ in range(4):
        call(paced)
    assert time.monotonic() - started >= 0.3
    hurried = box(server, calls_per_s=0.1, timeout_s=0.5)
    call(hurried)
    with pytest.raises(TimeoutError, match="GET /n: more calls wait than calls_per_s lets pass in time"):
        call(hurried)


@pytest.mark.parametrize("options", [{"retries": -1}, {"calls_per_s": 0}, {"timeout_s": 0}, {"max_response_bytes": 0}])
def test_limits_that_make_no_sense_are_refused(raw: Callable[[Handler], Raw], options: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match=r"and must be (above|at least) 0"):
        box(raw(failing(0, b"")), **options)


PROGRAM = """
def said(f):
    try:
        return f()
    except (HttpError, TimeoutError, ConnectionError) as error:
        return f"{type(error).__name__}: {error}"

said(get)
"""


@pytest.mark.parametrize(
    ("handler", "seen"),
    [
        (failing(9, answer("500 Broken", b"oh")), "HttpError: HTTP 500 from GET /n: oh"),
        (failing(9, answer("429 Slow", b"no")), "HttpError: HTTP 429 from GET /n: no"),
        (failing(9, answer("200 OK", b"{'n'", JSON)), "HttpError: GET /n: the answer says it is JSON and is not: {'n'"),
        (
            failing(9, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
            "ConnectionError: GET /n: ",
        ),
        (
            failing(9, b"SSH-2.0-OpenSSH_9.6\r\n"),
            "ConnectionError: GET /n: the service could not be reached or broke off",
        ),
        (lambda connection, number: time.sleep(2), "TimeoutError: GET /n: no answer within 0.5 s"),
        (flood, "HttpError: GET /n: the answer is longer than 1,000,000 bytes"),
        (failing(9, answer("200 OK", b'{"n": "many", "more": 1}', JSON)), "Get"),
        (failing(9, answer("200 OK", b"[1]", JSON)), [1]),
        (failing(9, answer("401 No", b"expired")), "HttpError: HTTP 401 from GET /n: expired"),
    ],
)
def test_what_a_program_sees(raw: Callable[[Handler], Raw], handler: Handler, seen: Any) -> None:
    tools = box(raw(handler), timeout_s=0.5, max_response_bytes=1_000_000, allow=["get"])
    with Sandbox(tools, limits=Limits(wall_s=20)) as sandbox:
        result = sandbox.run(PROGRAM)
        assert sandbox.run("1 + 1").value == 2
    assert result.ok, result.error
    if isinstance(seen, str) and seen != "Get":
        assert str(result.value).startswith(seen)
    elif seen == "Get":  # a value of another type than the document says is given as it came
        assert result.value.n == "many"
    else:
        assert result.value == seen


def test_a_proxy_of_the_environment_looks_names_up(
    raw: Callable[[Handler], Raw], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = raw(failing(0, b""))
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.address)
    monkeypatch.setenv("no_proxy", "")
    document = {"openapi": "3.0.3", "paths": {"/n": {"get": {"operationId": "get", "responses": COUNT}}}}
    assert call(openapi(document, base_url="http://shop.example", token="my-secret-token")).n == 1
    assert proxy.requests[0].startswith(b"GET http://shop.example/n HTTP/1.1\r\n")
    assert b"Authorization: Bearer my-secret-token\r\n" in proxy.requests[0]
    direct = raw(failing(0, b""))  # a proxy has no way to this machine's own addresses
    assert call(openapi(document, base_url=direct.address)).n == 1
    assert (len(proxy.requests), len(direct.requests)) == (1, 1)
