target = 0.137
low, high = 0.0, 0.5
steps = 0
while high - low > 0.01:
    mid = (low + high) / 2
    arm.move_to(mid, 0.0, 0.1)
    x, *_ = arm.position()
    if x < target:
        low = mid
    else:
        high = mid
    steps += 1
print(f"found {(low + high) / 2:.3f} after {steps} steps")
log = []
for angle in range(0, 360, 90):
    import math
    x, y = 0.3 + 0.05 * math.cos(math.radians(angle)), 0.05 * math.sin(math.radians(angle))
    log.append((angle, arm.move_to(x, y, 0.15)))
abs((low + high) / 2 - target) < 0.01, log
