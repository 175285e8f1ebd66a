corners = [(0.3, 0.0), (0.3, 0.2), (0.1, 0.2), (0.1, 0.0)]
height = 0.25
reached = []
for x, y in corners:
    ok = arm.move_to(x, y, height, speed=0.3)
    position = arm.position()
    reached.append(ok)
    print(f"moved to ({x:.2f}, {y:.2f}) -> {ok}, now at {[round(p, 3) for p in position]}")
if all(reached):
    print("square done")
arm.position()[2] == height
