def transpose(m):
    return [list(row) for row in zip(*m)]


def matmul(a, b):
    if len(a[0]) != len(b):
        raise ValueError("Incompatible shapes: %dx%d and %dx%d" % (len(a), len(a[0]), len(b), len(b[0])))
    return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]


def determinant(m):
    if len(m) == 1:
        return m[0][0]
    if len(m) == 2:
        return m[0][0] * m[1][1] - m[0][1] * m[1][0]
    total = 0
    for c in range(len(m)):
        minor = [row[:c] + row[c + 1:] for row in m[1:]]
        total += (-1) ** c * m[0][c] * determinant(minor)
    return total


a = [[2, 0, 1], [1, 3, 2], [1, 1, 4]]
b = [[1, 2], [0, 1], [4, 0]]
for row in matmul(a, b):
    print(" ".join(f"{x:4d}" for x in row))
print(transpose(b))
print("det:", determinant(a))
grid = [[0] * 3 for _ in range(3)]
for i in range(3):
    for j in range(3):
        grid[i][j] += i * 3 + j
grid[1][1] *= -1
print(grid)
try:
    matmul(b, b)
except ValueError as err:
    print(err)
