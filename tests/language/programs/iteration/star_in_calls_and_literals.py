def show(*args, sep="|", **kwargs):
    return sep.join([*map(str, args), *(f"{k}={v}" for k, v in kwargs.items())])

parts, options = (1, 2), {"sep": "-", "z": 26}
print(show(*parts, 3, *"ab", **options), show(*[], **{}), show(*range(3), **{"sep": "/"}, y=1))
merged = [0, *parts, *[n * 10 for n in parts], *{"k": 1}]
first, *rest = merged
*start, end = "hello"
print(merged, first, rest, start, end, {*parts, *(2, 3)}, (*parts,), {**options, "sep": "+"})
def outer(*args, **kwargs):
    return inner(*args, **kwargs)
def inner(a, b=2, *rest, c, **more):
    return a, b, rest, c, more
print(outer(1, c=3), outer(1, 5, 6, 7, c=0, d=4))
for call in (lambda: outer(1), lambda: outer(c=1), lambda: inner(1, a=2, c=3)):
    try:
        call()
    except TypeError as e:
        print(e)
max(*[3, 9, 2]), print(*"xyz", sep=".")
