ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()

def words(n):
    if n < 0:
        return "minus " + words(-n)
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if n >= size:
            rest = n % size
            joined = " and " if size == 100 and rest else " " if rest else ""
            return f"{words(n // size)} {name}" + (joined + words(rest) if rest else "")

for n in (0, 13, 42, 100, 999, 1234567, -15, 10**9):
    print(f"{n:>11,} {words(n)}")
sum(len(words(n).replace(" ", "").replace("-", "")) for n in range(1, 101))
