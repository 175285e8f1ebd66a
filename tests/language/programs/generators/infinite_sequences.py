from itertools import count, islice, takewhile, cycle, accumulate, chain, tee

def primes():
    composites = {}
    for n in count(2):
        factors = composites.pop(n, None)
        if factors is None:
            yield n
            composites[n * n] = [n]
        else:
            for p in factors:
                composites.setdefault(n + p, []).append(p)

def fibonacci(a=0, b=1):
    while True:
        yield a
        a, b = b, a + b

def collatz(n):
    while n != 1:
        yield n
        n = n // 2 if n % 2 == 0 else 3 * n + 1
    yield 1

print(list(islice(primes(), 12)))
print(list(takewhile(lambda p: p < 40, primes())))
print(sum(x for x in takewhile(lambda x: x < 4_000_000, fibonacci()) if x % 2 == 0))
print(list(collatz(6)), max(range(1, 30), key=lambda n: len(list(collatz(n)))))
colors = cycle(["r", "g"])
print([next(colors) for _ in range(5)])
a, b = tee(islice(fibonacci(), 5))
print(list(a), list(accumulate(b)))
