def spiral(matrix):
    matrix = [row[:] for row in matrix]
    out = []
    while matrix:
        out += matrix.pop(0)
        matrix = [list(r) for r in zip(*matrix)][::-1]
    return out

def pascal(n):
    row = [1]
    for _ in range(n):
        yield row
        row = [1] + [a + b for a, b in zip(row, row[1:])] + [1]

for row in pascal(5):
    print(" ".join(map(str, row)).center(13).rstrip())
print(spiral([[1, 2, 3], [4, 5, 6], [7, 8, 9]]))

def rotate(m):
    return [list(r) for r in zip(*m[::-1])]

def two_sum(nums, target):
    seen = {}
    for i, n in enumerate(nums):
        if (need := target - n) in seen:
            return seen[need], i
        seen[n] = i

def max_subarray(xs):
    best = current = xs[0]
    for x in xs[1:]:
        current = max(x, current + x)
        best = max(best, current)
    return best

def binary_search(xs, target):
    lo, hi = 0, len(xs) - 1
    while lo <= hi:
        if xs[mid := (lo + hi) // 2] == target:
            return mid
        lo, hi = (mid + 1, hi) if xs[mid] < target else (lo, mid - 1)
    return -1
rotate([[1, 2], [3, 4]]), two_sum([2, 7, 11, 15], 26), max_subarray([-2, 1, -3, 4, -1, 2, 1, -5, 4]), binary_search([1, 3, 5, 7], 5)
