class Meta(type):
    registry = []

    def __new__(mcls, name, bases, namespace):
        cls = super().__new__(mcls, name, bases, namespace)
        mcls.registry.append(name)
        return cls

class Base(metaclass=Meta):
    pass

class Child(Base):
    pass

print(Meta.registry, type(Child).__name__)
