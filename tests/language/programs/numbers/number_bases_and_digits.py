def to_base(n, base):
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    if n == 0:
        return "0"
    sign, n = ("-", -n) if n < 0 else ("", n)
    out = []
    while n:
        n, r = divmod(n, base)
        out.append(digits[r])
    return sign + "".join(reversed(out))

for n in (0, 255, -37, 10**12):
    print(n, [to_base(n, b) for b in (2, 7, 16, 36)])
    assert all(int(to_base(n, b), b) == n for b in (2, 7, 16, 36))

def luhn(number):
    digits = [int(d) for d in str(number)][::-1]
    total = sum(digits[::2]) + sum(sum(divmod(d * 2, 10)) for d in digits[1::2])
    return total % 10 == 0

print(luhn(4539578763621486), luhn(1234567812345678))
print(sum(map(int, str(2**100))), len(str(3**200)), [n for n in range(100, 1000) if n == sum(int(d) ** 3 for d in str(n))])
happy = lambda n, seen=frozenset(): n == 1 or (n not in seen and happy(sum(int(d) ** 2 for d in str(n)), seen | {n}))
[n for n in range(1, 50) if happy(n)]
