class Retry(Exception):
    pass

def work(n, log):
    try:
        log.append(f"work {n}")
        if n < 2:
            raise Retry(n)
        return "finished"
    except Retry as r:
        log.append(f"retry {r.args[0]}")
        return work(n + 1, log)

log = []
print(work(0, log), log)

def check(value):
    if value is None:
        raise ValueError
    if value == 0:
        raise ValueError()
    if value < 0:
        raise ValueError("negative", value)
    return value

for v in (None, 0, -3, 7):
    try:
        print(check(v))
    except ValueError as e:
        print(repr(e), len(e.args))

try:
    try:
        raise KeyError("inner")
    except KeyError:
        print("handling")
        raise
except KeyError as e:
    print("outer", e)
try:
    raise "text"
except TypeError as e:
    print(e)
try:
    assert 1 + 1 == 3, f"math is fine: {1 + 1}"
except AssertionError as e:
    print("assertion:", e)
