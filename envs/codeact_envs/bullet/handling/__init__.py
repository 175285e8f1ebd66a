"""Working with what stands about: where to take hold, where to let go, and how to get there without a collision."""
