import re

lines = ["total: 10", "name=ann", "skip me", "total: 32", "name=bob"]
total, names, skipped = 0, [], 0
for line in lines:
    if m := re.match(r"total: (\d+)", line):
        total += int(m[1])
    elif (m := re.match(r"name=(\w+)", line)) and (name := m.group(1)) not in names:
        names.append(name)
    else:
        skipped += 1
print(total, names, skipped)
stack = [1, 2, 3]
while (top := stack.pop() if stack else None) is not None:
    print(top, end=" ")
print()
print([y for x in range(6) if (y := x * x) % 2], (n := 10) + n, [last := v for v in "abc"], last)
data = iter([4, 8, 15])
while (value := next(data, None)) and value < 10:
    print("value", value)
any((found := w).startswith("b") for w in ["apple", "bear", "cow"]), found
