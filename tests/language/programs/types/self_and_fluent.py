from __future__ import annotations
from typing import Self, Iterator, Literal, Never
from collections.abc import Mapping, Iterable, MutableMapping, Sequence, Hashable, Callable

class Builder:
    def __init__(self) -> None:
        self.parts: list[str] = []

    def add(self, part: str) -> Self:
        self.parts.append(part)
        return self

    def __len__(self) -> int:
        return len(self.parts)

    def build(self) -> str:
        return "".join(self.parts)

class Loud(Builder):
    def build(self) -> str:
        return super().build().upper()

print(Loud().add("a").add("b").build(), len(Builder().add("x")))

def total(prices: Mapping[str, float], only: Iterable[str] | None = None) -> float:
    return sum(prices[k] for k in (only or prices))

class Bag(MutableMapping):
    def __init__(self): self._d = {}
    def __getitem__(self, k): return self._d[k]
    def __setitem__(self, k, v): self._d[k] = v
    def __delitem__(self, k): del self._d[k]
    def __iter__(self): return iter(self._d)
    def __len__(self): return len(self._d)

b = Bag()
b.update(x=1, y=2)
b.setdefault("z", 5)
print(dict(b), b.pop("x"), "y" in b, list(b.items()), b.get("q", -1), isinstance(b, Mapping))
print(total({"a": 1.5, "b": 2}), total({"a": 1.5, "b": 2}, ["b"]), isinstance([], Sequence), isinstance("a", Hashable), isinstance(len, Callable))

def fail(message: str) -> Never:
    raise RuntimeError(message)
try:
    fail("always")
except RuntimeError as e:
    print(e)
