rows = [
    ("2024-01", "books", 120), ("2024-01", "toys", 80),
    ("2024-02", "books", 95), ("2024-02", "toys", 130),
    ("2024-03", "books", 60), ("2024-03", "games", 45),
]

months = sorted({m for m, _, _ in rows})
kinds = sorted({k for _, k, _ in rows})
table = {m: dict.fromkeys(kinds, 0) for m in months}
for month, kind, amount in rows:
    table[month][kind] += amount

header = ["month", *kinds, "total"]
widths = [max(len(h), 7) for h in header]
print(" | ".join(h.rjust(w) for h, w in zip(header, widths)))
print("-+-".join("-" * w for w in widths))
for month in months:
    cells = [month, *table[month].values(), sum(table[month].values())]
    print(" | ".join(str(c).rjust(w) for c, w in zip(cells, widths)))
totals = [sum(table[m][k] for m in months) for k in kinds]
print(" | ".join(str(c).rjust(w) for c, w in zip(["all", *totals, sum(totals)], widths)))
