import bisect

grades = [60, 70, 80, 90]
def grade(score):
    return "FDCBA"[bisect.bisect(grades, score)]
print([grade(s) for s in (33, 60, 77, 89, 90, 100)])
xs = []
for n in (5, 1, 4, 1, 3):
    bisect.insort(xs, n)
print(xs, bisect.bisect_left(xs, 1), bisect.bisect_right(xs, 1), bisect.bisect_left([("a", 1), ("b", 2)], "b", key=lambda t: t[0]))
def index(a, x):
    i = bisect.bisect_left(a, x)
    if i != len(a) and a[i] == x:
        return i
    raise ValueError(f"{x} not found")
print(index(xs, 4))
try:
    index(xs, 2)
except ValueError as e:
    print(e)
r = range(10, 0, -3)
print(list(r), len(r), r[1], 4 in r, r.index(7), range(5) == range(0, 5, 1), range(0).stop, sum(range(101)), list(range(3, 3)))
import heapq
def kth_smallest(matrix, k):
    heap = [(row[0], i, 0) for i, row in enumerate(matrix)]
    heapq.heapify(heap)
    for _ in range(k - 1):
        v, r, c = heapq.heappop(heap)
        if c + 1 < len(matrix[r]):
            heapq.heappush(heap, (matrix[r][c + 1], r, c + 1))
    return heap[0][0]
kth_smallest([[1, 5, 9], [10, 11, 13], [12, 13, 15]], 8)
