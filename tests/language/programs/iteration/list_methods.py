xs = [3, 1, 2]
xs.append(5)
xs.extend([7, 7])
xs.insert(0, "first")
print(xs, xs.index(2), xs.count(7), xs.pop(), xs.pop(0))
xs.remove(1)
xs.reverse()
print(xs, xs + [0], xs * 2, 5 in xs, len(xs), [None] * 3)
ys = xs
zs = xs.copy()
ys += [99]
print(xs is ys, zs, xs)
xs.clear()
print(xs, ys, bool(xs))
t = (1, 2, 2, 3)
print(t.count(2), t.index(3), t + (4,), t * 2, (5,), tuple("ab"), hash((1, 2)) == hash((1, 2)))
d = dict(a=1, b=2)
print(d.pop("a"), d.pop("zz", None), d.setdefault("c", 3), d.popitem(), d.get("b"), d.keys(), d.values(), d.items())
d.update({"x": 1}, y=2)
print(d, list(d.keys() & {"x", "b"}) == sorted(d.keys() & {"x", "b"}, key=str) or True, len(d), d == dict([("b", 2), ("x", 1), ("y", 2)]), dict.fromkeys("ab", 0))
for k in list(d):
    if d[k] == 1:
        del d[k]
d
