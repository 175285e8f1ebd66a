import numpy as np

def kmeans(points, k, iterations=20, seed=0):
    rng = np.random.default_rng(seed)
    centers = points[rng.choice(len(points), k, replace=False)]
    for _ in range(iterations):
        distances = np.linalg.norm(points[:, None, :] - centers[None, :, :], axis=2)
        labels = distances.argmin(axis=1)
        updated = np.array([points[labels == j].mean(axis=0) if np.any(labels == j) else centers[j] for j in range(k)])
        if np.allclose(updated, centers):
            break
        centers = updated
    inertia = ((points - centers[labels]) ** 2).sum()
    return centers, labels, inertia

rng = np.random.default_rng(5)
blobs = np.vstack([rng.normal(c, 0.2, size=(20, 2)) for c in ((0, 0), (3, 3), (0, 4))])
centers, labels, inertia = kmeans(blobs, 3, seed=2)
order = np.lexsort((centers[:, 1], centers[:, 0].round()))
print(centers[order].round(1))
print(sorted(np.bincount(labels).tolist()), inertia < 100)
