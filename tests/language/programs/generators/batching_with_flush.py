def batch(stream, size, flush_on=None):
    current = []
    for item in stream:
        if item == flush_on:
            if current:
                yield current
            current = []
            continue
        current.append(item)
        if len(current) == size:
            yield current
            current = []
    if current:
        yield current

print(list(batch(range(7), 3)))
print(list(batch("ab|cde|f", 2, flush_on="|")))
total = 0
for group in batch(iter(range(10)), 4):
    total += sum(group) * len(group)
total
