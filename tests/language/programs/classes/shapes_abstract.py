from abc import ABC, abstractmethod
import math

class Shape(ABC):
    @abstractmethod
    def area(self) -> float:
        ...

    @property
    @abstractmethod
    def name(self):
        pass

    def describe(self):
        return f"{self.name} with area {self.area():.2f}"

class Circle(Shape):
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius ** 2

    @property
    def name(self):
        return "Circle"

class Rectangle(Shape):
    name = "Rectangle"

    def __init__(self, w, h):
        self.w, self.h = w, h

    def area(self):
        return self.w * self.h

class Square(Rectangle):
    name = "Square"

    def __init__(self, side):
        super().__init__(side, side)

shapes = [Circle(1.5), Rectangle(2, 3.5), Square(4)]
for s in shapes:
    print(s.describe())
try:
    Shape()
except TypeError as e:
    print(type(e).__name__)
print([isinstance(s, Rectangle) for s in shapes], issubclass(Square, Shape))
max(shapes, key=lambda s: s.area()).name
