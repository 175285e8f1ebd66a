inventory = {"apple": 3, "pear": 0, "fig": 12}
print({k: v for k, v in inventory.items() if v}, sum(inventory.values()), max(inventory, key=inventory.get))
inventory["apple"] -= 1
inventory["kiwi"] = inventory.get("kiwi", 0) + 5
first = next(iter(inventory))
print(first, list(inventory.items())[-1], inventory.pop("pear"), "pear" in inventory)
for name in sorted(inventory, key=lambda n: inventory[n]):
    print(f"{name}: {'low' if inventory[name] < 3 else 'ok'}")
nested = {}
for a, b, v in [("x", "p", 1), ("x", "q", 2), ("y", "p", 3)]:
    nested.setdefault(a, {})[b] = v
print(nested, {b: {a: nested[a].get(b) for a in nested} for b in ("p", "q")})
a, b = {"x": 1, "y": 2}, {"y": 3, "z": 4}
print(a | b, {**b, **a}, a.keys() & b.keys(), dict(sorted((a | b).items(), reverse=True)))
try:
    for k in a:
        a[k + "!"] = 1
except RuntimeError as e:
    print("RuntimeError:", e)
dict.fromkeys("aab", 0), dict([("k", 1)]), dict(k=2)
