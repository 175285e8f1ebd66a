principal, rate, years = 1500.0, 0.043, 6
simple = principal * (1 + rate * years)
compound = principal * (1 + rate / 4) ** (4 * years)
print(f"simple {simple:.2f}, compound {compound:.2f}, gain {compound - simple:.2f}")
balance, month = 1000.0, 0
while balance < 2000:
    balance *= 1 + 0.08 / 12
    month += 1
print(f"doubled after {month // 12} years and {month % 12} months: {balance:.2f}")
rates = [0.01 * i for i in range(1, 4)]
table = [[round(100 * (1 + r) ** y, 2) for y in (1, 5, 10)] for r in rates]
for r, row in zip(rates, table):
    print(f"{r:.0%}", *(f"{v:>8.2f}" for v in row))
rule = {f"{r:.0%}": round(72 / (r * 100), 1) for r in rates}
rule
