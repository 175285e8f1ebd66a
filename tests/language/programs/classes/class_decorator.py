def add_repr(cls):
    def __repr__(self):
        args = ", ".join(f"{k}={v!r}" for k, v in vars(self).items())
        return f"{type(self).__name__}({args})"
    cls.__repr__ = __repr__
    return cls

registry = {}

def register(name):
    def decorate(cls):
        registry[name] = cls
        cls.registered_name = name
        return cls
    return decorate

@register("pt")
@add_repr
class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

p = registry["pt"](1, "two")
print(p, Point.registered_name, registry)

def counted(cls):
    cls.instances = 0
    original = cls.__init__
    def init(self, *args, **kwargs):
        cls.instances += 1
        original(self, *args, **kwargs)
    cls.__init__ = init
    return cls

@counted
class Thing:
    def __init__(self, name):
        self.name = name

Thing("a"), Thing("b")
Thing.instances
