import itertools as it
from itertools import groupby, chain, product, combinations, permutations

print(list(product("ab", [1, 2])), list(permutations([1, 2, 3], 2))[:3], list(combinations("abcd", 3)), list(it.combinations_with_replacement("ab", 2)))
print(list(chain([1], (2, 3), "x")), list(chain.from_iterable([[1, 2], [3]])), list(it.zip_longest([1, 2, 3], "a", fillvalue="-")))
print(list(it.accumulate([1, 2, 3, 4], lambda a, b: a * b)), list(it.accumulate([3, 1, 4], max, initial=0)), list(it.starmap(pow, [(2, 3), (3, 2)])))
print(list(it.dropwhile(lambda x: x < 3, [1, 4, 2])), list(it.takewhile(lambda x: x < 3, [1, 4, 2])), list(it.filterfalse(lambda x: x % 2, range(5))), list(it.compress("abc", [1, 0, 1])))
print(list(it.islice(it.count(10, 5), 3)), list(it.repeat("x", 2)), list(it.pairwise("abc")), [next(c) for c in [it.cycle("ab")] for _ in range(3)])
people = [("ann", "eng"), ("bob", "ops"), ("cat", "eng")]
for team, members in groupby(sorted(people, key=lambda p: p[1]), key=lambda p: p[1]):
    print(team, [m[0] for m in members])
a, b = it.tee([1, 2, 3])
next(b)
print(list(zip(a, b)), len(list(product(range(6), repeat=2))), sum(1 for c in combinations(range(5), 2) if sum(c) % 2))
