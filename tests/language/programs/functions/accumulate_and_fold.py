from functools import reduce

def fold(f, items, start):
    for item in items:
        start = f(start, item)
    return start

print(fold(lambda a, b: a * 10 + b, [1, 2, 3], 0), reduce(lambda a, b: a if len(a) >= len(b) else b, ["x", "abc", "de"]))

def scan(f, items, start):
    yield start
    for item in items:
        start = f(start, item)
        yield start

print(list(scan(lambda a, b: a + b, range(1, 6), 0)))
def unfold(step, seed):
    while (made := step(seed)) is not None:
        value, seed = made
        yield value
print(list(unfold(lambda n: (n % 2, n // 2) if n else None, 37)))
try:
    reduce(lambda a, b: a, [])
except TypeError as e:
    print(e)
reduce(lambda d, kv: {**d, kv[0]: kv[1]}, zip("ab", (1, 2)), {})
