class Matrix:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]
    def __getitem__(self, key):
        if isinstance(key, tuple):
            r, c = key
            return self.rows[r][c]
        return self.rows[key]
    def __setitem__(self, key, value):
        r, c = key
        self.rows[r][c] = value
    def __mul__(self, other):
        return Matrix([[sum(a * b for a, b in zip(r, c)) for c in zip(*other.rows)] for r in self.rows])
    def __pow__(self, n):
        result = Matrix([[int(i == j) for j in range(len(self.rows))] for i in range(len(self.rows))])
        for _ in range(n):
            result = result * self
        return result
    def __str__(self):
        return "\n".join(" ".join(f"{v:>3}" for v in r) for r in self.rows)
    def __eq__(self, other):
        return self.rows == other.rows

m = Matrix([[1, 1], [1, 0]])
print(m ** 10)
m[0, 1] += 5
m[1, 0] = -m[0, 1]
print(m[0, 1], m[1], m == Matrix([[1, 6], [-6, 0]]))
try:
    {m: 1}
except TypeError as e:
    print(e)
