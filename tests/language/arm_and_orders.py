"""What the programs of `programs/tools` call: a small robot and a small service, as plain Python.

`box()` makes tools of them for the sandbox; `names()` gives the same functions under the same names to CPython.
"""

from __future__ import annotations

import types
from typing import Any


class Arm:
    """A gripper that goes where it is told. Metres."""

    def __init__(self, table: list[dict[str, Any]]) -> None:
        self._table = table
        self._at = [0.3, 0.0, 0.4]
        self._held: dict[str, Any] | None = None

    def move_to(self, x: float, y: float, z: float, speed: float = 0.1) -> bool:
        """Move the gripper to a point. Raises ValueError when it is out of reach."""
        if x * x + y * y + z * z > 1.0:
            raise ValueError(f"({x:.2f}, {y:.2f}, {z:.2f}) is out of reach")
        self._at = [float(x), float(y), float(z)]
        if self._held is not None:
            self._held["position"] = list(self._at)
        return True

    def position(self) -> list[float]:
        """Where the gripper is."""
        return list(self._at)

    def grasp(self) -> bool:
        """Close the gripper. Returns whether it holds something now."""
        self._held = next((thing for thing in self._table if self._is_near(thing["position"])), None)
        return self._held is not None

    def _is_near(self, point: list[float]) -> bool:
        return all(abs(a - b) < 0.01 for a, b in zip(point, self._at, strict=True))

    def release(self) -> None:
        """Open the gripper."""
        self._held = None


class Camera:
    """Sees what is on the table."""

    def __init__(self, table: list[dict[str, Any]]) -> None:
        self._table = table

    def objects(self) -> list[dict[str, Any]]:
        """Everything in view."""
        return [dict(thing, position=list(thing["position"])) for thing in self._table]

    def find(self, name: str) -> dict[str, Any] | None:
        """One object by its name, or None."""
        return next((thing for thing in self.objects() if thing["name"] == name), None)


class Orders:
    """A service as one sees it over REST."""

    def __init__(self) -> None:
        self._orders = {
            1: {"id": 1, "item": "lamp", "quantity": 2, "price": 24.5, "status": "open"},
            2: {"id": 2, "item": "cable", "quantity": 10, "price": 3.2, "status": "shipped"},
            3: {"id": 3, "item": "shelf", "quantity": 1, "price": 89.0, "status": "cancelled"},
        }

    def list(self, status: str | None = None) -> list[dict[str, Any]]:
        """All orders, or those of one status."""
        return [dict(order) for order in self._orders.values() if status in (None, order["status"])]

    def get(self, id: int) -> dict[str, Any]:
        """One order. Raises LookupError when there is none."""
        if id not in self._orders:
            raise LookupError(f"no order {id}")
        return dict(self._orders[id])

    def create(self, item: str, quantity: int = 1) -> dict[str, Any]:
        """A new order."""
        made = {"id": len(self._orders) + 1, "item": item, "quantity": quantity, "price": 15.0, "status": "open"}
        self._orders[made["id"]] = made
        return dict(made)

    def cancel(self, id: int) -> dict[str, Any]:
        """Cancel an order. Raises ValueError when it is not open."""
        order = self._orders[self.get(id)["id"]]
        if order["status"] != "open":
            raise ValueError(f"order {id} is {order['status']}")
        order["status"] = "cancelled"
        return dict(order)


def weather(city: str) -> dict[str, float]:
    """Today's weather in a city. Raises LookupError for an unknown one."""
    known = {"Oslo": (-2.5, 0.3), "Rome": (14.0, 0.6), "Cairo": (27.5, 0.0)}
    if city not in known:
        raise LookupError(f"no station in {city}")
    celsius, rain = known[city]
    return {"celsius": celsius, "rain": rain}


_PUBLIC = {
    "arm": ("move_to", "position", "grasp", "release"),
    "camera": ("objects", "find"),
    "orders": ("list", "get", "create", "cancel"),
}


def _world() -> dict[str, Any]:
    table = [
        {"name": "red cube", "color": "red", "position": [0.4, 0.1, 0.02]},
        {"name": "green cube", "color": "green", "position": [0.35, -0.15, 0.02]},
        {"name": "blue cube", "color": "blue", "position": [0.25, 0.2, 0.02]},
        {"name": "red ball", "color": "red", "position": [0.5, -0.05, 0.03]},
    ]
    return {"arm": Arm(table), "camera": Camera(table), "orders": Orders()}


def names() -> dict[str, Any]:
    """The functions for plain Python, in a fresh world."""
    spaces = {
        name: types.SimpleNamespace(**{public: getattr(thing, public) for public in _PUBLIC[name]})
        for name, thing in _world().items()
    }
    return {**spaces, "weather": weather}


def box() -> Any:
    """The same as a toolbox, in a fresh world."""
    from codeact import Toolbox, tool

    groups = [Toolbox.of(thing, name=name, allow=list(_PUBLIC[name])) for name, thing in _world().items()]
    return Toolbox([*groups, tool(effect="read")(weather)])
