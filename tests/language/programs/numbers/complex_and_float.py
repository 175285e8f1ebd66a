import cmath
z = complex(3, -4)
print(z, abs(z), z.real, z.imag, z.conjugate(), z * 1j, z ** 2, z == 3 - 4j, complex("1+2j"))
print(cmath.sqrt(-1), cmath.phase(1j), tuple(round(v, 6) for v in cmath.polar(1 + 1j)), cmath.exp(1j * cmath.pi).real, cmath.isclose(1, 1 + 1e-12))
roots = [cmath.exp(2j * cmath.pi * k / 4) for k in range(4)]
print([f"{r.real:+.1f}{r.imag:+.1f}j" for r in roots])
f = 0.1
print(f.as_integer_ratio(), (2.0).is_integer(), f.hex(), float.fromhex("0x1.8p+1"), 1e16 + 1, 1 / 3, 5e-324, -0.0, 7 // 2.0, -7 // 2, -7 % 3, 7.5 % -2)
print(float("inf") - float("inf"), float("-inf") < 0, 1e308 * 10, 0.1 + 0.7, round(0.5), round(1.5), 3.0 == 3, hash(3.0) == hash(3), 10 ** -2, 2 ** 0.5, 1_000_000, 0x_ff)
print(divmod(-17, 5), int(-3.9), bool(0.0), True + True, sum([True, False, True]), max(1, 2.5), min("b", "a"), abs(-7), 5 .bit_length())

def newton_sqrt(a, eps=1e-12):
    x = a
    steps = 0
    while abs(x * x - a) > eps:
        x = (x + a / x) / 2
        steps += 1
    return x, steps
newton_sqrt(2.0)
