from math import isqrt

def sieve(limit):
    flags = bytearray([1]) * (limit + 1)
    flags[0:2] = b"\x00\x00"
    for n in range(2, isqrt(limit) + 1):
        if flags[n]:
            flags[n * n :: n] = bytes(len(range(n * n, limit + 1, n)))
    return [i for i, f in enumerate(flags) if f]

def factorize(n):
    factors = {}
    d = 2
    while d * d <= n:
        while n % d == 0:
            factors[d] = factors.get(d, 0) + 1
            n //= d
        d += 1 if d == 2 else 2
    if n > 1:
        factors[n] = factors.get(n, 0) + 1
    return factors

primes = sieve(100)
print(len(primes), primes[-5:])
for n in (360, 97, 2**20, 600851475143):
    print(n, "=", " * ".join(f"{p}^{e}" if e > 1 else str(p) for p, e in factorize(n).items()))

def divisors(n):
    small, large = [], []
    for i in range(1, isqrt(n) + 1):
        if n % i == 0:
            small.append(i)
            if i != n // i:
                large.append(n // i)
    return small + large[::-1]

perfect = [n for n in range(2, 1000) if sum(divisors(n)[:-1]) == n]
print(divisors(60), perfect)
for n in range(2, 30):
    for p in primes:
        if n % p == 0 and n != p:
            break
        if p * p > n:
            print(n, end=" ")
            break
    else:
        pass
print()
pow(3, 200, 13), pow(3, -1, 11)
