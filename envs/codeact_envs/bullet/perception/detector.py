"""Finds things on a table in RGB-D pictures, by colour and geometry alone: no labels, no names, no simulator.

All pictures become one cloud of points. Surfaces that face up are put on a grid seen from above; patches of one colour
without a step in height are things; the outline of a patch's top tells its shape. Side faces, seen by the oblique
cameras, tell how far down a thing reaches, and what stands below another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.bodies.colors import COLORS
from codeact_envs.bullet.geometry.poses import Vector3
from codeact_envs.bullet.perception.pictures import Shot

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

_CELL = 0.003  # metres: the grid's
_X, _Y, _Z = (0.10, 0.92), (-0.62, 0.62), (-0.006, 0.60)  # metres, world frame: where things are looked for
_FLAT = 2.6  # rise over run up to which a surface counts as facing up; a bowl's wall has 2.0
_STEP = 0.012  # metres of height between two cells that part two things
_SAME_COLOR = 0.11  # distance of two cells' colours, each channel in [0, 1], up to which they are one thing's
_TABLE_COLOR, _TABLE_HEIGHT = 0.06, 0.004  # a cell nearer than this to the table's colour and height is bare table
_LEAST_CELLS = 14
_TOP = 0.005  # metres below its highest point that still belong to a thing's top
_ROUND = 1.17  # ratio of a top's largest to its smallest width, above which it is no disc; a square has 1.41
_DIRECTIONS = 24  # in a quarter turn
_EDGE = 0.0  # metres
_BESIDE = 0.008  # metres around a top within which its side faces are looked for
_SIDE_POINTS = 8
_GAINS = (0.70, 1.0)  # share of a surface's own colour that the light shows, when it faces away and when it faces up


@dataclass(frozen=True)
class Detection:
    """A thing as the cameras show it.

    Attributes:
        shape: as of a body.
        color: the nearest of `COLORS`.
        size: full extents (x, y, z), metres, in its own frame.
        position: of its centre, metres, world frame.
        yaw: of its x axis about the world's z, radians; in [-pi/4, pi/4) for square ones, 0 for round ones.
        confidence: in [0, 1]: how much of it was seen, and how clear its colour is.
    """

    shape: str
    color: str
    size: Vector3
    position: Vector3
    yaw: float
    confidence: float


@dataclass(frozen=True)
class OrientedBox:
    """A box of space to leave out, such as a link of the robot: its pose (4, 4) in the world, and two corners in its
    own frame."""

    pose: Array
    lower: Array
    upper: Array

    def contains(self, points: Array) -> NDArray[np.bool_]:
        local = (points - self.pose[:3, 3]) @ self.pose[:3, :3]
        inside: NDArray[np.bool_] = np.all((local >= self.lower) & (local <= self.upper), axis=1)
        return inside


@dataclass(frozen=True)
class _Cloud:
    """Points (n, 3) with colours (n, 3) in [0, 1] and the slope of the surface, rise over run."""

    points: Array
    colors: Array
    slopes: Array


@dataclass(frozen=True)
class _Patch:
    """A connected patch of surface that faces up: its points and colours."""

    points: Array
    colors: Array


@dataclass(frozen=True)
class Look:
    """What one look showed: things, and all points that are not the robot's, (n, 3), metres, world frame."""

    detections: tuple[Detection, ...]
    points: Array

    def height(self, x: float, y: float) -> float | None:
        """The highest point seen within 6 mm of (x, y), metres; None when nothing was seen there."""
        near = np.hypot(self.points[:, 0] - x, self.points[:, 1] - y) < 0.006
        return float(self.points[near, 2].max()) if near.any() else None


def look(shots: Sequence[Shot], without: Sequence[OrientedBox] = ()) -> Look:
    """Find the things on the table, the highest first.

    Args:
        shots: pictures of one moment, from any number of cameras.
        without: space that belongs to the robot.
    """
    cloud = _fuse(shots, without)
    if not len(cloud.points):
        return Look((), cloud.points)
    tops, rest = _split(cloud)
    found = [detection for patch in _patches(tops) if (detection := _describe(patch)) is not None]
    found.sort(key=lambda each: (-each.position[2] - each.size[2] / 2.0, each.position))
    return Look(tuple(_with_sides(found, rest)), cloud.points)


