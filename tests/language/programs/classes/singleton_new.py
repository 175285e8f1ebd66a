class Singleton:
    _instance = None

    def __new__(cls, *args, **kwargs):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            print("creating")
        return cls._instance

    def __init__(self, value=None):
        if value is not None:
            self.value = value

a = Singleton(1)
b = Singleton()
c = Singleton(5)
print(a is b, b is c, a.value)

class Celsius(float):
    def __new__(cls, value, unit="C"):
        if unit == "F":
            value = (value - 32) * 5 / 9
        instance = super().__new__(cls, value)
        instance.original_unit = unit
        return instance

t = Celsius(212, "F")
print(t, t + 1, t.original_unit, isinstance(t, float))
