class Sensor:
    """Reads a value."""
    unit = "K"

    def __init__(self, value):
        self.value = value

    def read(self):
        return self.value

s = Sensor(3)
print([n for n in dir(s) if not n.startswith("_")])
print(s.__class__.__name__, s.__doc__, Sensor.read.__name__, vars(s), s.__dict__ == vars(s))
print(isinstance(s, object), type(s) is Sensor, type(s) == type(Sensor(1)), callable(s.read), hasattr(s, "write"))
method = s.read
s.value = 9
print(method(), Sensor.read(s), getattr(s, "read")(), getattr(Sensor, "unit"))
for kind in (1, 1.5, "a", [], (), {}, set(), None, True, s, Sensor, len, print):
    print(type(kind).__name__, end=" ")
print()
s.new_field = "x"
setattr(s, "other", 1)
del s.new_field
sorted(vars(s))
