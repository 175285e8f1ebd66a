import numpy as np

points = np.array([[0, 0], [3, 4], [6, 8], [1, 1]], dtype=float)
difference = points[:, None] - points[None, :]
distances = np.sqrt((difference ** 2).sum(-1))
print(distances.round(2))
np.fill_diagonal(distances, np.inf)
nearest = distances.argmin(axis=1)
print(nearest, distances.min(axis=1).round(3))
order = np.argsort(np.linalg.norm(points, axis=1))
print(points[order].tolist())
center = points.mean(axis=0)
inside = np.linalg.norm(points - center, axis=1) < 4
print(center, inside, points[inside].sum())
i, j = np.unravel_index(np.argmin(distances), distances.shape)
(int(i), int(j)), float(distances[i, j].round(4))
