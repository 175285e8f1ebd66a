class lazy:
    def __init__(self, function):
        self.function = function
        self.name = function.__name__

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        print(f"computing {self.name}")
        value = self.function(instance)
        setattr(instance, self.name, value)
        return value

class Circle:
    def __init__(self, radius):
        self.radius = radius

    @lazy
    def area(self):
        return round(3.14159 * self.radius ** 2, 3)

c = Circle(2)
print(c.area)
print(c.area, type(Circle.area).__name__)
vars(c)
