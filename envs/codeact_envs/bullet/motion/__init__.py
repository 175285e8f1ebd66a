"""How an arm could move, decided before anything does: kinematics, paths with their time law, and what would collide.

kinematics.py     forward and inverse kinematics
trajectories.py   paths in joint space inside velocity, acceleration and jerk limits
tool_places.py    where the tool may be; nearest.py says where a refused place would be allowed
collisions.py     whether a posture is free; path_check.py whether a whole motion is, link_boxes.py by boxes first
"""
