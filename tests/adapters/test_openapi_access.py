"""Who calls, and where calls may go: credentials, their secrecy, and addresses that must not be reached."""

from __future__ import annotations

import base64
import logging
import socket
import threading
from typing import Any

import httpcore
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import HttpError, api_key, basic, bearer, oauth2, openapi
from codeact_adapters._http.network import resolved

SECRET = "nobody-sees-this/4711+"


class Service:
    """A service whose tokens it can withdraw, and which repeats everything that it is sent."""

    def __init__(self) -> None:
        self.elsewhere = ""
        self.given = 0
        self.valid = ""
        self.life_s: Any = 3600
        self.asked: list[dict[str, str]] = []
        self.app = Starlette(
            routes=[
                Route("/token", self.token, methods=["POST"]),
                Route("/guarded", self.guarded),
                Route("/away", self.away),
                Route("/echo", self.echo, methods=["GET", "POST"]),
            ]
        )

    async def token(self, request: Request) -> Response:
        form = dict(pair.split("=", 1) for pair in (await request.body()).decode().split("&"))
        self.asked.append({**form, "authorization": request.headers.get("authorization", "")})
        sent = request.headers.get("authorization", "")
        if base64.b64encode(b"me:client-secret").decode() not in sent and form.get("client_secret") != "client-secret":
            return JSONResponse({"error": "invalid_client", "you sent": sent}, status_code=401)
        self.given += 1
        self.valid = f"access-token-{self.given}"
        return JSONResponse({"access_token": self.valid, "expires_in": self.life_s})

    async def guarded(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.valid}":
            return JSONResponse({"detail": f"{request.headers.get('authorization')} has expired"}, status_code=401)
        return JSONResponse(request.headers["authorization"])

    async def away(self, request: Request) -> Response:
        return RedirectResponse(f"{self.elsewhere}/echo")

    async def echo(self, request: Request) -> Response:
        sent = {"headers": dict(request.headers), "query": str(request.url.query)}
        return JSONResponse(sent, headers={"Set-Cookie": "visitor=1; Path=/"})


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


@pytest.fixture(scope="module")
def address(serve: Any, service: Service) -> str:
    service.elsewhere = serve(Service().app).replace("127.0.0.1", "localhost")
    return serve(service.app)  # type: ignore[no-any-return]


def box(address: str, **options: Any) -> Toolbox:
    paths = {f"/{name}": {"get": {"operationId": name}} for name in ("guarded", "away", "echo")}
    return openapi({"openapi": "3.0.3", "paths": paths}, base_url=address, **options)


AUTHS: list[tuple[Any, str, str]] = [
    ({"bearer": SECRET}, "authorization", f"Bearer {SECRET}"),
    ({"api_key": {"value": SECRET, "header": "X-Key"}}, "x-key", SECRET),
    (bearer(SECRET), "authorization", f"Bearer {SECRET}"),
    (basic("me", SECRET), "authorization", f"Basic {base64.b64encode(f'me:{SECRET}'.encode()).decode()}"),
    (api_key(SECRET, header="X-Key"), "x-key", SECRET),
    (api_key(SECRET, cookie="session"), "cookie", "session=nobody-sees-this%2F4711%2B"),
    (api_key(SECRET, query="key"), "query", "key=nobody-sees-this%2F4711%2B"),
]


@pytest.mark.parametrize(("auth", "place", "value"), AUTHS)
def test_credentials_are_sent_and_nothing_shows_them(
    address: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, auth: Any, place: str, value: str
) -> None:
    monkeypatch.setattr("codeact_adapters._openapi.client.hidden_bytes", lambda data, auth: data)
    raw = box(address, auth=auth)["echo"].invoke({})
    assert (raw["query"] if place == "query" else raw["headers"][place]) == value  # it is sent
    monkeypatch.undo()
    with caplog.at_level(logging.DEBUG):
        shown = box(address, auth=auth)
        answer = shown["echo"].invoke({})
    shapes = (SECRET, value.split()[-1].removeprefix("session=").removeprefix("key="))
    everything = f"{answer} {shown!r} {shown.stubs()} {vars(shown['echo'])} {caplog.text}"
    assert not any(shape in everything for shape in shapes)


def test_a_service_that_wants_several_credentials_gets_them_all(address: str, service: Service) -> None:
    two = [{"api_key": {"value": SECRET, "header": "X-Key"}}, api_key("another-secret-12", query="app")]
    sent = box(address, auth=two)["echo"].invoke({})
    assert sent == {"headers": {**sent["headers"], "x-key": "[token]"}, "query": "app=[token]"}
    token = {"oauth2": {"token_url": f"{address}/token", "client_id": "me", "client_secret": "client-secret"}}
    guarded = box(address, auth=[token, api_key(SECRET, header="X-Key")])["guarded"]
    assert guarded.invoke({}) == "Bearer [token]"
    service.valid = "withdrawn"
    assert guarded.invoke({}) == "Bearer [token]", "a new one is fetched"
    for clashing in ([], [bearer("a-token"), basic("me", "a-password")]):
        with pytest.raises(ToolError, match="credentials that go to different places"):
            box(address, auth=clashing)


