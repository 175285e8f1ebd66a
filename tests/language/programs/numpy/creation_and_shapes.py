import numpy as np

a = np.array([[1, 2, 3], [4, 5, 6]])
print(a.shape, a.ndim, a.size, a.dtype, a.T.shape, a.nbytes, len(a))
print(np.zeros((2, 3)), np.ones(3, dtype=int), np.full((2, 2), 7), np.eye(3), sep="\n")
print(np.arange(0, 1, 0.25), np.linspace(0, 1, 5), np.logspace(0, 3, 4), np.arange(10)[::-2])
print(a.reshape(3, 2), a.ravel(), a.flatten()[2], a.reshape(-1), sep="\n")
print(np.vstack([a, [7, 8, 9]]), np.hstack([a, a]), np.concatenate([a, a], axis=1).shape, np.stack([a, a]).shape, sep="\n")
print(a[0], a[:, 1], a[-1, -1], a[:, ::2], a[[1, 0]], a[0, [0, 2]], sep="\n")
print(np.expand_dims(a, 0).shape, a[np.newaxis, :, :].shape, np.squeeze(a[np.newaxis]).shape, np.tile([1, 2], 3), np.repeat([1, 2], 2))
x, y = np.meshgrid([1, 2], [3, 4, 5])
print(x, y, np.split(np.arange(6), 3), np.array_split(range(5), 2), sep="\n")
b = a.copy()
b[0, 0] = 100
print(a[0, 0], b[0, 0], a.astype(float), a.tolist(), np.identity(2).dtype)
np.diag([1, 2, 3])
