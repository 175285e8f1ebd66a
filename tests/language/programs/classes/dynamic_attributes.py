class Config:
    def __init__(self, **kwargs):
        for key, value in kwargs.items():
            setattr(self, key, value)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return f"<no {name}>"

c = Config(host="localhost", port=8080)
print(c.host, c.port, c.missing)
for attr in ("host", "port"):
    print(attr, getattr(c, attr), hasattr(c, attr))
setattr(c, "debug", True)
print(vars(c))
delattr(c, "debug")
print(sorted(c.__dict__))
