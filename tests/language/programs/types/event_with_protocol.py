from __future__ import annotations
from dataclasses import dataclass, field
from typing import Protocol, Callable, ClassVar, Iterable

class Listener(Protocol):
    def __call__(self, event: Event) -> None: ...

@dataclass(frozen=True)
class Event:
    kind: str
    payload: dict[str, object] = field(default_factory=dict)

@dataclass
class Bus:
    listeners: dict[str, list[Listener]] = field(default_factory=dict)
    delivered: int = 0
    limit: ClassVar[int] = 10

    def on(self, kind: str) -> Callable[[Listener], Listener]:
        def add(listener: Listener) -> Listener:
            self.listeners.setdefault(kind, []).append(listener)
            return listener
        return add

    def publish(self, events: Iterable[Event]) -> int:
        for event in events:
            for listener in self.listeners.get(event.kind, []):
                listener(event)
                self.delivered += 1
        return self.delivered

bus = Bus()
seen: list[str] = []

@bus.on("tick")
def note(event: Event) -> None:
    seen.append(f"{event.kind}:{event.payload.get('n')}")

print(bus.publish(Event("tick", {"n": i}) for i in range(3)), seen, Bus.limit)
