from math import gcd

class Frac:
    def __init__(self, n, d=1):
        if d < 0:
            n, d = -n, -d
        g = gcd(n, d)
        self.n, self.d = n // g, d // g

    def __add__(self, o): o = self._of(o); return Frac(self.n * o.d + o.n * self.d, self.d * o.d)
    def __mul__(self, o): o = self._of(o); return Frac(self.n * o.n, self.d * o.d)
    def __truediv__(self, o): o = self._of(o); return Frac(self.n * o.d, self.d * o.n)
    def __neg__(self): return Frac(-self.n, self.d)
    def __sub__(self, o): return self + -self._of(o)
    __radd__, __rmul__ = __add__, __mul__
    def __float__(self): return self.n / self.d
    def __eq__(self, o): o = self._of(o); return (self.n, self.d) == (o.n, o.d)
    def __lt__(self, o): o = self._of(o); return self.n * o.d < o.n * self.d
    def __repr__(self): return f"{self.n}/{self.d}" if self.d != 1 else str(self.n)
    def __hash__(self): return hash((self.n, self.d))

    @staticmethod
    def _of(x):
        return x if isinstance(x, Frac) else Frac(x)

a, b = Frac(1, 2), Frac(-3, -4)
print(a + b, a * b, a - b, a / b, 2 * a, a + 1, float(b), a < b, a == Frac(2, 4), {a: "half"}[Frac(3, 6)])
print(sum([a, b]), sorted([b, a, Frac(1, 3)]), max(a, b))
try:
    Frac(1, 0) + 1
except ZeroDivisionError as e:
    print("zero")
