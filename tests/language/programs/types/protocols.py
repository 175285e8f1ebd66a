from typing import Protocol, runtime_checkable, Sequence, Any

@runtime_checkable
class Drawable(Protocol):
    name: str

    def draw(self, scale: float = 1.0) -> str: ...

class Circle:
    name = "circle"
    def draw(self, scale=1.0):
        return f"({scale:g})"

class Square:
    def __init__(self):
        self.name = "square"
    def draw(self, scale=1.0):
        return f"[{scale:g}]"

class Ghost:
    name = "ghost"

def render(shapes: Sequence[Drawable], **options: Any) -> list[str]:
    return [f"{s.name}:{s.draw(**options)}" for s in shapes if isinstance(s, Drawable)]

print(render([Circle(), Square(), Ghost()], scale=2))
print(isinstance(Ghost(), Drawable), isinstance(Circle(), Drawable))

class Closer(Protocol):
    def close(self) -> None:
        """Close."""

class File(Closer):
    def close(self) -> None:
        print("closed")

File().close()
try:
    Drawable()
except TypeError as e:
    print("TypeError")