def _fuse(shots: Sequence[Shot], without: Sequence[OrientedBox]) -> _Cloud:
    points, colors, slopes = [], [], []
    for shot in shots:
        at = shot.points()
        slope = _slopes(at)
        with np.errstate(invalid="ignore"):
            inside = np.isfinite(at).all(axis=2)
            for axis, (low, high) in enumerate((_X, _Y, _Z)):
                inside &= (at[..., axis] >= low) & (at[..., axis] <= high)
        chosen = at[inside]
        keep = np.ones(len(chosen), dtype=bool)
        for box in without:
            keep &= ~box.contains(chosen)
        points.append(chosen[keep])
        colors.append(shot.rgb[inside][keep] / 255.0)
        slopes.append(slope[inside][keep])
    return _Cloud(np.concatenate(points), np.concatenate(colors), np.concatenate(slopes))


def _slopes(at: Array) -> Array:
    """Rise over run at each pixel: along rows and along columns the gentler neighbour counts, so that the pixels at an
    edge belong to the surface that they show; of the two the steeper."""
    steepest = np.zeros(at.shape[:2])
    with np.errstate(invalid="ignore", divide="ignore"):
        for axis in (0, 1):
            change = np.diff(at, axis=axis)
            rise = np.abs(change[..., 2]) / np.hypot(change[..., 0], change[..., 1])
            rise = np.where(np.isnan(rise), math.inf, rise)
            edge = [(0, 0), (0, 0)]
            edge[axis] = (1, 1)
            padded = np.pad(rise, edge, constant_values=math.inf)
            ahead, behind = (padded[1:], padded[:-1]) if axis == 0 else (padded[:, 1:], padded[:, :-1])
            steepest = np.maximum(steepest, np.minimum(ahead, behind))
    return steepest


def _split(cloud: _Cloud) -> tuple[_Cloud, _Cloud]:
    """What faces up and is no bare table, and what is steep."""
    steep = cloud.slopes > _FLAT
    heights = cloud.points[:, 2]
    low = ~steep & (np.abs(heights) < _TABLE_HEIGHT)
    table = np.median(cloud.colors[low], axis=0) if low.any() else np.zeros(3)
    bare = low & (np.linalg.norm(cloud.colors - table, axis=1) < _TABLE_COLOR)
    up, side = ~steep & ~bare, steep & (heights > _TABLE_HEIGHT)
    return (
        _Cloud(cloud.points[up], cloud.colors[up], cloud.slopes[up]),
        _Cloud(cloud.points[side], cloud.colors[side], cloud.slopes[side]),
    )


def _patches(cloud: _Cloud) -> Iterator[_Patch]:
    """Connected patches of one colour without a step in height, on the grid seen from above."""
    columns = np.floor((cloud.points[:, 0] - _X[0]) / _CELL).astype(np.int64)
    rows = np.floor((cloud.points[:, 1] - _Y[0]) / _CELL).astype(np.int64)
    width = math.ceil((_X[1] - _X[0]) / _CELL) + 3
    cells = (rows + 1) * width + columns + 1
    order = np.lexsort((cloud.points[:, 2], cells))
    last = np.append(cells[order][1:] != cells[order][:-1], True) if len(order) else np.zeros(0, dtype=bool)
    tops = order[last]  # the highest point of each cell
    number = {cell: index for index, cell in enumerate(cells[tops].tolist())}
    heights, colors = cloud.points[tops, 2], cloud.colors[tops]
    neighbours = (1, -1, width, -width, width + 1, width - 1, -width + 1, -width - 1)
    seen = np.full(len(tops), -1, dtype=np.int64)
    count = 0
    for first in range(len(tops)):
        if seen[first] >= 0:
            continue
        seen[first] = count
        queue = [first]
        while queue:
            here = queue.pop()
            base = int(cells[tops[here]])
            for offset in neighbours:
                there = number.get(base + offset)
                if (
                    there is not None
                    and seen[there] < 0
                    and abs(heights[there] - heights[here]) < _STEP
                    and float(np.abs(colors[there] - colors[here]).max()) < _SAME_COLOR
                ):
                    seen[there] = count
                    queue.append(there)
        count += 1
    patch_of_cell = {cell: int(patch) for cell, patch in zip(cells[tops].tolist(), seen.tolist(), strict=True)}
    top_of_cell = dict(zip(cells[tops].tolist(), heights.tolist(), strict=True))
    owner = np.array([patch_of_cell[cell] for cell in cells.tolist()], dtype=np.int64)
    highest = np.array([top_of_cell[cell] for cell in cells.tolist()])
    # A cell at an edge also holds points of what lies below: only those near its highest point are the patch's.
    near = cloud.points[:, 2] > highest - _TOP
    sizes = np.bincount(seen, minlength=count)
    for patch in range(count):
        if sizes[patch] >= _LEAST_CELLS:
            mine = (owner == patch) & near
            yield _Patch(cloud.points[mine], cloud.colors[mine])


