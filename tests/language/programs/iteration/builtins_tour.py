print(abs(-3), all([1, "a"]), any([0, ""]), bin(5), bool([]), callable(print), chr(65), divmod(7, 2), list(enumerate("a")), eval("1 + 2"))
print(list(filter(None, [0, 1, ""])), float("1.5"), format(3.14159, ".2f"), hash("a") == hash("a"), hex(255), int("7"), isinstance(1, int), iter([]).__class__.__name__)
print(len("abc"), list(map(pow, [2, 3], [3, 2])), max("b", "a"), min([3, 1]), next(iter([9])), oct(8), ord("A"), pow(2, 10, 1000), list(range(3)), repr("q"))
print(list(reversed([1, 2])), round(3.14159, 2), set([1, 1]), slice(1, 2), sorted([2, 1]), str(1), sum([1, 2], 10), tuple([1]), type(1), list(zip([1], [2])))
print(int("101", 2), ascii("ü"), bytes(3), bytearray(2), complex(1, 2), dict(a=1), frozenset([1]), memoryview(b"ab")[0], object() is not None, property)
print(list(iter(iter([1, 2, 0, 3]).__next__, 0)), [x for x in map(lambda a, b: a + b, [1, 2], [10, 20])], max([1, 5, 3], key=lambda x: -x), min([], default="none"), sum([[1], [2]], []))
print(type(3.0) is float, type("a") == str, issubclass(bool, int), isinstance(True, (str, int)), NotImplemented, ..., __name__)
print(list(zip("ab", range(5), strict=False)), *zip(*[(1, 2), (3, 4)]))
try:
    list(zip([1], [1, 2], strict=True))
except ValueError as e:
    print(e)
