class Typed:
    def __init__(self, kind, minimum=None):
        self.kind = kind
        self.minimum = minimum

    def __set_name__(self, owner, name):
        self.name = name
        self.storage = "_" + name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.storage, None)

    def __set__(self, instance, value):
        if not isinstance(value, self.kind):
            raise TypeError(f"{self.name} must be {self.kind.__name__}, got {type(value).__name__}")
        if self.minimum is not None and value < self.minimum:
            raise ValueError(f"{self.name} must be at least {self.minimum}")
        setattr(instance, self.storage, value)

class Product:
    name = Typed(str)
    price = Typed((float), minimum=0)
    quantity = Typed(int, 0)

    def __init__(self, name, price, quantity):
        self.name = name
        self.price = price
        self.quantity = quantity

p = Product("Lamp", 19.99, 3)
p.quantity += 2
print(p.name, p.price, p.quantity)
for args in [("Lamp", 5, 1), ("Lamp", -1.0, 1), (3, 1.0, 1)]:
    try:
        Product(*args)
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
