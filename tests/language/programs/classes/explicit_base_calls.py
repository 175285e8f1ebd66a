class Base:
    def __init__(self, name):
        self.name = name
    def describe(self):
        return f"name={self.name}"

class Timestamped:
    def __init__(self, when=0):
        self.when = when
    def describe(self):
        return f"when={self.when}"

class Event(Base, Timestamped):
    def __init__(self, name, when):
        Base.__init__(self, name)
        Timestamped.__init__(self, when)
    def describe(self):
        return "; ".join([Base.describe(self), Timestamped.describe(self)])
    def __eq__(self, other):
        return self.describe() == other.describe()
    def __str__(self):
        return "Event(" + self.describe() + ")"

class Table(dict):
    def __init__(self, *args, **kwargs):
        dict.__init__(self, *args, **kwargs)
        self.writes = 0
    def __setitem__(self, key, value):
        self.writes += 1
        dict.__setitem__(self, key, value)

print(Event("start", 3), Event("a", 1) == Event("a", 1))
t = Table(x=1)
t["y"] = 2
t["x"] += 5
t, t.writes
