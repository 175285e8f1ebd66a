def convert(rows):
    good, bad = [], []
    for number, row in enumerate(rows, 1):
        try:
            name, value = row.split("=")
            good.append((name.strip(), int(value)))
        except ValueError as e:
            bad.append(f"line {number}: {e}")
        else:
            if good[-1][1] < 0:
                good.pop()
                bad.append(f"line {number}: negative")
    return good, bad

good, bad = convert(["a=1", "b = 2", "c", "d=x", "e=-4", "f=1=2"])
print(good)
for problem in bad:
    print(problem)
try:
    raise RuntimeError(f"{len(bad)} bad lines") from ValueError(bad[0])
except RuntimeError as e:
    print(e, "<-", e.__cause__)
