def print_table(rows, headers=None, align=None):
    rows = [[str(c) for c in r] for r in rows]
    if headers:
        rows.insert(0, list(headers))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    align = align or "<" * len(widths)
    rule = "+" + "+".join("-" * (w + 2) for w in widths) + "+"
    print(rule)
    for number, row in enumerate(rows):
        print("|" + "|".join(f" {c:{a}{w}} " for c, a, w in zip(row, align, widths)) + "|")
        if headers and number == 0:
            print(rule.replace("-", "="))
    print(rule)

print_table([("apple", 1.5, True), ("banana", 22.25, False)], headers=("item", "price", "ok"), align="<>^")
print_table([[1, 2], [30, 40]])
print("=" * 10, "a", "b", sep="\n", end="!\n")
print(*range(5), sep=" < ")
print("no newline", end=" ")
print("after")
print()
