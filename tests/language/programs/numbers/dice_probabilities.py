from collections import Counter
from fractions import Fraction
from itertools import product

def distribution(dice, sides=6):
    counts = Counter(sum(roll) for roll in product(range(1, sides + 1), repeat=dice))
    total = sides ** dice
    return {value: Fraction(n, total) for value, n in sorted(counts.items())}

two = distribution(2)
for value, p in two.items():
    print(f"{value:>2} {str(p):>5} {'#' * int(p * 36)}")
expected = sum(v * p for v, p in two.items())
variance = sum((v - expected) ** 2 * p for v, p in two.items())
print(expected, variance, float(sum(p for v, p in distribution(3).items() if v >= 15)))
max(two, key=two.get), sum(two.values())
