import math

class RunningStats:
    """Welford's algorithm."""

    def __init__(self):
        self.n = 0
        self.mean = 0.0
        self._m2 = 0.0
        self.minimum = math.inf
        self.maximum = -math.inf

    def push(self, x):
        self.n += 1
        delta = x - self.mean
        self.mean += delta / self.n
        self._m2 += delta * (x - self.mean)
        self.minimum = min(self.minimum, x)
        self.maximum = max(self.maximum, x)
        return self

    @property
    def variance(self):
        return self._m2 / (self.n - 1) if self.n > 1 else 0.0

    @property
    def stdev(self):
        return math.sqrt(self.variance)

    def __repr__(self):
        return f"{self.__class__.__name__}(n={self.n}, mean={self.mean:.3f}, stdev={self.stdev:.3f})"

stats = RunningStats()
for x in [2, 4, 4, 4, 5, 5, 7, 9]:
    stats.push(x)
print(stats)
print(stats.minimum, stats.maximum, round(stats.variance, 4))
stats.push(100).push(-100)
stats
