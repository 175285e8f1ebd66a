import random
from collections import Counter

random.seed(10)
values = [round(random.gauss(50, 12)) for _ in range(200)]
buckets = Counter(v // 10 * 10 for v in values)
for low in sorted(buckets):
    print(f"{low:>3}-{low + 9:<3} {'*' * (buckets[low] // 2)} ({buckets[low]})")

def percentile(data, p):
    data = sorted(data)
    k = (len(data) - 1) * p / 100
    f, c = int(k), min(int(k) + 1, len(data) - 1)
    return data[f] + (data[c] - data[f]) * (k - f)

print([percentile([1, 2, 3, 4], p) for p in (0, 25, 50, 100)])
mode, times = Counter(values).most_common(1)[0]
print(sum(buckets.values()), times > 3, min(values) < mode < max(values))
