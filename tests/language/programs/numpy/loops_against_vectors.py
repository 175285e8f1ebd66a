import numpy as np

n = 50
xs = np.linspace(0, 1, n)
slow = []
for x in xs:
    slow.append(x ** 2 + 2 * x)
fast = xs ** 2 + 2 * xs
print(np.allclose(slow, fast), fast[-1], len(slow))
grid = np.zeros((4, 4), dtype=int)
for i in range(4):
    for j in range(4):
        grid[i, j] = i * 4 + j
        if (i + j) % 2:
            grid[i][j] *= -1
print(grid, grid.sum(axis=0), np.abs(grid).max())
rows = [row.tolist() for row in grid if row.sum() < 0]
print(rows, [int(v) for v in grid.flat][:5], [f"{v:+d}" for v in grid[1]])
total = 0.0
for value in np.array([0.5, 1.5]):
    total += value
total == 2.0, isinstance(float(total), float), grid[grid < 0].size
