import numpy as np

def rotation_z(theta):
    c, s = np.cos(theta), np.sin(theta)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])

def quaternion_from_axis_angle(axis, angle):
    axis = np.asarray(axis, dtype=float)
    axis /= np.linalg.norm(axis)
    return np.append(axis * np.sin(angle / 2), np.cos(angle / 2))

def quaternion_multiply(p, q):
    x1, y1, z1, w1 = p
    x2, y2, z2, w2 = q
    return np.array([
        w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
        w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
        w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
        w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
    ])

R = rotation_z(np.pi / 2)
print((R @ [1, 0, 0]).round(6) + 0.0, np.allclose(R.T @ R, np.eye(3)), np.linalg.det(R).round(6))
T = np.eye(4)
T[:3, :3] = R
T[:3, 3] = [0.1, 0.2, 0.3]
point = T @ np.array([1, 1, 0, 1])
print(point[:3].round(4), np.linalg.inv(T).round(3) + 0.0, sep="\n")
q = quaternion_from_axis_angle([0, 0, 1], np.pi / 2)
print(q.round(4), quaternion_multiply(q, q).round(4) + 0.0)
waypoints = np.linspace([0, 0, 0.5], [0.3, -0.2, 0.1], num=4)
steps = np.linalg.norm(np.diff(waypoints, axis=0), axis=1)
print(waypoints.round(3), steps.round(4), sep="\n")
angles = np.unwrap(np.deg2rad([170, 190, -160]))
np.rad2deg(angles).round(1)
