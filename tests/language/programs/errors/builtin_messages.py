cases = [
    lambda: [1, 2][5],
    lambda: {"a": 1}["b"],
    lambda: int("12x"),
    lambda: "a" + 1,
    lambda: None.upper(),
    lambda: (1, 2)[0] / 0,
    lambda: len(5),
    lambda: "abc".index("z"),
    lambda: [].pop(),
    lambda: next(iter([])),
    lambda: float("nope"),
    lambda: undefined_name,
    lambda: {}.fromkeys(3),
    lambda: sorted([1, "a"]),
    lambda: (lambda x: x)(1, 2),
    lambda: {[]: 1},
    lambda: 5 % 0,
    lambda: chr(-1),
    lambda: b"\xff".decode("utf-8"),
    lambda: (1).foo,
    lambda: [].foo,
    lambda: "x".join([1]),
    lambda: int([]),
    lambda: "abc"[1.0],
    lambda: max([]),
    lambda: range(0, 5, 0),
    lambda: [1].remove(2),
]
for i, case in enumerate(cases):
    try:
        print(i, case())
    except Exception as e:
        print(i, type(e).__name__, e)
