class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

p = Point(1, 2)
attempts = [
    lambda: p.z, lambda: Point(1), lambda: Point(1, 2, 3), lambda: p + p, lambda: p[0], lambda: p(),
    lambda: len(p), lambda: iter(p), lambda: p < p, lambda: Point.missing, lambda: {p: 1}[Point(1, 2)] if False else None,
    lambda: "a" * "b", lambda: [1] + (2,), lambda: int("3.5"), lambda: "%d" % "a", lambda: {}["k"], lambda: (1, 2).append(3),
]
for attempt in attempts:
    try:
        print("ok", attempt())
    except Exception as e:
        print(f"{type(e).__name__}: {e}")
