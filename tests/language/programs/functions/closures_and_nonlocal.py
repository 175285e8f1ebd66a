def make_counter(start=0, step=1):
    count = start

    def increment():
        nonlocal count
        count += step
        return count

    def reset():
        nonlocal count
        count = start

    def peek():
        return count

    return increment, reset, peek

inc, reset, peek = make_counter(10, 5)
print(inc(), inc(), peek())
reset()
print(peek())

def make_multipliers():
    return [lambda x, n=n: x * n for n in range(1, 4)]

print([f(10) for f in make_multipliers()])
broken = [lambda x: x * n for n in range(1, 4)]
print([f(10) for f in broken])

def compose(*funcs):
    def composed(x):
        for f in reversed(funcs):
            x = f(x)
        return x
    return composed

clean = compose(str.title, str.strip, lambda s: s.replace("_", " "))
print(clean("  hello_world "))

def average():
    total, n = 0, 0
    def add(x):
        nonlocal total, n
        total += x
        n += 1
        return total / n
    return add

avg = average()
[avg(x) for x in (10, 20, 60)]
