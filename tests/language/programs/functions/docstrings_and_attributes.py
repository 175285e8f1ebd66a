def area(width: float, height: float = 1.0) -> float:
    """Compute the area of a rectangle.

    >>> area(2, 3)
    6
    """
    return width * height

area.unit = "m2"
area.history = []
area.history.append(area(2, 3))
print(area.__name__, area.unit, area.history)
print(area.__doc__.splitlines()[0])
print(area.__annotations__["width"].__name__, area.__defaults__)
print((lambda: 0).__name__, callable(area), area.__qualname__)
try:
    area.missing
except AttributeError as e:
    print(e)
try:
    area("a", "b")
except TypeError as e:
    print(e)
