class Polynomial:
    def __init__(self, *coefficients):
        self.coefficients = list(coefficients)

    def __call__(self, x):
        result = 0
        for c in reversed(self.coefficients):
            result = result * x + c
        return result

    def __add__(self, other):
        n = max(len(self.coefficients), len(other.coefficients))
        a = self.coefficients + [0] * (n - len(self.coefficients))
        b = other.coefficients + [0] * (n - len(other.coefficients))
        return Polynomial(*[x + y for x, y in zip(a, b)])

    def __eq__(self, other):
        return self.coefficients == other.coefficients

    def derivative(self):
        return Polynomial(*[i * c for i, c in enumerate(self.coefficients)][1:])

    def __str__(self):
        terms = []
        for power, c in enumerate(self.coefficients):
            if c:
                terms.append({0: f"{c}", 1: f"{c}x"}.get(power, f"{c}x^{power}"))
        return " + ".join(reversed(terms)) or "0"

p = Polynomial(1, -3, 2)
q = Polynomial(0, 3)
print(p, "|", q, "|", p + q, "|", p.derivative())
print([p(x) for x in range(4)], (p + q)(10))
print(list(map(p, [0.5, 1.5])), p == Polynomial(1, -3, 2))
