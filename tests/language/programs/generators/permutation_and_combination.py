def permute(items, chosen=()):
    if not items:
        yield chosen
    for i, item in enumerate(items):
        yield from permute(items[:i] + items[i + 1:], chosen + (item,))

print(["".join(p) for p in permute("abc")])
def partitions(n, largest=None):
    largest = n if largest is None else largest
    if n == 0:
        yield []
    for k in range(min(n, largest), 0, -1):
        for rest in partitions(n - k, k):
            yield [k, *rest]
print(list(partitions(5)))
def gray(n):
    if n == 0:
        yield ""
        return
    inner = list(gray(n - 1))
    yield from ("0" + c for c in inner)
    yield from ("1" + c for c in reversed(inner))
list(gray(3)), sum(1 for _ in partitions(20))
