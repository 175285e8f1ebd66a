from functools import reduce, partial
from operator import mul, add, itemgetter, attrgetter, methodcaller

nums = range(1, 8)
print(list(map(lambda x: x ** 2, filter(lambda x: x % 2, nums))))
print(reduce(mul, nums), reduce(add, [[1], [2, 3]], []))
power = lambda base, exponent: base ** exponent
square, cube = partial(power, exponent=2), partial(power, exponent=3)
print(square(5), cube(2), square.keywords)
people = [{"n": "ann", "a": 31}, {"n": "bob", "a": 25}]
print(sorted(people, key=itemgetter("a"))[0]["n"], list(map(itemgetter("n", "a"), people)))
print(list(map(methodcaller("replace", "a", "o"), ["banana", "cat"])))

class P:
    def __init__(self, x): self.x = x
print([p.x for p in sorted([P(3), P(1)], key=attrgetter("x"))])
pipeline = [str.strip, str.lower, lambda s: s.split(",")]
print(reduce(lambda acc, f: f(acc), pipeline, "  A,B,C "))
print(any(x > 6 for x in nums), all(isinstance(x, int) for x in nums), max(nums, key=lambda x: x % 5))
dispatch = {"+": add, "*": mul, "-": lambda a, b: a - b}
{op: f(6, 3) for op, f in dispatch.items()}
