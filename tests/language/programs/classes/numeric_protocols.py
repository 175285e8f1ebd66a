import math

class Fixed:
    """A number with three decimals."""
    def __init__(self, value):
        self.raw = round(value * 1000)
    def __float__(self):
        return self.raw / 1000
    def __int__(self):
        return self.raw // 1000
    def __round__(self, ndigits=0):
        return round(float(self), ndigits)
    def __trunc__(self):
        return int(float(self))
    def __floor__(self):
        return math.floor(float(self))
    def __ceil__(self):
        return math.ceil(float(self))
    def __complex__(self):
        return complex(float(self), 0)
    def __pos__(self):
        return self
    def __invert__(self):
        return -float(self) - 1
    def __abs__(self):
        return abs(float(self))
    def __bytes__(self):
        return str(float(self)).encode()

f = Fixed(-3.14159)
print(float(f), int(f), round(f), round(f, 1), math.trunc(f), math.floor(f), math.ceil(f))
print(complex(f), +f is f, ~f, abs(f), bytes(f))
print(math.sqrt(Fixed(16)), math.isclose(Fixed(2), 2.0))
