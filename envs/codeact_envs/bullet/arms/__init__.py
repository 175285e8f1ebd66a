"""Arms that move: the motors, the controller with its limits, what is watched meanwhile, and several arms in step."""
