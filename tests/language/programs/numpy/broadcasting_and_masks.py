import numpy as np

temps = np.array([[22.5, 19.0, 30.1], [15.2, 28.4, 33.3]])
print(temps - temps.mean(axis=0), temps - temps.mean(axis=1, keepdims=True), sep="\n")
hot = temps > 25
print(hot, temps[hot], hot.sum(), hot.any(axis=1), hot.all(), np.count_nonzero(hot), sep="\n")
temps[temps < 20] = 20
temps[~hot] *= 1.1
print(np.round(temps, 2))
print(np.where(temps > 30, "hot", "ok"), np.argwhere(temps > 30), np.clip(temps, 22, 30), sep="\n")
mask = (temps > 21) & (temps < 29) | (temps == 33.3)
print(mask.astype(int), np.nonzero(mask), temps[mask].tolist())
grid = np.arange(3)[:, None] * 10 + np.arange(4)
print(grid, grid[grid % 2 == 0], grid[1:, :2] + 100, sep="\n")
grid[1] += 5
grid[:, 0] = -1
grid[grid > 20] //= 2
print(grid)
try:
    np.ones((2, 3)) + np.ones((3, 2))
except ValueError as e:
    print("ValueError:", e)
np.isin(grid, [-1, 10]).sum()
