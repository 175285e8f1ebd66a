import math

print(math.sqrt(2), math.factorial(10), math.gcd(48, 18), math.lcm(4, 6), math.comb(5, 2), math.perm(5, 2))
print(math.floor(-2.5), math.ceil(-2.5), math.trunc(-2.5), round(2.5), round(3.5), round(-1234.567, -2))
print(math.isclose(0.1 + 0.2, 0.3), math.inf > 1e308, math.isnan(float("nan")), math.copysign(3, -0.0))
print(math.degrees(math.pi), math.radians(180), math.hypot(3, 4, 12), math.dist((0, 0), (1, 1)), math.atan2(1, -1))
print(math.log(8, 2), math.log2(1024), math.log10(0.001), math.exp(1) == math.e, math.log1p(1e-10))
print(math.prod([1, 2, 3, 4]), math.fsum([0.1] * 10), sum([0.1] * 10), math.isqrt(99), math.modf(3.75), math.frexp(8.0))
for bad in (lambda: math.sqrt(-1), lambda: math.log(0), lambda: math.exp(1000), lambda: math.factorial(-1)):
    try:
        bad()
    except (ValueError, OverflowError) as e:
        print(type(e).__name__, e)

def quadratic(a, b, c):
    d = b * b - 4 * a * c
    if d < 0:
        re, im = -b / (2 * a), math.sqrt(-d) / (2 * a)
        return complex(re, im), complex(re, -im)
    return (-b + math.sqrt(d)) / (2 * a), (-b - math.sqrt(d)) / (2 * a)

print(quadratic(1, -3, 2), quadratic(1, 2, 5))
math.nextafter(1, 2), math.ulp(1.0), math.remainder(7, 4), math.fmod(-7, 4)
