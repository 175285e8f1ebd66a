def report(title, /, *rows, sep=", ", width: int = 20, **meta):
    line = sep.join(str(r) for r in rows)
    extra = " ".join(f"{k}={v}" for k, v in sorted(meta.items()))
    return f"{title:<{width}}|{line}|{extra}"

print(report("empty"))
print(report("nums", 1, 2, 3, width=8))
print(report("meta", *"ab", sep="-", author="me", year=2024, title="shadow"))
args = (1, 2)
kwargs = {"width": 6, "z": 0}
print(report("star", *args, *[3], **kwargs, a=1))

def only_keywords(*, a, b=2):
    return a, b

print(only_keywords(a=1), only_keywords(b=5, a=0))
for call in (lambda: only_keywords(1), lambda: only_keywords(), lambda: report(), lambda: report("x", width=1, width2=2, **{"sep": ""})):
    try:
        print(call())
    except TypeError as e:
        print("TypeError:", e)

def mutable(x, acc=None):
    acc = [] if acc is None else acc
    acc.append(x)
    return acc
mutable(1), mutable(2)
