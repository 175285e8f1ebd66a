import numpy as np

states = ["sunny", "rainy", "cloudy"]
P = np.array([[0.7, 0.1, 0.2], [0.3, 0.4, 0.3], [0.4, 0.3, 0.3]])
assert np.allclose(P.sum(axis=1), 1)
values, vectors = np.linalg.eig(P.T)
stationary = np.real(vectors[:, np.argmax(np.isclose(values, 1))])
stationary /= stationary.sum()
print(dict(zip(states, stationary.round(4).tolist())))
rng = np.random.default_rng(11)
state, visits = 0, np.zeros(3, dtype=int)
for _ in range(2000):
    state = rng.choice(3, p=P[state])
    visits[state] += 1
print(np.abs(visits / visits.sum() - stationary).max() < 0.05)
print((np.linalg.matrix_power(P, 50)[0] - stationary).round(6) + 0.0)
days = rng.integers(0, 365, size=(2000, 23))
shared = np.mean([len(np.unique(row)) < 23 for row in days])
abs(shared - 0.507) < 0.05
