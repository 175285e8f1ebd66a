from fractions import Fraction
import math

a, b = Fraction(1, 3), Fraction("0.25")
print(a + b, a * b, a - b, a / b, a ** 2, -a, abs(b - a), a < b, Fraction(0.5), Fraction(3, -6))
print(a.numerator, a.denominator, float(a), round(a, 2), int(Fraction(7, 2)), math.floor(Fraction(-7, 2)))
print(Fraction(math.pi).limit_denominator(100), Fraction("22/7") > math.pi, sum([Fraction(1, n) for n in range(1, 6)]))

def egyptian(fr):
    parts = []
    while fr.numerator:
        d = math.ceil(1 / fr)
        parts.append(Fraction(1, d))
        fr -= parts[-1]
    return parts

print(" + ".join(map(str, egyptian(Fraction(5, 6)))), egyptian(Fraction(7, 15)))
def continued(x, n):
    out = []
    for _ in range(n):
        whole = x.numerator // x.denominator
        out.append(whole)
        x -= whole
        if not x:
            break
        x = 1 / x
    return out
continued(Fraction(415, 93), 10)
