"""Devices behind industrial protocols, each described by a manifest, as typed functions with the host's limits.

`manifest` reads what all protocols share: points with types, units, ranges and effects; `device` does what the
functions promise: limits, ramps, confirmation, waiting, stopping. Each protocol is one module with one class, a `Link`.
"""
