class Temperature:
    def __init__(self, celsius):
        self.celsius = celsius

    def __format__(self, spec):
        if not spec:
            return str(self)
        unit = spec[-1]
        rest = spec[:-1] or ".1f"
        value = {"C": self.celsius, "F": self.celsius * 9 / 5 + 32, "K": self.celsius + 273.15}[unit]
        return format(value, rest) + "°" + unit

    def __str__(self):
        return f"{self.celsius} degrees"

t = Temperature(21.456)
print(f"{t:C} {t:.3fF} {t:8.2fK}|{t}")
print("{0:C} and {0.celsius}".format(t))
print(format(t, "F"), format(t))
try:
    f"{t:X}"
except KeyError as e:
    print("unknown unit", e)
