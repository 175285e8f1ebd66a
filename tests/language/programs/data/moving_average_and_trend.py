prices = [101.2, 102.5, 99.8, 97.1, 103.4, 107.9, 110.0, 108.3]

def sma(values, n):
    return [sum(values[i - n + 1:i + 1]) / n for i in range(n - 1, len(values))]

def ema(values, alpha):
    out = [values[0]]
    for v in values[1:]:
        out.append(alpha * v + (1 - alpha) * out[-1])
    return out

print([f"{x:.2f}" for x in sma(prices, 3)])
print([round(x, 2) for x in ema(prices, 0.5)])
changes = [(b - a) / a * 100 for a, b in zip(prices, prices[1:])]
up = sum(c > 0 for c in changes)
print(f"up {up} of {len(changes)}, best {max(changes):+.2f}%, worst {min(changes):+.2f}%")
streak = best = 0
for c in changes:
    streak = streak + 1 if c > 0 else 0
    best = max(best, streak)
best
