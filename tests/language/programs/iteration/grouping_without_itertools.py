words = ["apple", "avocado", "banana", "blueberry", "cherry", "apricot"]
groups = {}
for w in words:
    groups.setdefault(w[0], []).append(w)
print(groups)
runs, previous = [], object()
for ch in "aaabccd":
    if ch == previous:
        runs[-1][1] += 1
    else:
        runs.append([ch, 1])
    previous = ch
print(runs, "".join(f"{c}{n if n > 1 else ''}" for c, n in runs))
matrix = [[1, 2], [3, 4], [5, 6]]
print([list(c) for c in zip(*matrix)], [x for row in matrix[::-1] for x in row], sum(map(sum, matrix)))
pairs = [(a, b) for i, a in enumerate(words) for b in words[i + 1:] if a[-1] == b[-1]]
print(pairs)
lookup = dict(enumerate(words))
[lookup[k] for k in sorted(lookup, key=lookup.get, reverse=True)][:2]
