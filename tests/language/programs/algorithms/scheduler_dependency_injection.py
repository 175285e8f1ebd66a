class Container:
    def __init__(self):
        self._factories, self._singletons = {}, {}

    def register(self, name, factory=None, *, singleton=False):
        if factory is None:
            def decorator(f):
                self.register(name, f, singleton=singleton)
                return f
            return decorator
        self._factories[name] = (factory, singleton)

    def __getitem__(self, name):
        if name in self._singletons:
            return self._singletons[name]
        try:
            factory, singleton = self._factories[name]
        except KeyError as e:
            raise LookupError(f"nothing called {name!r}; have {sorted(self._factories)}") from e
        instance = factory(self)
        if singleton:
            self._singletons[name] = instance
        return instance

container = Container()

@container.register("clock", singleton=True)
def make_clock(c):
    return {"ticks": 0}

container.register("greeter", lambda c: f"hello at {c['clock']['ticks']}")
container["clock"]["ticks"] += 7
print(container["greeter"], container["clock"] is container["clock"])
try:
    container["database"]
except LookupError as e:
    print(e, "|", type(e.__cause__).__name__)
