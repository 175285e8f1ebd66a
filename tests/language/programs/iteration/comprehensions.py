matrix = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
print([n for row in matrix for n in row if n % 2], [[row[i] for row in matrix] for i in range(3)])
print({w: len(w) for w in ("a", "bb", "ccc") if len(w) > 1}, sorted({c for c in "mississippi"}), sum(x * y for x, y in zip([1, 2], [3, 4])))
print([(x, y) for x in range(3) for y in range(x)], ["even" if n % 2 == 0 else "odd" for n in range(3)], [f(3) for f in (lambda v: v + 1, str, float)])
nested = {k: {kk: vv * 2 for kk, vv in v.items()} for k, v in {"a": {"x": 1}, "b": {"y": 2, "z": 3}}.items()}
print(nested, dict(zip("abc", range(3))), {v: k for k, v in {"one": 1}.items()})
gen = (line.strip() for line in ["  a ", "b  ", ""])
print([g for g in gen if g], list(enumerate("xy", start=5)), [i for i, c in enumerate("banana") if c == "a"])
triples = [(a, b, c) for c in range(1, 21) for b in range(1, c) for a in range(1, b) if a * a + b * b == c * c]
print(triples, max((len(w), w) for w in ["pear", "fig", "plum"]), [*map(str.upper, "ab")], all(x for x in []))
class Shop:
    prices = {"a": 2, "b": 3}
    names = [n.upper() for n in prices]
Shop.names, [[i * j for j in range(1, 4)] for i in range(1, 4)]
