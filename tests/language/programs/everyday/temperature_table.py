def c_to_f(c):
    return c * 9 / 5 + 32

print(f"{'°C':>6} {'°F':>6}")
for c in range(-10, 41, 10):
    marker = " <- freezing" if c == 0 else ""
    print(f"{c:>6} {c_to_f(c):>6.1f}{marker}")
readings = {"mon": 21.5, "tue": 19.0, "wed": None, "thu": 25.25}
known = {d: t for d, t in readings.items() if t is not None}
print(f"mean {sum(known.values()) / len(known):.2f} over {len(known)} of {len(readings)} days")
warm = [d for d, t in known.items() if t >= 20]
cold = set(known) - set(warm)
print(warm, cold, "wed" in readings, readings.get("fri", "unknown"))
(lambda f: round((f - 32) * 5 / 9, 1))(100)
