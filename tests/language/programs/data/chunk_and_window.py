from itertools import islice

def chunks(seq, size):
    for start in range(0, len(seq), size):
        yield seq[start:start + size]

def windows(iterable, n):
    it = iter(iterable)
    window = tuple(islice(it, n))
    if len(window) == n:
        yield window
    for x in it:
        window = window[1:] + (x,)
        yield window

data = list(range(1, 11))
print(list(chunks(data, 4)))
print([sum(w) / 3 for w in windows(data, 3)])
moving = [round(sum(w) / len(w), 2) for w in windows([3, 1, 4, 1, 5, 9, 2, 6], 4)]
print(moving)
peaks = [b for a, b, c in windows([1, 3, 2, 5, 4, 4, 6], 3) if a < b > c]
print(peaks)
print(data[::-2], data[2:8:3], data[-3:], data[:-7])
data[2:5] = ["x"]
del data[-2:]
data
