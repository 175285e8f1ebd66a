def move_safely(x, y, z, attempts=3):
    for attempt in range(1, attempts + 1):
        try:
            return arm.move_to(x, y, z)
        except ValueError as e:
            print(f"attempt {attempt}: {e}")
            z = max(z / 2, 0.0)
            x *= 0.8
    return False

print(move_safely(0.3, 0.1, 0.2))
print(move_safely(1.2, 0.0, 1.5))
print(move_safely(5.0, 5.0, 5.0))
print([round(v, 3) for v in arm.position()])
try:
    arm.move_to(9, 9, 9)
except ValueError as error:
    print(type(error).__name__, error)
