"""A shop behind a REST interface, on a real web server of this machine: catalogue, carts, coupons and orders."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.answers import Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question, Said
from codeact_envs.tool_use.rest_server import LocalServer
from codeact_envs.tool_use.rest_shop import ENDPOINTS, Coupon, OpenShop, Product, Shop

LONGEST_PATH, LONGEST_BODY = 2_000, 20_000  # characters

THINGS = Vocabulary(
    seen=("bucket", "chisel", "drill bit", "funnel", "hinge", "ladder", "mallet", "padlock", "pulley", "sander"),
    unseen=("spirit level", "tape measure", "trowel", "vice", "wrench", "crowbar"),
)
MAKERS = Vocabulary(
    seen=("Adler", "Brandt", "Corvus", "Dorn", "Eifel", "Falk"),
    unseen=("Gamba", "Hollis", "Iwata", "Juno"),
)


class BadRequest(ValueError):
    """Status 400: the path, the query or the body is not as the interface wants it."""


class NotFound(LookupError):
    """Status 404: there is nothing at this path."""


class Conflict(Exception):
    """Status 409: this cannot be done as things stand."""


class ServerBusy(Exception):
    """Status 503: the server has too much to do; the same request may work the next time."""


_ERRORS: Mapping[int, type[Exception]] = {404: NotFound, 409: Conflict, 503: ServerBusy}


class RestService:
    """The shop's server, and functions that send requests to it."""

    def __init__(self) -> None:
        effects = {"endpoints": "read", "get": "read", "post": "write", "put": "write", "delete": "write"}
        self.toolbox = Toolbox.of(self, allow=list(effects), errors=[BadRequest, *_ERRORS.values()])
        self._open = OpenShop(Shop({}, {}))
        self._server = LocalServer(lambda *request: self._open.respond(*request))

    def load(self, data: Shop) -> None:
        self._open = OpenShop(data)

    def shown(self) -> str:
        return f"A shop with {len(self._open.shop.products)} products, and {len(self._open.orders)} orders until now."

    def state(self) -> Mapping[str, Any]:
        return {"carts": self._open.carts, "orders": self._open.orders, "turned_away": self._open.turned_away}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._open = OpenShop(self._open.shop, **state)

    def close(self) -> None:
        self._server.close()

    @tool(effect="read")
    def endpoints(self) -> str:
        """Read what requests the shop answers."""
        return ENDPOINTS

    @tool(effect="read")
    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        """Send a GET request to a path such as `/products`, and get what it answers.

        Raises BadRequest, NotFound, Conflict or ServerBusy.
        """
        return self._send("GET", path + (f"?{urlencode(query)}" if query else ""))

    @tool(effect="write")
    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a POST request with a body, and get what it answers.

        Raises BadRequest, NotFound, Conflict or ServerBusy.
        """
        return self._send("POST", path, body)

    @tool(effect="write")
    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Send a PUT request with a body, and get what it answers.

        Raises BadRequest, NotFound, Conflict or ServerBusy.
        """
        return self._send("PUT", path, body)

    @tool(effect="write")
    def delete(self, path: str) -> Any:
        """Send a DELETE request, and get what it answers.

        Raises BadRequest, NotFound, Conflict or ServerBusy.
        """
        return self._send("DELETE", path)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        if not re.fullmatch(r"/[!-~]*", path) or len(path) > LONGEST_PATH:
            raise BadRequest(f"a path begins with a slash, has no spaces and is not long: not {path[:40]!r}")
        try:
            text = None if body is None else json.dumps(body)
        except (TypeError, ValueError, RecursionError) as error:
            raise BadRequest(f"the body cannot be sent as JSON: {error}") from None
        if text and len(text) > LONGEST_BODY:
            raise BadRequest(f"a body may have {LONGEST_BODY:,} characters, not {len(text):,}")
        status, value = self._server.request(method, path, text)
        if status >= 400:
            raise _ERRORS.get(status, BadRequest)(f"{status}: {value['detail']}")
        return value


# Data and solvers


def _ids(draw: Draw, count: int) -> list[str]:
    return [f"{letter}{draw.between(100, 999)}" for letter in draw.sample("abcdefghijklmnopqrstuvwxyz", count)]


def _price(draw: Draw) -> Case:
    things, ids = draw.sample(draw.words(THINGS), 3), _ids(draw, 3)
    products = {
        name: Product(thing, draw.word(MAKERS), draw.between(120, 9900), draw.between(0, 60))
        for name, thing in zip(ids, things, strict=True)
    }
    wanted, count = draw.choice(ids), draw.between(2, 40)
    right = products[wanted].price_cents * count / 100
    return Case(Shop(products, {}), {"product": wanted, "count": count}, right)


def _simple_order(draw: Draw) -> Case:
    things, ids = draw.sample(draw.words(THINGS), 5), _ids(draw, 5)
    products = {
        name: Product(thing, draw.word(MAKERS), draw.between(120, 9900), draw.between(10, 60))
        for name, thing in zip(ids, things, strict=True)
    }
    at, count = draw.between(0, 4), draw.between(2, 9)
    total = products[ids[at]].price_cents * count
    order = {"lines": {ids[at]: count}, "coupon": None, "total_cents": total}
    return Case(Shop(products, {}), {"thing": things[at], "count": count}, total / 100, {"orders": [order]})


