class Countdown:
    def __init__(self, start):
        self.start = start

    def __iter__(self):
        return CountdownIterator(self.start)

    def __reversed__(self):
        return iter(range(1, self.start + 1))

    def __len__(self):
        return self.start

    def __length_hint__(self):
        return self.start

class CountdownIterator:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        value = self.n
        self.n -= 1
        return value

c = Countdown(3)
print(list(c), list(c), list(reversed(c)), tuple(zip(c, "abc")))
it = iter(c)
print(next(it), next(it), next(it), next(it, "done"))
try:
    next(it)
except StopIteration:
    print("stopped")
for i, x in enumerate(c):
    if x == 2:
        break
print(i, x)
a, b, d = c
print(a, b, d, max(c), sum(c), 2 in c)
