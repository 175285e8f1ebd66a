class Plugin:
    registry = {}

    def __init_subclass__(cls, /, name=None, **kwargs):
        super().__init_subclass__(**kwargs)
        Plugin.registry[name or cls.__name__.lower()] = cls

    def run(self):
        raise NotImplementedError

class Upper(Plugin):
    def run(self, text):
        return text.upper()

class Reverse(Plugin, name="rev"):
    def run(self, text):
        return text[::-1]

print(sorted(Plugin.registry))
for name, cls in Plugin.registry.items():
    print(name, cls().run("hello"))
