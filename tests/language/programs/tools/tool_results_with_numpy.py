import numpy as np

positions = np.array([o["position"] for o in camera.objects()])
center = positions.mean(axis=0)
print(positions.shape, center.round(3))
d = np.linalg.norm(positions - center, axis=1)
names = [o["name"] for o in camera.objects()]
order = np.argsort(d)
print([names[i] for i in order])
path = np.linspace(arm.position(), [0.3, 0.1, 0.2], 4)
for point in path[1:]:
    arm.move_to(*[float(v) for v in point])
print([round(v, 3) for v in arm.position()])
length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
round(float(length), 3)
