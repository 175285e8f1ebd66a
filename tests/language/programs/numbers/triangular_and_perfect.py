def triangular(n):
    return n * (n + 1) // 2

print([triangular(n) for n in range(1, 11)])
first = next(t for t in map(triangular, range(1, 10_000)) if sum(1 for d in range(1, int(t ** 0.5) + 1) if t % d == 0) * 2 > 20)
print(first)
amicable = []
divisor_sums = {n: sum(d for d in range(1, n // 2 + 1) if n % d == 0) for n in range(2, 300)}
for a, b in divisor_sums.items():
    if a < b and divisor_sums.get(b) == a:
        amicable.append((a, b))
print(amicable, [n for n, s in divisor_sums.items() if n == s])
armstrong = [n for n in range(10, 500) if sum(int(c) ** len(str(n)) for c in str(n)) == n]
armstrong, sum(range(0, 1000, 3)) + sum(range(0, 1000, 5)) - sum(range(0, 1000, 15))
