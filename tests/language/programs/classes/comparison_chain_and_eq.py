class Interval:
    def __init__(self, low, high):
        if low > high:
            low, high = high, low
        self.low, self.high = low, high

    def __contains__(self, x):
        return self.low <= x <= self.high

    def __and__(self, other):
        lo, hi = max(self.low, other.low), min(self.high, other.high)
        return Interval(lo, hi) if lo <= hi else None

    def __or__(self, other):
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def __ne__(self, other):
        return not self == other

    def __eq__(self, other):
        return (self.low, self.high) == (other.low, other.high)

    def __le__(self, other):
        return other.low <= self.low and self.high <= other.high

    def __repr__(self):
        return f"[{self.low}, {self.high}]"

a, b = Interval(1, 5), Interval(9, 3)
print(4 in a, 0 in a, a & b, a | b, a & Interval(7, 8))
print(a == Interval(5, 1), a != b, Interval(2, 3) <= a)
x = 7
print(1 < x <= 7 < 10 != 3, not (1 > x or x == 7))
