class SafeArm:
    def __init__(self, max_height=0.5, max_calls=5):
        self.max_height, self.left, self.refused = max_height, max_calls, []

    def move(self, x, y, z):
        if z > self.max_height:
            self.refused.append(z)
            return False
        if self.left == 0:
            raise RuntimeError("no moves left")
        self.left -= 1
        return arm.move_to(x, y, z)

safe = SafeArm(max_calls=3)
results = []
try:
    for z in (0.1, 0.9, 0.3, 0.5, 0.2):
        results.append(safe.move(0.2, 0.0, z))
except RuntimeError as e:
    print("stopped:", e)
print(results, safe.refused, safe.left)
arm.position()
