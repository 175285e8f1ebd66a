import numpy as np

a = np.arange(20).reshape(4, 5)
print(a[1:3, 2:], a[::2, ::-1], a[..., -1], a[a[:, 0] > 5], sep="\n")
print(a[np.ix_([0, 2], [1, 3])], a[[0, 1, 2], [2, 1, 0]], np.take(a, [0, 3], axis=1), a.take([3, 7]), sep="\n")
print(np.delete(a, 1, axis=0).shape, np.insert([1, 2], 1, 9), np.append([1], [2, 3]), np.flatnonzero(a > 16), np.argmax(a > 7))
b = a.copy()
b[b % 3 == 0] = 0
b[:, 2] = b[:, 2][::-1]
b[[0, 3]] = b[[3, 0]]
print(b)
np.fill_diagonal(b, -1)
print(np.triu(b), np.tril(np.ones((3, 3))), np.diag(b), sep="\n")
idx = np.argsort(-a.sum(axis=1))
print(idx, a[idx][:2, 0], np.argpartition([5, 1, 4], 1)[0], np.lexsort(([1, 0, 1], [2, 2, 1])))
order = np.array([3, 1, 2]).argsort()
print(order, np.ndindex(2, 2) is not None, list(np.ndindex(2, 2)), [(i, int(v)) for i, v in np.ndenumerate(np.array([[1, 2]]))])
lookup = np.array(["no", "yes"])
print(lookup[np.array([0, 1, 1])], np.choose([0, 1], [[10, 20], [30, 40]]), a.swapaxes(0, 1).shape, np.moveaxis(np.zeros((1, 2, 3)), 0, -1).shape)
a.flat[7], a.item(2, 3), np.r_[1:4, 10], np.c_[[1, 2], [3, 4]]
