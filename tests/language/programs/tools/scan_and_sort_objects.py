from collections import defaultdict
import math

objects = camera.objects()
by_color = defaultdict(list)
for obj in objects:
    by_color[obj["color"]].append(obj)

def distance(a, b=(0.0, 0.0, 0.0)):
    return math.dist(a, b)

nearest = min(objects, key=lambda o: distance(o["position"]))
print("nearest:", nearest["name"], round(distance(nearest["position"]), 3))
for color, group in sorted(by_color.items()):
    group.sort(key=lambda o: o["position"][0])
    print(f"{color:<6} {[o['name'] for o in group]}")
plan = [(o["name"], 0.1 * i) for i, o in enumerate(sorted(objects, key=lambda o: o["name"]))]
for name, x in plan:
    print(f"{name} -> x={x:.1f}")
len(plan)
