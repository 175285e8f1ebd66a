FACTORS = {"m": 1.0, "km": 1000.0, "mi": 1609.344, "ft": 0.3048, "in": 0.0254}

def convert(value, source, target):
    try:
        return value * FACTORS[source] / FACTORS[target]
    except KeyError as e:
        raise ValueError(f"unknown unit {e.args[0]!r}; known: {', '.join(sorted(FACTORS))}") from None

print(convert(5, "km", "mi"), round(convert(6, "ft", "m"), 4))
for unit in FACTORS:
    print(f"1 mi = {convert(1, 'mi', unit):>12.4f} {unit}")
try:
    convert(1, "m", "parsec")
except ValueError as e:
    print(e)
speed = 100 * 1000 / 3600
f"{speed:.2f} m/s", f"{speed:.3g}", f"{speed:.0f}", round(speed, -1)
