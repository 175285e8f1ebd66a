import math
from datetime import datetime

name, price, n, big = "Widget", 49.5, 7, 1234567.891
print(f"{name:<10}|{name:>10}|{name:^10}|{name:*^12}|{name!r:>12}|{name!s:.3}|{'é'!a}")
print(f"{price:.2f} {price:8.1f} {price:+.0f} {price:e} {price:g} {price:010.3f} {-price:=+9.2f}")
print(f"{n:d} {n:05d} {n:b} {n:#b} {n:#x} {n:o} {n:X} {n:c} {n:+d} {n: d} {n:,} {n:%}")
print(f"{big:,.2f} {big:_.1f} {big:.3e} {0.256:.1%} {math.pi:.{n}f} {big:>{n + 10},.1f}")
print(f"{n = } {price=:.1f} {n + 1=} {name=!s} {'{'}{n}{'}'} {{literal}}")
when = datetime(2024, 3, 9, 14, 5)
print(f"{when:%Y-%m-%d %H:%M} {when:%A} {when!r}")
items = {"a": [1, 2], "b": {"c": 3}}
print(f"{items['a'][1]} {items['b']['c']:03d} {[x * 2 for x in items['a']]} {(lambda x: x + 1)(2)}")
print(f"{'yes' if n > 5 else 'no'} {None} {True:d} {3 + 4j:.1f}")
f"{n:>{n}}" f"{'x' * 3}" "plain" rf"\d{n}"
