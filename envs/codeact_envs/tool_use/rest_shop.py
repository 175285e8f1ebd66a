"""The server's side of the shop: what is sold, what lies in carts, and what a request is answered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codeact_envs.tool_use.rest_server import Answer

PAGE = 5  # products
MOST_CARTS = 100

ENDPOINTS = f"""GET    /products?page=1         {PAGE} a page, of all, or of those with ?name=:
                                {{"products": [{{"id", "name", "maker"}}], "page", "pages"}}
GET    /products/ID             {{"id", "name", "maker", "price_cents", "stock"}}; 503 when busy: ask again
GET    /coupons                 {{"coupons": [{{"code", "percent", "least_cents"}}]}}
POST   /carts                   makes an empty cart: {{"id"}}
GET    /carts/ID                {{"id", "lines": {{PRODUCT: quantity}}, "coupon", "total_cents"}}
PUT    /carts/ID/lines/PRODUCT  body {{"quantity": n}}, 1 or more; 409 when the stock is smaller
DELETE /carts/ID/lines/PRODUCT  takes it out of the cart
PUT    /carts/ID/coupon         body {{"code": "..."}}; 409 when the lines come to less than its least_cents
POST   /carts/ID/order          orders what is in the cart: {{"id", "total_cents"}}; 409 when it is empty

A coupon takes its percentage off the lines; what it takes is rounded down to a whole cent. One coupon a cart."""


@dataclass(frozen=True)
class Product:
    """One product of the shop. `busy`: the first request for it is turned away."""

    name: str
    maker: str
    price_cents: int
    stock: int
    busy: bool = False


@dataclass(frozen=True)
class Coupon:
    """What takes `percent` off an order of `least_cents` or more."""

    percent: int
    least_cents: int


@dataclass(frozen=True)
class Shop:
    """The data of an episode: products by id, coupons by code."""

    products: Mapping[str, Product]
    coupons: Mapping[str, Coupon]


@dataclass
class OpenShop:
    """A shop with its customers' carts and orders.

    Attributes:
        shop: what is sold.
        carts: by id, each with its `lines` (quantities by product) and its `coupon`.
        orders: as they came.
        turned_away: busy products whose first request has come.
    """

    shop: Shop
    carts: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    turned_away: list[str] = field(default_factory=list)

    def respond(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
        """The status and the JSON that answer a request."""
        match [method, *path.strip("/").split("/")]:
            case ["GET", "products"]:
                return self._catalogue(query)
            case ["GET", "products", name] if name in self.shop.products:
                return self._product(name)
            case ["GET", "coupons"]:
                listed = [
                    {"code": code, "percent": coupon.percent, "least_cents": coupon.least_cents}
                    for code, coupon in self.shop.coupons.items()
                ]
                return 200, {"coupons": listed}
            case ["POST", "carts"]:
                if len(self.carts) >= MOST_CARTS:
                    return 409, {"detail": f"there are {MOST_CARTS} carts already"}
                name = f"cart{len(self.carts) + 1}"
                self.carts[name] = {"lines": {}, "coupon": None}
                return 201, {"id": name}
            case [_, "carts", name, *rest] if name in self.carts:
                return self._cart(method, name, rest, body)
        return 404, {"detail": f"nothing answers {method} {path}; see endpoints()"}

    def _catalogue(self, query: Mapping[str, str]) -> Answer:
        wanted, page = query.get("name"), query.get("page", "1")
        found = [name for name, each in self.shop.products.items() if wanted in (None, each.name)]
        pages = max(1, -(-len(found) // PAGE))
        if not page.isdecimal() or not 1 <= int(page) <= pages:
            return 400, {"detail": f"page must be 1 to {pages}, not {page!r}"}
        shown = found[(int(page) - 1) * PAGE : int(page) * PAGE]
        products = [
            {"id": name, "name": self.shop.products[name].name, "maker": self.shop.products[name].maker}
            for name in shown
        ]
        return 200, {"products": products, "page": int(page), "pages": pages}

    def _product(self, name: str) -> Answer:
        found = self.shop.products[name]
        if found.busy and name not in self.turned_away:
            self.turned_away.append(name)
            return 503, {"detail": "busy; please ask again"}
        told = {"name": found.name, "maker": found.maker, "price_cents": found.price_cents, "stock": found.stock}
        return 200, {"id": name, **told}

    def _cart(self, method: str, name: str, rest: list[str], body: Any) -> Answer:
        cart = self.carts[name]
        lines: dict[str, int] = cart["lines"]
        match [method, *rest]:
            case ["GET"]:
                return 200, {"id": name, **cart, "total_cents": self._total(cart)}
            case ["PUT", "lines", product] if product in self.shop.products:
                quantity = body.get("quantity") if isinstance(body, dict) else None
                if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
                    return 400, {"detail": f"quantity must be a whole number of 1 or more, not {quantity!r}"}
                if quantity > (stock := self.shop.products[product].stock):
                    return 409, {"detail": f"only {stock} of {product} are in stock"}
                lines[product] = quantity
            case ["DELETE", "lines", product] if product in lines:
                del lines[product]
            case ["PUT", "coupon"]:
                code = body.get("code") if isinstance(body, dict) else None
                if not isinstance(code, str) or code not in self.shop.coupons:
                    return 400, {"detail": f"there is no coupon {code!r}"}
                if self._lines(cart) < (least := self.shop.coupons[code].least_cents):
                    return 409, {"detail": f"coupon {code} is for {least} cents and more"}
                cart["coupon"] = code
            case ["POST", "order"]:
                if not lines:
                    return 409, {"detail": "the cart is empty"}
                total = self._total(cart)
                self.orders.append({"lines": dict(lines), "coupon": cart["coupon"], "total_cents": total})
                cart.update(lines={}, coupon=None)
                return 201, {"id": f"order{len(self.orders)}", "total_cents": total}
            case _:
                return 404, {"detail": f"nothing answers {method} on this part of {name}; see endpoints()"}
        return 200, {"id": name, **cart, "total_cents": self._total(cart)}

    def _lines(self, cart: Mapping[str, Any]) -> int:
        return sum(self.shop.products[name].price_cents * count for name, count in cart["lines"].items())

    def _total(self, cart: Mapping[str, Any]) -> int:
        lines, coupon = self._lines(cart), self.shop.coupons.get(cart["coupon"] or "")
        if coupon is None or lines < coupon.least_cents:
            return lines
        return lines - lines * coupon.percent // 100
