class Number:
    def __init__(self, v):
        self.v = v
    def __repr__(self):
        return f"N({self.v})"
    def __iadd__(self, o):
        self.v += int(o)
        return self
    def __isub__(self, o):
        self.v -= int(o)
        return self
    def __imul__(self, o):
        self.v *= int(o)
        return self
    def __ifloordiv__(self, o):
        self.v //= int(o)
        return self
    def __imod__(self, o):
        self.v %= int(o)
        return self
    def __ipow__(self, o):
        self.v **= int(o)
        return self
    def __iand__(self, o):
        self.v &= int(o)
        return self
    def __ior__(self, o):
        self.v |= int(o)
        return self
    def __ixor__(self, o):
        self.v ^= int(o)
        return self
    def __ilshift__(self, o):
        self.v <<= int(o)
        return self
    def __irshift__(self, o):
        self.v >>= int(o)
        return self
    def __itruediv__(self, o):
        self.v = self.v / int(o)
        return self
    def __int__(self):
        return int(self.v)
    def __index__(self):
        return int(self.v)

n = Number(7)
same = n
n += 3
n -= Number(1)
n *= 2
n //= 4
n **= 3
n %= 50
n |= 16
n &= 28
n ^= 5
n <<= 3
n >>= 1
print(n, same is n)
n /= 4
print(n, int(n), hex(Number(255)), [10, 20, 30][Number(1)], list(range(Number(3))))
