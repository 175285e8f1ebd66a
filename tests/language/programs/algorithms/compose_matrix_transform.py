from functools import reduce
from math import cos, sin, radians

class Transform:
    """A 2D affine transform, composed with @."""
    def __init__(self, a=1, b=0, c=0, d=1, e=0, f=0):
        self.m = (a, b, c, d, e, f)

    @classmethod
    def rotate(cls, degrees):
        t = radians(degrees)
        return cls(cos(t), sin(t), -sin(t), cos(t))

    @classmethod
    def move(cls, x, y):
        return cls(e=x, f=y)

    def __matmul__(self, other):
        a, b, c, d, e, f = self.m
        A, B, C, D, E, F = other.m
        return Transform(a * A + c * B, b * A + d * B, a * C + c * D, b * C + d * D, a * E + c * F + e, b * E + d * F + f)

    def __imatmul__(self, other):
        self.m = (self @ other).m
        return self

    def __call__(self, x, y):
        a, b, c, d, e, f = self.m
        return round(a * x + c * y + e, 6) + 0.0, round(b * x + d * y + f, 6) + 0.0

t = Transform.move(1, 0) @ Transform.rotate(90)
print(t(1, 0), t(0, 2))
t @= Transform.move(3, 0)
print(t(0, 0))
path = reduce(lambda acc, step: acc @ step, [Transform.move(1, 0), Transform.rotate(90)] * 4, Transform())
path(0, 0)
