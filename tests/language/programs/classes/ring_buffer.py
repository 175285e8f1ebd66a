class RingBuffer:
    def __init__(self, size):
        self._data = [None] * size
        self._start = self._count = 0

    def push(self, item):
        end = (self._start + self._count) % len(self._data)
        self._data[end] = item
        if self._count < len(self._data):
            self._count += 1
        else:
            self._start = (self._start + 1) % len(self._data)

    def __iter__(self):
        for i in range(self._count):
            yield self._data[(self._start + i) % len(self._data)]

    def __len__(self):
        return self._count

    def __getitem__(self, i):
        if not -self._count <= i < self._count:
            raise IndexError("ring buffer index out of range")
        return self._data[(self._start + i % self._count) % len(self._data)]

r = RingBuffer(3)
for x in "abcde":
    r.push(x)
print(list(r), len(r), r[0], r[-1])
try:
    r[3]
except IndexError as e:
    print(e)
"".join(r)
