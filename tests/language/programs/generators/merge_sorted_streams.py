def merge(*streams):
    heads = []
    for stream in map(iter, streams):
        try:
            heads.append([next(stream), stream])
        except StopIteration:
            continue
    while heads:
        smallest = min(heads, key=lambda h: h[0])
        yield smallest[0]
        try:
            smallest[0] = next(smallest[1])
        except StopIteration:
            heads.remove(smallest)

print(list(merge([1, 4, 9], (2, 3), range(0, 10, 5), [])))
def dedupe(stream):
    previous = object()
    for item in stream:
        if item != previous:
            yield item
        previous = item
"".join(dedupe(merge("aceg", "bcf", "g")))