def _describe(patch: _Patch) -> Detection | None:
    heights = patch.points[:, 2]
    high = float(np.percentile(heights, 98))
    on_top = heights > high - _TOP
    top = patch.points[on_top]
    color, clear = _color(np.median(patch.colors[on_top], axis=0))
    if high < _TABLE_HEIGHT:
        x, y, length, width, yaw, _ = _rectangle(top)
        return Detection("zone", color, (length, width, 0.002), (x, y, 0.0), yaw, clear * _seen(top, length * width))
    rim = _rim(top)
    if rim is not None and high > 0.02:
        x, y, radius, share = rim
        return Detection("bowl", color, (2 * radius, 2 * radius, high), (x, y, high / 2.0), 0.0, clear * share)
    x, y, length, width, yaw, roundness = _rectangle(top)
    if roundness < _ROUND:
        diameter = (length + width) / 2.0
        share = _seen(top, math.pi * diameter**2 / 4.0)
        return Detection("cylinder", color, (diameter, diameter, high), (x, y, high / 2.0), 0.0, clear * share)
    share = _seen(top, length * width)
    return Detection("box", color, (length, width, high), (x, y, high / 2.0), yaw, clear * share)


def _color(rgb: Array) -> tuple[str, float]:
    """The nearest colour of a surface that faces up, and how clear that is."""
    known = np.array(list(COLORS.values()))
    gains = np.clip((known @ rgb) / np.einsum("ij,ij->i", known, known), 0.93, 1.0)[:, None]
    distances = np.linalg.norm(known * gains - rgb, axis=1)
    best, second = np.sort(distances)[:2]
    return list(COLORS)[int(np.argmin(distances))], float(np.clip(2.0 * (1.0 - best / max(second, 1e-9)), 0.0, 1.0))


def _seen(points: Array, area: float) -> float:
    """The share of an outline's area that the points fill."""
    cells = np.unique(np.floor(points[:, :2] / _CELL).astype(np.int64), axis=0)
    return float(min(1.0, len(cells) * _CELL**2 / max(area, 1e-9)))


def _rectangle(points: Array) -> tuple[float, float, float, float, float, float]:
    """The smallest rectangle around points seen from above: centre, length, width, yaw, and how far from a disc."""
    quarter = math.pi / 2.0
    angles = np.arange(_DIRECTIONS) * quarter / _DIRECTIONS
    _, along = _extents(points, angles)
    _, across = _extents(points, angles + quarter)
    widths = np.concatenate([along, across])
    step = quarter / _DIRECTIONS
    fine = angles[int(np.argmin(along * across))] + np.linspace(-step, step, 17)
    (middle, along), (aside, across) = _extents(points, fine), _extents(points, fine + quarter)
    best = int(np.argmin(along * across))
    yaw, length, width = float(fine[best]), float(along[best]), float(across[best])
    x = float(middle[best]) * math.cos(yaw) - float(aside[best]) * math.sin(yaw)
    y = float(middle[best]) * math.sin(yaw) + float(aside[best]) * math.cos(yaw)
    if yaw >= math.pi / 4.0:
        length, width, yaw = width, length, yaw - quarter
    return x, y, length, width, yaw, float(widths.max() / widths.min())


def _extents(points: Array, angles: Array) -> tuple[Array, Array]:
    """Middles and widths of points along directions seen from above, metres."""
    along = points[:, 0, None] * np.cos(angles) + points[:, 1, None] * np.sin(angles)
    low, high = along.min(axis=0), along.max(axis=0)
    return (low + high) / 2.0, high - low + _EDGE


