import numpy as np

rng = np.random.default_rng(42)
print(rng.integers(0, 10, size=5), rng.random(2).round(4), rng.normal(10, 2, 3).round(3), rng.choice(["a", "b", "c"], 4))
print(rng.permutation(5), rng.uniform(-1, 1), rng.choice(5, size=3, replace=False), rng.standard_normal((2, 2)).round(2), rng.poisson(3, 4))
items = np.arange(5)
rng.shuffle(items)
print(items, rng.exponential(2.0), rng.binomial(10, 0.5, 3), rng.multivariate_normal([0, 0], np.eye(2)).round(3))
np.random.seed(0)
print(np.random.rand(2), np.random.randn(2), np.random.randint(1, 7, 4), np.random.choice([1, 2, 3]), np.random.normal(0, 1), np.random.permutation(3))
state = np.random.RandomState(3)
print(state.rand(), state.randint(0, 5, 3))

def bootstrap_mean(sample, n, rng):
    means = np.array([rng.choice(sample, len(sample)).mean() for _ in range(n)])
    return np.percentile(means, [2.5, 97.5]).round(2)

print(bootstrap_mean(np.array([2.0, 3.5, 4.1, 5.0, 8.8]), 200, np.random.default_rng(1)))
points = np.random.default_rng(7).random((10_000, 2))
round(4 * np.mean((points ** 2).sum(axis=1) <= 1), 2)
