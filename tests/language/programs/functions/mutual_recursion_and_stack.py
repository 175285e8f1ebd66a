def is_even(n): return True if n == 0 else is_odd(n - 1)
def is_odd(n): return False if n == 0 else is_even(n - 1)
print(is_even(10), is_odd(7), is_even(7))

def flatten(x, depth=0):
    if isinstance(x, list):
        for item in x:
            yield from flatten(item, depth + 1)
    else:
        yield x, depth

print(list(flatten([1, [2, [3, []]], 4])))
def combinations(items, k):
    if k == 0:
        return [()]
    if not items:
        return []
    head, *tail = items
    return [(head, *c) for c in combinations(tail, k - 1)] + combinations(tail, k)
print(combinations("abcd", 2))
def balanced(n, opened=0, closed=0, s=""):
    if len(s) == 2 * n:
        return [s]
    out = []
    if opened < n:
        out += balanced(n, opened + 1, closed, s + "(")
    if closed < opened:
        out += balanced(n, opened, closed + 1, s + ")")
    return out
balanced(3)
