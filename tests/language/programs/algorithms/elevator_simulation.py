from collections import deque
from dataclasses import dataclass, field
from itertools import count
import heapq, random

@dataclass(order=True)
class Event:
    time: float
    order: int
    kind: str = field(compare=False)
    customer: int = field(compare=False, default=-1)

class Simulation:
    def __init__(self, seed, servers=2):
        self.rng = random.Random(seed)
        self.events, self.order = [], count()
        self.free, self.waiting, self.log = servers, deque(), []

    def schedule(self, time, kind, customer):
        heapq.heappush(self.events, Event(time, next(self.order), kind, customer))

    def run(self, customers):
        t = 0.0
        for c in range(customers):
            t += self.rng.expovariate(1.0)
            self.schedule(t, "arrive", c)
        while self.events:
            event = heapq.heappop(self.events)
            getattr(self, f"on_{event.kind}")(event)
        return self.log

    def on_arrive(self, event):
        if self.free:
            self.free -= 1
            self.schedule(event.time + self.rng.uniform(0.5, 2.5), "leave", event.customer)
        else:
            self.waiting.append((event.time, event.customer))

    def on_leave(self, event):
        self.log.append(event.customer)
        if self.waiting:
            since, customer = self.waiting.popleft()
            self.schedule(event.time + self.rng.uniform(0.5, 2.5), "leave", customer)
        else:
            self.free += 1

s = Simulation(3)
done = s.run(8)
print(sorted(done) == list(range(8)), len(s.waiting), s.free)
done
