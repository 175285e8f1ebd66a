from __future__ import annotations
from typing import Generic, TypeVar, Iterator, Optional, Callable, Iterable

T = TypeVar("T")
K = TypeVar("K", bound="Comparable")
U = TypeVar("U", int, str)

class Stack(Generic[T]):
    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items: list[T] = list(items)

    def push(self, item: T) -> Stack[T]:
        self._items.append(item)
        return self

    def pop(self) -> Optional[T]:
        return self._items.pop() if self._items else None

    def map(self, f: Callable[[T], U]) -> Stack[U]:
        return Stack([f(i) for i in self._items])

    def __iter__(self) -> Iterator[T]:
        return reversed(self._items)

    def __repr__(self) -> str:
        return f"Stack({self._items})"

s: Stack[int] = Stack([1, 2])
s.push(3).push(4)
print(s, s.pop(), list(s), s.map(str), Stack[str](["a"]))

class Pair(Generic[T, U]):
    def __init__(self, a: T, b: U):
        self.a, self.b = a, b
    def swap(self) -> Pair[U, T]:
        return Pair(self.b, self.a)

p = Pair[int, str](1, "x").swap()
p.a, p.b
