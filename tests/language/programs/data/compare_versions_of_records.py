old = {"a": 1, "b": [1, 2], "c": {"x": 1}}
new = {"b": [1, 2, 3], "c": {"x": 1}, "d": None}

added = new.keys() - old.keys()
removed = old.keys() - new.keys()
changed = {k for k in old.keys() & new.keys() if old[k] != new[k]}
print("added", sorted(added), "removed", sorted(removed), "changed", sorted(changed))
for key in sorted(old.keys() | new.keys()):
    before, after = old.get(key, "-"), new.get(key, "-")
    marker = " " if before == after else "*"
    print(f"{marker} {key}: {before} -> {after}")
merged = {**old, **{k: v for k, v in new.items() if v is not None}}
merged == {"a": 1, "b": [1, 2, 3], "c": {"x": 1}}, merged
