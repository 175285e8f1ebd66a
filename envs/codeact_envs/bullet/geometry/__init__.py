"""Positions, poses and rotations: numbers alone, of no world and no robot."""