def test_oauth2_fetches_a_token_once_and_anew_when_it_ends(address: str, service: Service) -> None:
    service.given, service.life_s = 0, 3600
    guarded = box(address, auth=oauth2(f"{address}/token", "me", "client-secret", scope="read all"))
    assert [guarded["guarded"].invoke({}) for _ in range(3)] == ["Bearer [token]"] * 3
    assert service.given == 1
    assert service.asked[-1]["scope"] == "read%20all"
    service.valid = "withdrawn"  # as if it had ended early: 401, and a new one
    assert guarded["guarded"].invoke({}) == "Bearer [token]"
    assert service.given == 2
    service.life_s = 0.001
    service.valid = "withdrawn"
    assert guarded["guarded"].invoke({}) == "Bearer [token]"
    threading.Event().wait(0.01)
    assert guarded["guarded"].invoke({}) == "Bearer [token]"
    assert service.given == 4
    service.life_s = 10**400
    service.valid = "withdrawn"
    assert guarded["guarded"].invoke({}) == "Bearer [token]"
    service.life_s = 3600
    by_form = box(address, auth=oauth2(f"{address}/token", "me", "client-secret", in_form=True))
    assert by_form["guarded"].invoke({}) == "Bearer [token]"
    assert (service.asked[-1]["client_secret"], service.asked[-1]["authorization"]) == ("client-secret", "")


def test_oauth2_that_fails_says_so_and_shows_nothing(address: str) -> None:
    wrong = box(address, auth=oauth2(f"{address}/token", "me", "wrong-client-secret"))
    with pytest.raises(HttpError, match="HTTP 401 from POST for an OAuth2 token") as caught:
        wrong["guarded"].invoke({})
    encoded = base64.b64encode(b"me:wrong-client-secret").decode()
    assert "wrong-client-secret" not in str(caught.value)
    assert encoded not in str(caught.value) + caught.value.text
    with pytest.raises(ToolError, match="has no usable `access_token`"):
        box(address, auth=oauth2(f"{address}/echo", "me", "client-secret"))["guarded"].invoke({})


def test_credentials_that_stay_refused_are_told(address: str, service: Service) -> None:
    service.given = 0
    with pytest.raises(HttpError, match=r'HTTP 401 from GET /guarded: {"detail":"Bearer \[token\] has expired"}'):
        box(address, token="a-wrong-token")["guarded"].invoke({})
    elsewhere = box(service.elsewhere, auth=oauth2(f"{address}/token", "me", "client-secret"))
    with pytest.raises(HttpError, match="HTTP 401 from GET /guarded"):
        elsewhere["guarded"].invoke({})
    assert service.given == 2  # once, and once anew


def test_no_other_host_gets_the_credentials(address: str, service: Service) -> None:
    token = "my-secret-token"
    with pytest.raises(HttpError, match="the redirect to another host was not followed"):
        box(address, token=token)["away"].invoke({})
    there = box(address, token=token, hosts=["localhost"])["away"].invoke({})
    assert "authorization" not in there["headers"]
    assert token not in str(there)
    keyed = box(address, auth=api_key(token, query="key"), hosts=["localhost"])["away"].invoke({})
    assert keyed["query"] == ""


@pytest.mark.parametrize(
    "make",
    [
        lambda: bearer("a b"),
        lambda: bearer(""),
        lambda: bearer("evil\r\nHost: other"),
        lambda: basic("a:b", "c"),
        lambda: api_key("a"),
        lambda: api_key("a", header="X", query="x"),
        lambda: api_key("a", header="X\r\nY"),
        lambda: oauth2("file:///etc/passwd", "me", "secret"),
        lambda: oauth2("https://h", "", "secret"),
        lambda: openapi({}, token="a", auth=bearer("b")),
        lambda: openapi({}, auth={"bearer": "evil b"}),
        lambda: openapi({}, auth={"password": "evil"}),
        lambda: openapi({}, auth={"basic": {"user": "me", "secret": "evil"}}),
        lambda: openapi({}, auth={"basic": "evil"}),
        lambda: openapi({}, auth={"oauth2": {"client_secret": "evil"}}),
    ],
)
def test_credentials_that_cannot_be_used_are_refused(make: Any) -> None:
    with pytest.raises(ToolError) as caught:
        make()
    assert "evil" not in str(caught.value)


