from decimal import Decimal, ROUND_HALF_UP, ROUND_DOWN, getcontext, localcontext, InvalidOperation

prices = [Decimal("19.99"), Decimal("5.01"), Decimal("0.10")]
subtotal = sum(prices, Decimal(0))
tax = (subtotal * Decimal("0.0825")).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
print(subtotal, tax, subtotal + tax, f"{subtotal + tax:,.2f}", repr(tax))
print(0.1 + 0.2, Decimal("0.1") + Decimal("0.2"), Decimal(1) / Decimal(7))
with localcontext() as ctx:
    ctx.prec = 6
    print(Decimal(1) / 7, Decimal(2).sqrt())
getcontext().prec = 12
print(Decimal(1) / 7, Decimal("1.1") ** 10, Decimal("3.14159").quantize(Decimal("1.00"), ROUND_DOWN))
try:
    Decimal("abc")
except InvalidOperation as e:
    print("InvalidOperation")
d = Decimal("-123.4500")
print(d.normalize(), d.as_tuple().exponent, abs(d), int(d), float(d), d.is_signed(), d.to_integral_value(), d.copy_abs().compare(Decimal(5)))
share, rest = divmod(Decimal("100.00"), 3)
print(share, rest, round(Decimal("2.675"), 2), max(prices), sorted(prices)[0], Decimal(10).log10(), Decimal("1E+3"))
Decimal("0.30") == Decimal("0.3")
