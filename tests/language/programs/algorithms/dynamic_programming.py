from functools import lru_cache

def knapsack(items, capacity):
    best = [[0] * (capacity + 1) for _ in range(len(items) + 1)]
    for i, (name, weight, value) in enumerate(items, 1):
        for c in range(capacity + 1):
            best[i][c] = best[i - 1][c]
            if weight <= c:
                best[i][c] = max(best[i][c], best[i - 1][c - weight] + value)
    chosen, c = [], capacity
    for i in range(len(items), 0, -1):
        if best[i][c] != best[i - 1][c]:
            chosen.append(items[i - 1][0])
            c -= items[i - 1][1]
    return best[-1][-1], chosen[::-1]

print(knapsack([("book", 1, 1), ("lamp", 3, 4), ("vase", 4, 5), ("radio", 5, 7)], 7))

def lcs(a, b):
    table = [[""] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + x if x == y else max(table[i][j + 1], table[i + 1][j], key=len)
    return table[-1][-1]

print(lcs("AGGTAB", "GXTXAYB"))

def coin_change(coins, amount):
    ways = [1] + [0] * amount
    fewest = [0] + [float("inf")] * amount
    for coin in coins:
        for a in range(coin, amount + 1):
            ways[a] += ways[a - coin]
            fewest[a] = min(fewest[a], fewest[a - coin] + 1)
    return ways[amount], fewest[amount]

def longest_increasing(xs):
    import bisect
    tails = []
    for x in xs:
        i = bisect.bisect_left(tails, x)
        tails[i:i + 1] = [x]
    return len(tails)

@lru_cache(None)
def stairs(n): return 1 if n < 2 else stairs(n - 1) + stairs(n - 2)
coin_change((1, 5, 10, 25), 63), longest_increasing([10, 9, 2, 5, 3, 7, 101, 18]), stairs(30)
