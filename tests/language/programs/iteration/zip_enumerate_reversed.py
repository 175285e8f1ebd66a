names, scores, flags = ["a", "b", "c"], [3, 1, 2], (True, False, True)
for i, (n, s, f) in enumerate(zip(names, scores, flags), start=1):
    print(i, n, s, f)
print(list(zip(*[iter(range(6))] * 2)), dict(zip(names, scores)), list(zip(names, range(100))))
order = sorted(range(len(scores)), key=lambda k: scores[k])
print(order, [names[k] for k in order], list(reversed(order)), [*reversed("abc")])
transposed = list(zip(names, scores))
back = list(zip(*transposed))
print(back, any(f and s > 2 for f, s in zip(flags, scores)), all(s > 0 for s in scores))
indices = [i for i, f in enumerate(flags) if f]
best = max(enumerate(scores), key=lambda p: p[1])
indices, best, sum(a * b for a, b in zip(scores, scores[1:]))
