data = """date,city,temp
2024-01-01,Oslo,-3
2024-01-01,Rome,11
2024-01-02,Oslo,-5
2024-01-02,Rome,
"""
header, *rows = [line.split(",") for line in data.strip().split("\n")]
records = [dict(zip(header, row)) for row in rows]
temps = {}
for record in records:
    if not record["temp"]:
        continue
    temps.setdefault(record["city"], []).append(float(record["temp"]))
for city in temps:
    values = temps[city]
    print(f"{city}: n={len(values)} mean={sum(values)/len(values):+.1f} range=({min(values)}, {max(values)})")
{city: max(v) for city, v in temps.items()}
