log = []

def numbers(n):
    for i in range(n):
        log.append(f"make {i}")
        yield i

def doubled(it):
    for x in it:
        log.append(f"double {x}")
        yield x * 2

gen = doubled(numbers(5))
first = next(gen)
second = next(gen)
print(first, second, log)
rest = list(gen)
print(rest, len(log))
lookup = {n: (n * n for _ in range(2)) for n in (2, 3)}
print([next(lookup[3]), next(lookup[3]), next(lookup[3], None)])

def gen_with_return():
    yield 1
    return "finished"

def delegator():
    result = yield from gen_with_return()
    yield result
print(list(delegator()))
def empty():
    return
    yield
list(empty())
