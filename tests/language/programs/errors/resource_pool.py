class PoolExhausted(Exception):
    pass

class Pool:
    def __init__(self, size):
        self.free = [f"conn{i}" for i in range(size)]
        self.used = []

    def acquire(self):
        if not self.free:
            raise PoolExhausted(f"all {len(self.used)} in use")
        self.used.append(self.free.pop())
        return Lease(self, self.used[-1])

class Lease:
    def __init__(self, pool, name):
        self.pool, self.name = pool, name
    def __enter__(self):
        return self.name
    def __exit__(self, *exc):
        self.pool.used.remove(self.name)
        self.pool.free.append(self.name)

pool = Pool(2)
with pool.acquire() as a, pool.acquire() as b:
    print(a, b, pool.free)
    try:
        pool.acquire()
    except PoolExhausted as e:
        print("exhausted:", e)
print(sorted(pool.free), pool.used)
