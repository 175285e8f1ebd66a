ages = [3, 17, 25, 34, 41, 68, 90, 12, 55]
bins = [(0, 12, "child"), (13, 19, "teen"), (20, 64, "adult"), (65, 200, "senior")]

def label(age):
    for low, high, name in bins:
        if low <= age <= high:
            return name
    raise ValueError(f"no bin for {age}")

labelled = [(age, label(age)) for age in sorted(ages)]
groups = {}
for age, name in labelled:
    groups.setdefault(name, []).append(age)
for name, members in groups.items():
    print(f"{name:>7}: {members} (mean {sum(members) / len(members):.1f})")
try:
    label(-1)
except ValueError as e:
    print("error:", e)
{name: len(m) for name, m in groups.items()}
