a = {1, 2, 3, 4}
b = set([3, 4, 5])
print(a | b, a & b, a - b, a ^ b, b <= {3, 4, 5, 6}, a.isdisjoint({9}), a.issuperset({1}), a.union([7], [8]))
a.add(10); a.discard(99); a.update({11, 12}); a.intersection_update(range(12))
print(a, len(a), 10 in a, frozenset(b) in {frozenset([3, 4, 5])}, {x % 3 for x in range(10)})
try:
    a.remove(1000)
except KeyError as e:
    print("KeyError", e)
try:
    {[1]}
except TypeError as e:
    print(e)
a |= {42}
a -= {1, 2}
a &= {3, 4, 42}
a ^= {3}
print(a)
seen = set()
dups = [x for x in [1, 2, 1, 3, 2] if x in seen or seen.add(x)]
print(dups, sorted(seen), set() == set(), set("aab") == {"a", "b"}, sorted(set("hello") - set("world")))
users = {"ann": {"read", "write"}, "bob": {"read"}}
common = set.intersection(*users.values())
everything = set().union(*users.values())
common, sorted(everything), {k: sorted(v) for k, v in users.items() if "write" in v}
