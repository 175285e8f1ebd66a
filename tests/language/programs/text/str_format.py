class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __str__(self):
        return f"<{self.x},{self.y}>"

p = Point(3, -4.5)
data = {"name": "Ann", "langs": ["py", "c"], "scores": {"a": 91.256}}
print("{0.x:>5} {0.y:+.2f} {0} {0!s:^9}".format(p))
print("{d[name]!r} {d[langs][1]} {d[scores][a]:.1f}".format(d=data))
print("{:<8}{:^8}{:>8}".format("l", "c", "r") + "|")
print("{2} {0} {1} {0}".format("a", "b", "c"), "{:{fill}{align}{width}}".format("x", fill="*", align="^", width=7))
print("{name} {langs[0]}".format(**data), "{}, {}".format(*data["langs"]))
print("{:,} {:.3%} {:#x} {:e} {:b}".format(1234567, 0.12345, 255, 0.00012, 10))
template = "Dear {title} {name},\nyou owe {amount:>10,.2f} {currency}."
print(template.format(title="Ms", name="Lee", amount=1234.5, currency="EUR"))
print("{name} is {age}".format_map({"name": "Bo", "age": 3}))
for bad in ("{missing}", "{0} {1}", "{:d}"):
    try:
        print(bad.format("x"))
    except (KeyError, IndexError, ValueError) as e:
        print(type(e).__name__, e)
"{{}} {}".format("x")
