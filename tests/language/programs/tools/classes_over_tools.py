from dataclasses import dataclass

@dataclass
class Waypoint:
    x: float
    y: float
    z: float = 0.2

    def go(self, speed=0.2):
        return arm.move_to(self.x, self.y, self.z, speed=speed)

class Route:
    def __init__(self, *points):
        self.points = list(points)
        self.log = []

    def __enter__(self):
        self.start = arm.position()
        return self

    def __exit__(self, *exc):
        arm.move_to(*self.start)
        self.log.append("home")
        return False

    def run(self):
        for p in self.points:
            self.log.append(p.go())
        return self.log

with Route(Waypoint(0.2, 0.1), Waypoint(0.3, -0.1, 0.3)) as route:
    print(route.run(), arm.position())
print(route.log, arm.position())
functions = [arm.position, camera.objects]
print([len(f()) for f in functions])
list(map(lambda c: weather(c)["celsius"], ["Oslo", "Rome"]))
