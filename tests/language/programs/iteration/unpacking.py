first, *middle, last = range(6)
(a, b), c = [1, 2], 3
[x, (y, *z)] = 1, (2, 3, 4)
print(first, middle, last, a, b, c, x, y, z)
a, b = b, a
record = ("Ann", (1990, 5), ["py", "c"])
name, (year, month), [*langs] = record
print(a, b, name, year, langs)
def stats(*values): return min(values), max(values), sum(values) / len(values)
lo, hi, avg = stats(*[3, 1, 2])
print(lo, hi, avg, [*range(3), *"ab", *{"k": 1}], {**{"a": 1}, "b": 2, **{"a": 3}}, (*[1], 2))
for i, (key, value) in enumerate({"a": 1, "b": 2}.items()):
    print(i, key, value)
try:
    p, q = [1, 2, 3]
except ValueError as e:
    print(e)
try:
    p, q, *r = [1]
except ValueError as e:
    print(e)
head, *_ = "hello"
x = y = []
x.append(1)
d = {}
d["a"], d["b"] = 1, 2
data = [0, 0]
i = 0
i, data[i] = 1, 9
print(*data, sep="|")
head, y, d, data
