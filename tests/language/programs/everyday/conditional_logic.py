def categorize(age, member=False, *, income=None):
    if age < 0:
        raise ValueError("age")
    elif age < 13:
        group = "child"
    elif 13 <= age < 20:
        group = "teen"
    else:
        group = "adult"
    price = 0 if group == "child" else 5 if member else 10
    return group, price, "rich" if income and income > 1e5 else "normal" if income else "unknown"

for args in [(5,), (15, True), (40, False)]:
    print(categorize(*args))
print(categorize(30, income=200_000))
a, b, c = None, [], "x"
print(a or b or c, a and c, not a, bool(b), a is None, b is not None, "x" in c, 1 if b else 2)
print(1 < 2 < 3 > 0, 1 == 1.0 is not False, [] == [] is not [], (1, 2) < (1, 3), "Z" < "a", None == 0)
value = {"k": 0}.get("k")
print(value or "default", value if value is not None else "none", any([value, 0]), all([1, "a", [0]]))
x = 5
x = x + 1 if x > 3 else x - 1
pass
x
