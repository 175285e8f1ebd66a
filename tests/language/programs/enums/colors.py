from enum import Enum, IntEnum, Flag, auto, unique

class Color(Enum):
    RED = 1
    GREEN = 2
    BLUE = 3
    CRIMSON = 1

    @property
    def pretty(self):
        return self.name.title()

    @classmethod
    def parse(cls, text):
        try:
            return cls[text.upper()]
        except KeyError:
            raise ValueError(f"{text!r} is not a color") from None

for c in Color:
    print(c, repr(c), c.value, c.pretty)
print(Color.CRIMSON is Color.RED, Color(2), Color["BLUE"], len(Color), list(Color.__members__))
print(Color.parse("green"), Color.RED in {Color.RED: 1}, Color.RED == 1)
try:
    Color(9)
except ValueError as e:
    print(e)
try:
    Color.parse("pink")
except ValueError as e:
    print(e)

@unique
class Level(IntEnum):
    LOW = 10
    HIGH = 20

print(Level.LOW < Level.HIGH, Level.LOW + 1, sorted([Level.HIGH, Level.LOW]), max(Level))

class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()
    ALL = R | W | X

p = Perm.R | Perm.W
print(p, Perm.W in p, Perm.X in p, p & Perm.W, bool(p & Perm.X), ~Perm.R, Perm.ALL.value)
p ^= Perm.R
p
