from types import SimpleNamespace, MappingProxyType

s = SimpleNamespace(name="cfg", level=3)
s.level += 1
s.extra = [1]
print(s, s.level, vars(s), hasattr(s, "nope"), s == SimpleNamespace(name="cfg", level=4, extra=[1]))

class Bunch(dict):
    def __getattr__(self, key):
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None
    def __setattr__(self, key, value):
        self[key] = value

b = Bunch(x=1)
b.y = 2
print(b.x + b.y, dict(b), hasattr(b, "z"))
frozen = MappingProxyType({"a": 1})
try:
    frozen["a"] = 2
except TypeError as e:
    print("TypeError:", e)
frozen["a"], len(frozen)
