import math

class Vector:
    def __init__(self, *components):
        self._c = tuple(components)

    def __repr__(self):
        return "Vector(%s)" % ", ".join(map(repr, self._c))

    def __add__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return Vector(*(a + b for a, b in zip(self._c, other._c)))

    def __sub__(self, other):
        return self + (-other)

    def __neg__(self):
        return Vector(*(-a for a in self._c))

    def __mul__(self, k):
        if isinstance(k, Vector):
            return sum(a * b for a, b in zip(self._c, k._c))
        return Vector(*(a * k for a in self._c))

    __rmul__ = __mul__

    def __truediv__(self, k):
        return self * (1 / k)

    def __abs__(self):
        return math.sqrt(self * self)

    def __eq__(self, other):
        return isinstance(other, Vector) and self._c == other._c

    def __hash__(self):
        return hash(self._c)

    def __len__(self):
        return len(self._c)

    def __getitem__(self, i):
        return self._c[i]

    def __iter__(self):
        return iter(self._c)

    def __bool__(self):
        return any(self._c)

    def __matmul__(self, other):
        return self * other

v, w = Vector(3, 4), Vector(1, -2)
print(v + w, v - w, v * w, 2 * v, v * 0.5, abs(v), v / 2, v @ w)
print(v == Vector(3, 4), v != w, len({v, Vector(3, 4), w}), bool(Vector(0, 0)))
x, y = v
print(x, y, list(v), v[-1], max(v))
v += w
print(v)
try:
    v + 3
except TypeError as e:
    print(e)
