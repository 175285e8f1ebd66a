from dataclasses import dataclass, field
import itertools

_ids = itertools.count(1)

@dataclass(order=True)
class Task:
    priority: int
    name: str = field(compare=False)
    id: int = field(default_factory=lambda: next(_ids), compare=False)
    done: bool = field(default=False, compare=False, repr=False)
    meta: dict = field(default_factory=dict, compare=False, hash=False)

import heapq
queue = []
for p, n in [(3, "sweep"), (1, "alarm"), (2, "mail"), (1, "door")]:
    heapq.heappush(queue, Task(p, n))
while queue:
    t = heapq.heappop(queue)
    t.done = True
    print(f"{t.priority} #{t.id} {t.name} {t.done}")
print(Task(1, "a") == Task(1, "b"), Task(1, "a") < Task(2, "a"))
try:
    @dataclass
    class Bad:
        items: list = []
except ValueError as e:
    print("ValueError:", e)
