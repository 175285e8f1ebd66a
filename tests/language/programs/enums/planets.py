from enum import Enum

class Planet(Enum):
    MERCURY = (3.303e23, 2.4397e6)
    EARTH = (5.976e24, 6.37814e6)
    JUPITER = (1.9e27, 7.1492e7)

    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius

    @property
    def surface_gravity(self):
        G = 6.67300e-11
        return G * self.mass / (self.radius * self.radius)

    def __str__(self):
        return f"{self.name.lower()} ({self.surface_gravity:.2f} m/s2)"

for planet in Planet:
    print(planet)
weight = 70
print({p.name: round(weight / Planet.EARTH.surface_gravity * p.surface_gravity, 1) for p in Planet})
Planet.EARTH.mass
