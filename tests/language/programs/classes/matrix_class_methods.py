class Matrix:
    def __init__(self, rows):
        self.rows = [list(map(float, r)) for r in rows]

    @classmethod
    def identity(cls, n):
        return cls([[i == j for j in range(n)] for i in range(n)])

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    @property
    def T(self):
        return type(self)(zip(*self.rows))

    def __matmul__(self, other):
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"cannot multiply {self.shape} by {other.shape}")
        return Matrix([[sum(a * b for a, b in zip(r, c)) for c in zip(*other.rows)] for r in self.rows])

    def __iter__(self):
        return iter(self.rows)

    def __eq__(self, other):
        return self.rows == other.rows

    def __repr__(self):
        return "\n".join(" ".join(f"{x:6.2f}" for x in row) for row in self)

m = Matrix([[1, 2, 3], [4, 5, 6]])
print(m.T, m.shape, (m @ m.T).rows, m @ Matrix.identity(3) == m, sep="\n")
try:
    m @ m
except ValueError as e:
    print(e)
