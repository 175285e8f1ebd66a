class Money:
    def __init__(self, cents):
        self.cents = cents
    def _other(self, o):
        if isinstance(o, Money):
            return o.cents
        if isinstance(o, (int, float)):
            return round(o * 100)
        return None
    def __radd__(self, o):
        return Money(self._other(o) + self.cents)
    def __add__(self, o):
        c = self._other(o)
        return NotImplemented if c is None else Money(self.cents + c)
    def __rsub__(self, o):
        return Money(self._other(o) - self.cents)
    def __rfloordiv__(self, o):
        return self._other(o) // self.cents
    def __rmod__(self, o):
        return Money(self._other(o) % self.cents)
    def __rdivmod__(self, o):
        return divmod(self._other(o), self.cents)
    def __divmod__(self, o):
        return divmod(self.cents, self._other(o))
    def __rpow__(self, o):
        return o ** self.cents
    def __rtruediv__(self, o):
        return self._other(o) / self.cents
    def __rand__(self, o):
        return o & self.cents
    def __ror__(self, o):
        return o | self.cents
    def __rxor__(self, o):
        return o ^ self.cents
    def __rlshift__(self, o):
        return o << self.cents
    def __rrshift__(self, o):
        return o >> self.cents
    def __str__(self):
        return f"${self.cents // 100}.{self.cents % 100:02d}"

prices = [Money(1999), Money(501), Money(50)]
print(sum(prices), 5 + Money(25), 10 - Money(999), 1 // Money(30), 1 % Money(30))
print(divmod(1, Money(30)), divmod(Money(105), 0.5), 2 ** Money(5), 3 / Money(150))
print(6 & Money(3), 6 | Money(3), 6 ^ Money(3), 1 << Money(4), 256 >> Money(3))
try:
    Money(1) + "x"
except TypeError as e:
    print(e)
