from enum import Enum
from itertools import cycle, islice

class Light(Enum):
    RED = ("stop", 30)
    GREEN = ("go", 25)
    AMBER = ("slow", 5)

    def __init__(self, action, seconds):
        self.action = action
        self.seconds = seconds

    @property
    def next(self):
        members = list(Light)
        return members[(members.index(self) + 1) % len(members)]

light = Light.RED
for _ in range(4):
    print(f"{light.name:<6}{light.action:<5}{light.seconds:>3}s -> {light.next.name}")
    light = light.next
total = sum(l.seconds for l in Light)
print(total, [l.name for l in islice(cycle(Light), 5)], Light.RED.value, max(Light, key=lambda l: l.seconds))
Light(("go", 25)) is Light.GREEN, Light["AMBER"].next
