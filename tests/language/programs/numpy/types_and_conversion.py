import numpy as np

print(np.int8(127).dtype, np.iinfo(np.int16).max, np.finfo(float).eps, np.float32(1) / 3, type(np.float64(2)).__name__, np.bool_(True))
a = np.array([1, 2, 3])
print(isinstance(a, np.ndarray), isinstance(a[0], np.integer), isinstance(a[0], (int, np.integer)), type(a).__name__, type(a[0]).__name__, np.issubdtype(a.dtype, np.integer))
print(a.dtype == np.int64, a.astype("float32").dtype, np.array([1, 2.5]).dtype, np.array(["a"]).dtype.kind, np.result_type(np.int32, np.float32), np.dtype("f4").itemsize)
print(int(a[0]) + 1, float(a.mean()), a.tolist(), list(a), tuple(a.shape), a.item(1), bool(a.any()), str(a[1]))
over = np.array([250], dtype=np.uint8)
print(over + np.uint8(10), over.astype(int) + 10, np.array([1.9, -1.9]).astype(int), np.array([0, 1]).astype(bool))
total: np.ndarray = np.zeros(2)
for v in a:
    total += v
print(total, sum(a), max(a), sorted(a, reverse=True), 2 in a, a == 2, (a == 2).any(), len(a))
def normalize(v: "np.ndarray") -> np.ndarray:
    n = np.linalg.norm(v)
    return v if n == 0 else v / n
print(normalize(np.array([3.0, 4.0])), normalize(np.zeros(2)))
try:
    if a > 1:
        pass
except ValueError as e:
    print(e)
np.asarray([1, 2]) is a, np.shape([[1, 2]]), np.ndim(3), np.size([1, 2, 3])
