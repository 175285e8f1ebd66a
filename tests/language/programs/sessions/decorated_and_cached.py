# %%
from functools import lru_cache
calls = []

@lru_cache
def slow(n):
    calls.append(n)
    return n ** 3
[slow(n) for n in (2, 3, 2)]
# %%
slow(3), slow.cache_info().hits, calls
# %%
def traced(f):
    def inner(*args):
        result = f(*args)
        print(f"{f.__name__}{args} = {result}")
        return result
    return inner
slow = traced(lambda n: n + 1)
slow(1)
# %%
@traced
def area(w, h):
    return w * h
area(3, 4)
