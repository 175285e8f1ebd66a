import heapq
import random

random.seed(42)
scores = [(random.randint(1, 1000), f"player{i}") for i in range(50)]
top = heapq.nlargest(3, scores)
low = heapq.nsmallest(3, scores, key=lambda s: s[0])
print(top)
print(low)

heap = []
for score, name in scores:
    heapq.heappush(heap, (score, name))
    if len(heap) > 5:
        heapq.heappop(heap)
print(sorted(heap, reverse=True))
print(heap[0] == min(heap))
merged = list(heapq.merge([1, 4, 7], [2, 5, 8], [3, 6, 9]))
print(merged)
h = [5, 3, 8]
heapq.heapify(h)
print(heapq.heapreplace(h, 1), heapq.heappushpop(h, 0), sorted(h))
