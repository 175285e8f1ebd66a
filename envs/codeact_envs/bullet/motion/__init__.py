"""How an arm could move, decided before anything does: kinematics, paths with their time law, and what would collide.

kinematics.py     forward and inverse kinematics
trajectories.py   paths in joint space inside velocity, acceleration and jerk limits
tool_places.py    where the tool may be; nearest.py says where a refused place would be allowed
collisions.py     whether a posture is free, by copies of what is there (shape_copies.py)
path_check.py     whether a whole motion is; two_moving.py those of two arms at once: by boxes first (link_boxes.py),
                  then by measuring (advance.py)
"""
