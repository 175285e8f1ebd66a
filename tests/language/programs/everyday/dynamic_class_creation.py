def make_class(name, fields):
    def __init__(self, **kwargs):
        for f in fields:
            setattr(self, f, kwargs.get(f))
    def __repr__(self):
        return f"{name}({', '.join(f'{f}={getattr(self, f)!r}' for f in fields)})"
    return type(name, (object,), {"__init__": __init__, "__repr__": __repr__, "fields": tuple(fields)})

User = make_class("User", ["name", "age"])
u = User(name="ann", age=3)
print(u, u.fields, User.__name__)
