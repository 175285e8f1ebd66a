from typing import TypedDict, NamedTuple, NotRequired, Required, Optional
from collections import namedtuple

class Movie(TypedDict):
    title: str
    year: int
    rating: NotRequired[float]

class Partial(TypedDict, total=False):
    a: int
    b: Required[str]

class Point(NamedTuple):
    """A point."""
    x: float
    y: float = 0.0

    @property
    def norm(self) -> float:
        return (self.x ** 2 + self.y ** 2) ** 0.5

    def moved(self, dx=0, dy=0):
        return self._replace(x=self.x + dx, y=self.y + dy)

m: Movie = {"title": "Alien", "year": 1979}
n = Movie(title="Up", year=2009, rating=8.3)
print(m, n["rating"], m | {"rating": 8.5}, type(n).__name__, Partial(a=1, b="z"))
p = Point(3, 4)
x, y = p
print(p, p.norm, p.moved(dx=1), p == (3, 4), p[0] + y, p._asdict(), Point._fields, Point(1), Point.__doc__)
Card = namedtuple("Card", ["rank", "suit"], defaults=["spades"])
c = Card("A")
print(c, c.suit, c._replace(rank="K"), Card._make(["2", "hearts"]), sorted([Card("9"), Card("3")]), Card._field_defaults)
try:
    p.x = 1
except AttributeError as e:
    print("AttributeError:", e)
P3 = namedtuple("P3", "x y z")
P3(*range(3))._asdict()
