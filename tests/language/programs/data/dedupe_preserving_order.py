def unique(seq, key=None):
    seen = set()
    out = []
    for item in seq:
        marker = item if key is None else key(item)
        if marker in seen:
            continue
        seen.add(marker)
        out.append(item)
    return out

words = "the quick brown fox jumps over the lazy dog the end".split()
print(unique(words))
print(list(dict.fromkeys(words)))
people = [{"name": "Ann", "mail": "A@x.org"}, {"name": "Anna", "mail": "a@X.org"}, {"name": "Bo", "mail": "b@x.org"}]
for p in unique(people, key=lambda p: p["mail"].lower()):
    print(p["name"], p["mail"], sep=" <", end=">\n")
duplicates = sorted({w for w in words if words.count(w) > 1})
print(duplicates)
len(set(words))
