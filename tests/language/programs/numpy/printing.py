import numpy as np

print(np.array([1.0, 2.5, 1e-10, 1234567.0]))
print(np.array([[0.1, 22.333], [-4.0, 5.55]]), np.arange(1000), sep="\n")
print(repr(np.array([1, 2])), repr(np.float64(1.5)), np.float32(0.1), np.int64(7), repr(np.array([True, False])))
np.set_printoptions(precision=2, suppress=True)
print(np.array([np.pi, 1e-9, 12345.678]))
with np.printoptions(precision=4, sign="+"):
    print(np.array([np.e, -1]))
print(np.array2string(np.array([0.123456, 7]), precision=3, separator=", "), np.array_str(np.eye(2)))
for row in np.arange(6).reshape(2, 3):
    print(" ".join(f"{v:4d}" for v in row))
for v in np.array([1.5, 2.25]):
    print(f"{v:.3f} {v:>8} {v!r}")
print(np.array(["pear", "fig"]), np.array([1 + 2j, 3]), np.array([None, 1]), np.array([[]]), np.nan, np.inf)
print(f"{np.mean([1, 2, 4]):.2f}", "%.1f" % np.sum([1.5, 2]), str(np.array([1, 2])), np.array(3), np.array(3).item())
np.array([[1.123456, 2], [3, 4]])
