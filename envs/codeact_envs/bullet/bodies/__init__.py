"""What stands in a scene, as data, and the space that it takes.

body.py         a body that a world loads once, and where it stands in an episode
shapes.py       every shape by name; furniture/ makes the ones with joints, the tools and the containers
assembly.py     the convex solids and joints that a shape is made of; articulation.py tells of a joint and its handle
clearance.py    what is free and what is taken, by upright prisms; parts.py the same, part by part
presses.py      how often each button was pressed
"""
