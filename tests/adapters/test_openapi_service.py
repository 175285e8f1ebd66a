"""A real FastAPI service, reached through the functions made of its own document."""

from __future__ import annotations

import ast
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from codeact.errors import ArgumentError, ToolError
from codeact.tools import Toolbox
from codeact_adapters import HttpError, openapi

TOKEN = "open-sesame-4711"


BEARER = HTTPBearer()


class Priority(Enum):
    LOW = "low"
    HIGH = "high"


class Line(BaseModel):
    article: str
    count: Annotated[int, Field(ge=1, description="how many")] = 1


class Order(BaseModel):
    """What a customer wants."""

    id: int
    lines: list[Line]
    weight: float
    priority: Priority = Priority.LOW
    note: str | None = None


class Folder(BaseModel):
    name: str
    folders: list[Folder] = []


def application() -> FastAPI:
    app = FastAPI(title="Shop", description="Orders of a small shop.")
    orders: dict[int, Order] = {}

    @app.get("/orders/{order_id}", responses={404: {"description": "No such order"}})
    def get_order(order_id: int) -> Order:
        """Look an order up."""
        if order_id not in orders:
            raise HTTPException(404, f"there is no order {order_id}")
        return orders[order_id]

    @app.get("/orders")
    def list_orders(
        priority: Priority | None = None,
        ids: Annotated[list[int] | None, Query(description="only these")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
        newest: bool = False,
    ) -> list[Order]:
        found = [o for o in orders.values() if priority in (None, o.priority) and (ids is None or o.id in ids)]
        return (found[::-1] if newest else found)[:limit]

    @app.put("/orders/{order_id}")
    def put_order(order_id: int, order: Order) -> int:
        orders[order_id] = order
        return len(orders)

    @app.delete("/orders/{order_id}", status_code=204)
    def delete_order(order_id: int) -> None:
        orders.pop(order_id)

    @app.get("/tree")
    def tree() -> Folder:
        return Folder(name="a", folders=[Folder(name="b")])

    @app.get("/echo/{text}")
    def echo(text: str, mode: Literal["plain", "loud"] = "plain") -> dict[str, str]:
        return {"text": text, "mode": mode}

    @app.get("/secret")
    def secret(authority: Annotated[HTTPAuthorizationCredentials, Depends(BEARER)]) -> dict[str, Any]:
        if authority.credentials != TOKEN:
            raise HTTPException(401, f"the token {authority.credentials} has expired")
        return {"you sent": authority.credentials}

    return app


@pytest.fixture(scope="module")
def address(serve: Any) -> str:
    return serve(application())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def box(address: str) -> Toolbox:
    return openapi(f"{address}/openapi.json", token=TOKEN)


def call(box: Toolbox, name: str, *args: Any, **kwargs: Any) -> Any:
    found = box[name]
    return found.invoke(found.bind(args, kwargs))


def test_operations_become_functions_with_types_defaults_and_docstrings(box: Toolbox) -> None:
    stubs = box.stubs()
    ast.parse(stubs)
    assert list(box.tools) == [
        "get_order", "put_order", "delete_order", "list_orders", "tree", "echo", "secret",
    ]  # fmt: skip
    assert (
        "def list_orders(priority: Literal['low', 'high'] | None = None, ids: list[int] | None = None, "
        "limit: int = 10, newest: bool = False) -> list[Order]:"
    ) in stubs
    assert '    """Look an order up.\n\n    HttpError 404: No such order\n    """' in stubs
    assert "def echo(text: str, mode: Literal['plain', 'loud'] = 'plain') -> dict[str, str]:" in stubs
    assert "count: how many; a whole number of at least 1 or None" in stubs
    assert "limit: a whole number from 1 to 100" in stubs
    assert "def delete_order(order_id: int) -> None:" in stubs


def test_get_reads_and_all_else_writes(box: Toolbox, address: str) -> None:
    effects = {name: member.effect for name, member in box.tools.items()}
    assert {name for name, effect in effects.items() if effect == "write"} == {"put_order", "delete_order"}
    assert openapi(f"{address}/openapi.json", effects={"echo": "physical"})["echo"].effect == "physical"


def test_typed_values_go_out_and_come_back(box: Toolbox) -> None:
    order_type, line_type = box.types["Order"], box.types["Line"]
    order = order_type(id=7, lines=[line_type(article="cup")], weight=2, priority="high")
    assert call(box, "put_order", 7, order) == 1
    got = call(box, "get_order", 7)
    assert type(got) is box.types["Order"]
    assert (got.id, got.lines, got.weight, got.priority, got.note) == (7, [line_type("cup", 1)], 2.0, "high", None)
    call(box, "put_order", order_id=8, body={"id": 8, "lines": [], "weight": 1})
    assert [order.id for order in call(box, "list_orders", newest=True)] == [8, 7]
    assert [order.id for order in call(box, "list_orders", ids=[8, 9])] == [8]
    assert [order.id for order in call(box, "list_orders", "high", limit=1)] == [7]
    assert call(box, "delete_order", 8) is None


def test_a_schema_may_contain_itself(box: Toolbox) -> None:
    folder = box.types["Folder"]
    assert call(box, "tree") == folder(name="a", folders=[folder(name="b", folders=[])])


def test_arguments_are_checked_before_anything_is_sent(box: Toolbox) -> None:
    with pytest.raises(ArgumentError, match=r"list_orders\(\) argument 'limit': expected a whole number from 1 to 100"):
        call(box, "list_orders", limit=1000)
    with pytest.raises(ArgumentError, match=r"argument 'body.lines\[0\].count'"):
        call(box, "put_order", 1, {"id": 1, "lines": [{"article": "x", "count": "many"}], "weight": 1})


def test_an_error_of_the_service_is_typed(box: Toolbox) -> None:
    with pytest.raises(HttpError) as caught:
        call(box, "get_order", 99)
    assert caught.value.status == 404
    assert str(caught.value) == 'HTTP 404 from GET /orders/99: {"detail":"there is no order 99"}'
    assert box.errors["HttpError"] is HttpError


@pytest.mark.parametrize(
    "text", ["a b", "100%", "ä/ö".replace("/", ""), "?q=1#top", "%2e%2e", "a;b,c", "\\..\\", "\r\nX: y"]
)
def test_a_path_parameter_stays_one_segment(box: Toolbox, text: str) -> None:
    assert call(box, "echo", text) == {"text": text, "mode": "plain"}


def test_a_path_parameter_cannot_climb(box: Toolbox) -> None:
    for text in ("..", ".", ""):
        with pytest.raises(ArgumentError, match="cannot stand in a path"):
            call(box, "echo", text)
    with pytest.raises(
        HttpError, match=r"404 from GET /echo/\.\.%2Fsecret"
    ):  # the service unfolds it, and finds nothing
        call(box, "echo", "../secret")


def test_the_token_is_sent_and_never_seen(address: str, box: Toolbox) -> None:
    assert call(box, "secret") == {"you sent": "[token]"}
    assert TOKEN not in box.stubs()
    assert TOKEN not in repr(box) + repr(vars(box["secret"]))
    wrong = openapi(f"{address}/openapi.json", token="stale-token-1")
    with pytest.raises(HttpError) as caught:
        call(wrong, "secret")
    assert str(caught.value) == 'HTTP 401 from GET /secret: {"detail":"the token [token] has expired"}'
    assert "stale" not in caught.value.text
    with pytest.raises(ToolError, match="printable ASCII") as refused:
        openapi(f"{address}/openapi.json", token="evil\r\nHost: other")
    assert "evil" not in str(refused.value)
    with pytest.raises(HttpError, match=r"HTTP 40[13]"):
        call(openapi(f"{address}/openapi.json"), "secret")


def test_allow_names_operations_functions_or_patterns(address: str) -> None:
    url = f"{address}/openapi.json"
    assert list(openapi(url, allow=["*_order"]).tools) == ["get_order", "put_order", "delete_order"]
    assert list(openapi(url, allow="echo_echo__text__get").tools) == ["echo"]
    named = openapi(url, allow=["echo"], name="shop")
    assert list(named.tools) == ["shop.echo"]
    assert named.types == {}
    assert 'class shop:\n    """Orders of a small shop."""\n' in named.stubs()
    with pytest.raises(
        ToolError, match="allow names 'get_ordr', which no operation is called; did you mean 'get_order'"
    ):
        openapi(url, allow=["get_ordr"])


def test_a_service_that_has_gone(serve: Any) -> None:
    box = openapi(application().openapi(), base_url="http://127.0.0.1:9", timeout_s=5)
    with pytest.raises(ConnectionError, match="GET /tree: the service could not be reached or broke off"):
        call(box, "tree")
    with pytest.raises(ToolError, match="cannot be fetched"):
        openapi("http://127.0.0.1:9/openapi.json", timeout_s=5)
