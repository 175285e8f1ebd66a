import numpy as np

A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 2.0]])
b = np.array([1.0, 2.0, 3.0])
x = np.linalg.solve(A, b)
print(x.round(4), np.allclose(A @ x, b), np.linalg.det(A).round(6), np.linalg.matrix_rank(A), np.trace(A))
print(np.linalg.inv(A).round(3))
w, v = np.linalg.eigh(A)
print(w.round(4), np.abs(v @ np.diag(w) @ v.T - A).max() < 1e-9)
U, s, Vt = np.linalg.svd(np.arange(6.0).reshape(2, 3), full_matrices=False)
print(s.round(4), U.shape, Vt.shape)
Q, R = np.linalg.qr(A)
print(np.allclose(Q @ R, A), np.allclose(Q.T @ Q, np.eye(3)), np.linalg.cholesky(A).round(3)[2])
print(np.linalg.norm(b), np.linalg.norm(A, "fro").round(4), np.linalg.norm(b, 1), np.dot(b, b), np.outer([1, 2], [3, 4]).tolist(), np.cross([1, 0, 0], [0, 1, 0]))
coef, residuals, rank, sv = np.linalg.lstsq(np.c_[np.ones(4), [0, 1, 2, 3]], [1, 3, 5, 7.2], rcond=None)
print(coef.round(3), rank, np.polyfit([0, 1, 2], [1, 3, 9], 2).round(3), np.polyval([1, 2, 3], 2), np.roots([1, -3, 2]))
try:
    np.linalg.inv(np.zeros((2, 2)))
except np.linalg.LinAlgError as e:
    print("LinAlgError:", e)
print(np.einsum("ij,j->i", A, b), np.linalg.matrix_power(np.array([[1, 1], [1, 0]]), 10), np.kron([1, 2], [1, 1]), sep="\n")
np.linalg.eigvals(np.array([[0, -1], [1, 0]]))
