import numpy as np

p = np.poly1d([1, -6, 11, -6])
print(p(4), p.roots.round(6), p.deriv()(2), p.order, (p * np.poly1d([1, 1])).coeffs)
print(np.polyadd([1, 2], [3]), np.polymul([1, 1], [1, -1]), np.polyder([1, 0, 0]), np.polyint([2, 0]))
print(np.intersect1d([1, 2, 3], [2, 3, 4]), np.union1d([1], [2, 1]), np.setdiff1d([1, 2], [2]), np.in1d([1, 5], [5]) if hasattr(np, "in1d") else np.isin([1, 5], [5]))
x = np.array([0.0, 1.0, 2.0, 3.0])
fit = np.polynomial.Polynomial.fit(x, 2 * x + 1, 1).convert()
print(fit.coef.round(6))
np.cumsum(np.ones(3)), np.prod([1, 2, 3]), np.dot([1, 2], [3, 4]), np.inner([1, 2], [3, 4]), np.vdot([1j], [1j])
