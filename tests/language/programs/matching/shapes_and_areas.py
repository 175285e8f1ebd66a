import math

def area(shape):
    match shape:
        case ("circle", r):
            return math.pi * r ** 2
        case ("rectangle", w, h) | ("rect", w, h):
            return w * h
        case ("square", (int() | float()) as s):
            return s * s
        case {"kind": "triangle", "sides": [a, b, c]} if a + b > c:
            s = (a + b + c) / 2
            return math.sqrt(s * (s - a) * (s - b) * (s - c))
        case {"kind": kind}:
            raise ValueError(f"bad {kind}")
        case _:
            raise TypeError(f"what is {shape!r}?")

for s in (("circle", 1), ("rect", 2, 3), ("square", 1.5), {"kind": "triangle", "sides": [3, 4, 5]}):
    print(f"{area(s):.3f}")
for s in ({"kind": "triangle", "sides": [1, 1, 5]}, ("square", "x"), 7):
    try:
        area(s)
    except (ValueError, TypeError) as e:
        print(type(e).__name__, e)
