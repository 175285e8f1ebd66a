seen = {}
xs = [0.2 + 0.1 * i for i in range(3)]
ys = [-0.1, 0.1]
for row, y in enumerate(ys):
    for x in (xs if row % 2 == 0 else reversed(xs)):
        arm.move_to(x, y, 0.3, speed=0.5)
        px, py, _ = arm.position()
        near = [o["name"] for o in camera.objects() if abs(o["position"][0] - px) < 0.08 and abs(o["position"][1] - py) < 0.08]
        if near:
            seen[round(px, 2), round(py, 2)] = near
for place, names in seen.items():
    print(place, names)
len(seen), sorted({n for names in seen.values() for n in names})
