from math import sin, cos, pi, exp

def trapezoid(f, a, b, n=1000):
    h = (b - a) / n
    return h * (0.5 * f(a) + sum(f(a + i * h) for i in range(1, n)) + 0.5 * f(b))

def simpson(f, a, b, n=100):
    if n % 2:
        n += 1
    h = (b - a) / n
    s = f(a) + f(b) + sum((4 if i % 2 else 2) * f(a + i * h) for i in range(1, n))
    return s * h / 3

def bisect(f, lo, hi, tol=1e-10):
    if f(lo) * f(hi) > 0:
        raise ValueError("no sign change")
    while hi - lo > tol:
        mid = (lo + hi) / 2
        if f(lo) * f(mid) <= 0:
            hi = mid
        else:
            lo = mid
    return (lo + hi) / 2

def derivative(f, h=1e-6):
    return lambda x: (f(x + h) - f(x - h)) / (2 * h)

print(f"{trapezoid(sin, 0, pi):.6f} {simpson(sin, 0, pi):.8f} {simpson(lambda x: x**3, 0, 2):.4f}")
print(round(bisect(lambda x: x**2 - 2, 0, 2), 8), round(bisect(cos, 0, 3), 6))
print(round(derivative(exp)(1), 5), round(derivative(lambda x: x**3)(2), 5))
try:
    bisect(lambda x: x * x + 1, -1, 1)
except ValueError as e:
    print(e)

def euler(f, y, t, dt, steps):
    path = [(t, y)]
    for _ in range(steps):
        y += dt * f(t, y)
        t += dt
        path.append((round(t, 3), round(y, 5)))
    return path
euler(lambda t, y: -2 * y, 1.0, 0.0, 0.1, 5)[-1]
