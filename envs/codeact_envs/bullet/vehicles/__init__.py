"""Wheeled bases and quadcopters: the simulated machines, and the controllers that drive and fly them inside limits."""