def _rim(top: Array) -> tuple[float, float, float, float] | None:
    """A ring: centre, outer radius, and the share of the circle that was seen; None when the top is no ring.

    The circle is Kasa's least-squares fit (I. Kasa, IEEE Transactions on Instrumentation and Measurement 25, 1976).
    """
    if len(top) < 12:
        return None
    x, y = top[:, 0], top[:, 1]
    system = np.stack([2.0 * x, 2.0 * y, np.ones_like(x)], axis=1)
    (center_x, center_y, rest), *_ = np.linalg.lstsq(system, x * x + y * y, rcond=None)
    middle = math.sqrt(max(0.0, float(rest + center_x**2 + center_y**2)))
    distances = np.hypot(x - center_x, y - center_y)
    if not 0.02 < middle < 0.3 or float(np.std(distances)) > 0.09 * middle or float(distances.min()) < 0.6 * middle:
        return None
    bearings = np.arctan2(y - center_y, x - center_x)
    share = len(np.unique(np.floor(bearings / math.tau * 36.0))) / 36.0
    if share < 0.4:
        return None
    return float(center_x), float(center_y), float(np.percentile(distances, 98)) + _EDGE / 2.0, share


def _with_sides(found: list[Detection], sides: _Cloud) -> Iterator[Detection]:
    """Give boxes and cylinders their undersides, by the side faces of their colour, and add what stands below them."""
    free = np.ones(len(sides.points), dtype=bool)
    for detection in found:
        if detection.shape not in ("box", "cylinder"):
            yield detection
            continue
        near = np.flatnonzero(free & _beside(detection, sides.points))
        high = detection.position[2] + detection.size[2] / 2.0
        near = near[sides.points[near, 2] < high + 0.002]
        own = near[_has_color(sides.colors[near], detection.color)]
        low = 0.0
        if len(own) >= _SIDE_POINTS:
            low = float(np.percentile(sides.points[own, 2], 2))
        low = 0.0 if low < 0.012 else low
        free[near[sides.points[near, 2] > low]] = False
        yield _between(detection, low, high)
        below = [name for name in COLORS if name != detection.color]
        while low > 0.0:
            left = near[sides.points[near, 2] < low]
            counts = [int(_has_color(sides.colors[left], name).sum()) for name in below]
            if not left.size or max(counts) < _SIDE_POINTS:
                break
            color = below[int(np.argmax(counts))]
            mine = left[_has_color(sides.colors[left], color)]
            bottom = float(np.percentile(sides.points[mine, 2], 2))
            bottom = 0.0 if bottom < 0.012 else bottom
            if low - bottom < 0.008:
                break
            free[left] = False
            under = _between(replace(detection, color=color, confidence=0.5 * detection.confidence), bottom, low)
            if not any(_same_place(under, other) for other in found):
                yield under
            low, below = bottom, [name for name in COLORS if name != color]


def _beside(detection: Detection, points: Array) -> NDArray[np.bool_]:
    c, s = math.cos(detection.yaw), math.sin(detection.yaw)
    dx, dy = points[:, 0] - detection.position[0], points[:, 1] - detection.position[1]
    along, across = np.abs(c * dx + s * dy), np.abs(-s * dx + c * dy)
    if detection.shape == "cylinder":
        inside: NDArray[np.bool_] = np.hypot(dx, dy) <= detection.size[0] / 2.0 + _BESIDE
        return inside
    boxed: NDArray[np.bool_] = (along <= detection.size[0] / 2.0 + _BESIDE) & (
        across <= detection.size[1] / 2.0 + _BESIDE
    )
    return boxed


def _has_color(colors: Array, name: str) -> NDArray[np.bool_]:
    """Whether side faces, darker by what the light leaves, have a colour."""
    known = np.array(list(COLORS.values()))
    gains = np.clip((colors @ known.T) / np.einsum("ij,ij->i", known, known), *_GAINS)
    distances = np.linalg.norm(gains[..., None] * known - colors[:, None, :], axis=2)
    nearest: NDArray[np.bool_] = np.argmin(distances, axis=1) == list(COLORS).index(name)
    return nearest


def _between(detection: Detection, low: float, high: float) -> Detection:
    x, y, _ = detection.position
    length, width, _ = detection.size
    return replace(detection, size=(length, width, high - low), position=(x, y, (low + high) / 2.0))


def _same_place(one: Detection, other: Detection) -> bool:
    return math.dist(one.position, other.position) < 0.02
