import time
from collections import OrderedDict, deque

class FakeClock:
    def __init__(self): self.now = 0.0
    def __call__(self): return self.now
    def advance(self, s): self.now += s

class TokenBucket:
    def __init__(self, rate, capacity, clock=time.monotonic):
        self.rate, self.capacity, self.clock = rate, capacity, clock
        self.tokens, self.updated = capacity, clock()

    def allow(self, cost=1):
        now = self.clock()
        self.tokens = min(self.capacity, self.tokens + (now - self.updated) * self.rate)
        self.updated = now
        if self.tokens >= cost:
            self.tokens -= cost
            return True
        return False

class TTLCache:
    def __init__(self, ttl, clock):
        self.ttl, self.clock, self.data = ttl, clock, OrderedDict()
        self.hits = self.misses = 0

    def get(self, key, compute):
        entry = self.data.get(key)
        if entry and self.clock() - entry[1] < self.ttl:
            self.hits += 1
            return entry[0]
        self.misses += 1
        value = compute(key)
        self.data[key] = (value, self.clock())
        return value

clock = FakeClock()
bucket = TokenBucket(rate=2, capacity=3, clock=clock)
print([bucket.allow() for _ in range(5)])
clock.advance(1)
print([bucket.allow() for _ in range(3)], bucket.tokens)
cache = TTLCache(10, clock)
for wait in (0, 5, 6):
    clock.advance(wait)
    cache.get("k", str.upper)
cache.hits, cache.misses
