students = [
    ("Alice", [88, 92, 79]),
    ("Bob", [75, 64, 81]),
    ("Charlie", [95, 98, 100]),
    ("Diana", []),
]

def average(grades):
    """Mean of a list, or None when it is empty."""
    return sum(grades) / len(grades) if grades else None

def letter(avg):
    if avg is None:
        return "N/A"
    for threshold, mark in [(90, "A"), (80, "B"), (70, "C"), (60, "D")]:
        if avg >= threshold:
            return mark
    return "F"

report = {name: average(grades) for name, grades in students}
for name, avg in report.items():
    shown = f"{avg:.2f}" if avg is not None else "no grades"
    print(f"{name:10s} {shown:>10s}  {letter(avg)}")

valid = {n: a for n, a in report.items() if a is not None}
best = max(valid, key=valid.get)
worst = min(valid, key=valid.get)
print("Best:", best, "Worst:", worst)
assert best != worst, "they should differ"
round(sum(valid.values()) / len(valid), 3)
