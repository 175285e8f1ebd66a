print("%s has %d items at $%.2f" % ("cart", 3, 9.5))
print("%(name)s is %(age)03d years, %(pct)5.1f%%" % {"name": "Ann", "age": 7, "pct": 12.34})
print("%-10s|%10s|%+d|%x|%#o|%e|%r|%c|%%" % ("left", "right", 5, 255, 8, 12345.678, "q", "z"))
print("%5.1f|%-8d|%08.3f|% d|%i" % (3.14159, 42, 2.5, 7, 9.9))
print("%*d|%.*f" % (6, 42, 2, 3.14159))
print("one: %s" % "single", "tuple: %s" % ((1, 2),), "list: %s" % [1, 2])
rows = [("apples", 3, 1.25), ("pears", 12, 0.4)]
for row in rows:
    print("%-8s x%3d = %6.2f" % (row[0], row[1], row[1] * row[2]))
try:
    "%d" % "x"
except TypeError as e:
    print(e)
try:
    "%s %s" % ("only one",)
except TypeError as e:
    print(e)
b"%s-%d" % (b"bytes", 5)