def test_programs_see_no_secret(address: str) -> None:
    with Sandbox(box(address, auth=basic("me", SECRET), name="shop")) as sandbox:
        result = sandbox.run("print(shop.echo(), dir(shop), help(shop.echo))\nshop.guarded()")
    assert result.error is not None
    assert result.error.type == "HttpError"
    assert result.error.message.startswith("HTTP 401 from GET /guarded")
    assert SECRET not in result.observation() + repr(result.calls) + str(result.error)
    assert base64.b64encode(f"me:{SECRET}".encode()).decode() not in result.observation()


# ---- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "server",
    [
        "http://169.254.169.254/latest",
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://127.1",
        "http://0x7f000001",
        "http://2130706433",
        "http://10.1.2.3",
        "http://[::1]",
        "http://[::ffff:169.254.169.254]",
        "http://[64:ff9b::a9fe:a9fe]",
        "http://0.0.0.0",
        "http://a.localhost",
    ],
)
def test_a_document_cannot_point_at_this_machine_or_its_network(server: str) -> None:
    document = {"openapi": "3.0.0", "servers": [{"url": server}], "paths": {}}
    with pytest.raises(ToolError, match=r"the document says that the service is on .*; pass base_url="):
        openapi(document)
    assert len(openapi(document, base_url=server)) == 0  # who names it, means it


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names with these addresses; a name with several answers gives the next one each time, the last one for ever."""
    names: dict[str, list[str]] = {}
    ask = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in names:
            return ask(host, port, *args, **kwargs)
        found = names[host].pop(0) if len(names[host]) > 1 else names[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return names


def port(address: str) -> str:
    return address.rpartition(":")[2]


def test_a_public_name_with_a_private_address_is_not_reached(address: str, name_server: dict[str, list[str]]) -> None:
    name_server["shop.example"] = ["127.0.0.1"]
    url = f"http://shop.example:{port(address)}"
    with pytest.raises(ToolError, match=r"shop.example has the private address 127.0.0.1; pass private_addresses=True"):
        box(url)["echo"].invoke({})
    assert box(url, private_addresses=True)["echo"].invoke({})["headers"]["host"] == f"shop.example:{port(address)}"
    document = {"openapi": "3.0.0", "servers": [{"url": url}], "paths": {"/echo": {"get": {"operationId": "echo"}}}}
    with pytest.raises(ToolError, match="has the private address"):
        openapi(document)["echo"].invoke({})
    with pytest.raises(ToolError, match="has the private address"):
        openapi(f"{url}/openapi.json")


def test_a_local_name_is_reached_unless_a_document_names_it(address: str, name_server: dict[str, list[str]]) -> None:
    name_server["shop"] = ["127.0.0.1"]
    url = f"http://shop:{port(address)}"
    assert "headers" in box(url)["echo"].invoke({})
    document = {"openapi": "3.0.0", "servers": [{"url": url}], "paths": {"/echo": {"get": {"operationId": "echo"}}}}
    with pytest.raises(ToolError, match="has the private address"):
        openapi(document)["echo"].invoke({})
    name_server["metadata.internal"] = ["169.254.169.254"]
    with pytest.raises(ToolError, match=r"link-local address 169.254.169.254, which is not reached by a name"):
        box("http://metadata.internal")["echo"].invoke({})


def test_a_name_that_changes_its_mind_gains_nothing(
    name_server: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is checked, private when it is used. It is looked up once, so there is no then."""
    name_server["shop.example"] = ["192.0.2.1", "127.0.0.1"]  # 192.0.2.0/24 is for documentation, and no public one
    with pytest.raises(ToolError, match=r"private address 192.0.2.1"):
        resolved("shop.example", 80, False)
    name_server["shop.example"] = ["93.184.216.34", "127.0.0.1"]
    assert resolved("shop.example", 80, False) == ["93.184.216.34"]
    name_server["shop.example"] = ["93.184.216.34", "127.0.0.1"]
    connected: list[str] = []

    def connect(backend: httpcore.SyncBackend, host: str, *others: object) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("nobody is there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(ConnectionError, match="nobody is there"):
        box("http://shop.example", retries=0)["echo"].invoke({})
    assert connected == ["93.184.216.34"]
    assert name_server["shop.example"] == ["127.0.0.1"]  # it was asked once


def test_no_call_knows_of_another_by_a_cookie(address: str) -> None:
    visited = box(address)
    assert all("cookie" not in visited["echo"].invoke({})["headers"] for _ in range(2))


def test_an_auth_is_no_data() -> None:
    for auth in (bearer(SECRET), basic("me", SECRET), oauth2("https://h", "me", SECRET)):
        assert repr(auth) in ("<Key>", "<OAuth2>")
        assert SECRET not in str(auth)


def test_a_closed_toolbox_answers_no_call(address: str) -> None:
    with box(address) as closing:
        closing["echo"].invoke({})
    with pytest.raises(ToolError, match="closed"):
        closing["echo"].invoke({})
    closing.close()
