from functools import lru_cache, cache

def memoize(f):
    memo = {}
    def helper(*args):
        if args not in memo:
            memo[args] = f(*args)
        return memo[args]
    helper.memo = memo
    return helper

@memoize
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

print(fib(60), len(fib.memo))

@lru_cache(maxsize=128)
def edit_distance(a, b):
    if not a or not b:
        return len(a) or len(b)
    if a[0] == b[0]:
        return edit_distance(a[1:], b[1:])
    return 1 + min(edit_distance(a[1:], b), edit_distance(a, b[1:]), edit_distance(a[1:], b[1:]))

print(edit_distance("kitten", "sitting"))
info = edit_distance.cache_info()
print(info.maxsize, info.hits > 0)
edit_distance.cache_clear()
print(edit_distance.cache_info().currsize)

@cache
def paths(r, c):
    return 1 if r == 0 or c == 0 else paths(r - 1, c) + paths(r, c - 1)

paths(16, 16)
