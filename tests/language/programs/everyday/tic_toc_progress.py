def progress(done, total, width=20):
    filled = width * done // total
    return f"[{'=' * filled}{'>' if filled < width else ''}{'.' * (width - filled - 1)}] {done / total:>4.0%}"

for step in range(0, 11, 5):
    print(progress(step, 10))
stages = {"load": 0.2, "clean": 0.5, "train": 2.25}
total = sum(stages.values())
elapsed = 0.0
for name, seconds in stages.items():
    elapsed += seconds
    print(f"{name:<6} {seconds:>5.2f}s  {elapsed / total:7.1%}")
print("slowest:", max(stages, key=stages.get), f"({max(stages.values()) / total:.0%})")