def _shopping_list(draw: Draw) -> Case:
    things = draw.sample(draw.words(THINGS), 3)
    counts = [draw.between(2, 9) for _ in things]
    wares = [(thing, maker) for thing in things for maker in draw.sample(draw.words(MAKERS), 4)]
    ids = _ids(draw, len(wares))
    prices = draw.sample(range(150, 4000), len(wares))
    products: dict[str, Product] = {}
    for place, ((thing, maker), name) in enumerate(zip(wares, ids, strict=True)):
        count = counts[things.index(thing)]
        stock = draw.between(0, count - 1) if draw.chance(35) and place % 4 else draw.between(count, 60)
        products[name] = Product(thing, maker, prices[place], stock, draw.chance(25))
    lines: dict[str, int] = {}
    for thing, count in zip(things, counts, strict=True):
        fit = [name for name, each in products.items() if each.name == thing and each.stock >= count]
        lines[min(fit, key=lambda name: products[name].price_cents)] = count
    before = sum(products[name].price_cents * count for name, count in lines.items())
    dearest = 4000 * sum(counts)
    small, middle, large = sorted(draw.sample(range(5, 31), 3))
    codes = [f"{draw.choice(('SAVE', 'SPRING', 'TOOLS'))}{number}" for number in draw.sample(range(10, 99), 3)]
    offered = [
        (codes[0], Coupon(small, 0)),
        (codes[1], Coupon(middle, before - draw.between(0, before // 2))),
        (codes[2], Coupon(large, dearest + draw.between(1, 5000))),  # more than this list can come to
    ]
    total = before - int(before * middle / 100 + 1e-9)
    order = {"lines": lines, "coupon": codes[1], "total_cents": total}
    said: dict[str, Said] = {"wanted": [f"{count} x {thing}" for thing, count in zip(things, counts, strict=True)]}
    shuffled = {name: products[name] for name in draw.shuffled(ids)}
    return Case(Shop(shuffled, dict(draw.shuffled(offered))), said, total / 100, {"orders": [order]})


_FILL = """
def ask(path):
    while True:
        try:
            return get(path)
        except ServerBusy:
            continue

cart = "/carts/" + post("/carts")["id"]
for line in wanted:
    count, thing = line.split(" x ")
    found, page, pages = [], 1, 1
    while page <= pages:
        answer = get("/products", {"name": thing, "page": page})
        found += [ask("/products/" + each["id"]) for each in answer["products"]]
        page, pages = page + 1, answer["pages"]
    fit = [each for each in found if each["stock"] >= int(count)]
    best = min(fit, key=lambda each: each["price_cents"])
    state = put(cart + "/lines/" + best["id"], {"quantity": int(count)})
"""

GENERATOR = Generator(
    name="rest",
    title="Use a shop's REST interface",
    open=RestService,
    vocabularies={"things": THINGS, "makers": MAKERS},
    grades={
        1: (
            Question(
                name="price",
                pose=_price,
                templates=(
                    "What do {count} pieces of the product with the id {product} cost in euros?",
                    "Product id {product}: how many euros are {count} of them?",
                    "A customer asks for {count} pieces of product {product}. Give the price in euros.",
                    "Look up product {product} in the shop and work out the price of {count}, in euros.",
                    "In euros, what is the price of {count} times the product {product}?",
                ),
                form="Call finish() with a number.",
                oracle='finish(get("/products/" + product)["price_cents"] * count / 100)',
                opposite='finish(get("/products/" + product)["price_cents"] * count)',
                tolerance=Tolerance(absolute=0.005),
            ),
        ),
        2: (
            Question(
                name="simple_order",
                pose=_simple_order,
                templates=(
                    "Order {count} of the product called {thing} from the shop. What does the order cost in euros?",
                    "Buy {count} pieces of the article {thing}, in one order, and tell its total in euros.",
                    "The shop sells a {thing}. Place an order of {count}, and say what it comes to in euros.",
                    "We need {count} times the product {thing}. Order them together; how many euros is that?",
                    "Put {count} of the product {thing} into a cart, order it and give the sum in euros.",
                ),
                form="Call finish() with a number.",
                oracle="""
(found,) = get("/products", {"name": thing})["products"]
cart = "/carts/" + post("/carts")["id"]
put(cart + "/lines/" + found["id"], {"quantity": count})
finish(post(cart + "/order")["total_cents"] / 100)
""",
                opposite="""
(found,) = get("/products", {"name": thing})["products"]
cart = "/carts/" + post("/carts")["id"]
put(cart + "/lines/" + found["id"], {"quantity": 1})
finish(post(cart + "/order")["total_cents"] / 100)
""",
                tolerance=Tolerance(absolute=0.005),
            ),
        ),
        3: (
            Question(
                name="shopping_list",
                pose=_shopping_list,
                templates=(
                    "Order {wanted} in one order, for as little money as possible.",
                    "Our shopping list is {wanted}. Buy all of it with one order, as cheaply as the shop allows.",
                    "Place one order for {wanted} and keep its total as low as it can be.",
                    "Get {wanted} from the shop: one order, the lowest total.",
                    "Find the best makers and the best coupon for {wanted}, and order all in one.",
                ),
                form=(
                    "Each thing must come from a single maker who has enough of it; one of the coupons may be used. "
                    "Call finish() with what the order costs, a number in euros."
                ),
                oracle=_FILL
                + """
for coupon in sorted(get("/coupons")["coupons"], key=lambda each: -each["percent"]):
    try:
        put(cart + "/coupon", {"code": coupon["code"]})
        break
    except Conflict:
        continue
finish(post(cart + "/order")["total_cents"] / 100)
""",
                opposite=_FILL + 'finish(post(cart + "/order")["total_cents"] / 100)',
                tolerance=Tolerance(absolute=0.005),
            ),
        ),
    },
)
