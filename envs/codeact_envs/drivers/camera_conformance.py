"""Does a camera do what every camera must do? It is tried by taking pictures."""

from __future__ import annotations

import math
import time

import numpy as np

from codeact_envs.drivers.errors import ConnectionLost, DriverError
from codeact_envs.drivers.protocols import Camera, CameraFrame

_FRAMES = 3
_PAUSE_S = 0.5  # between two pictures: what is queued meanwhile must not come as the next one
_LATE_S = 0.02  # by which a clock may seem to be off


def check_camera(camera: Camera) -> list[str]:
    """What is wrong, one sentence each; empty when nothing is."""
    found: list[str] = []
    try:
        if camera.fixed_to not in ("base", "tool"):
            found.append(f'fixed_to: it must be "base" or "tool", not {camera.fixed_to!r}')
        _frames(camera, found)
        if not found:
            _end(camera, found)
    except DriverError as error:
        found.append(f"the check ended early: {type(error).__name__}: {error}")
    return found


def _frames(camera: Camera, found: list[str]) -> None:
    first: CameraFrame | None = None
    for _ in range(_FRAMES):
        asked = time.monotonic()
        frame = camera.take()
        found += _wrong(frame, camera.measures_depth)
        if frame.time_s > time.monotonic() + _LATE_S or frame.time_s < asked - _LATE_S:
            found.append(
                f"take().time_s: {frame.time_s - asked:+.2f} s from when it was asked for; a frame of now is due, and "
                "its time by time.monotonic()"
            )
        if first is not None and (
            frame.rgb.shape != first.rgb.shape or not np.array_equal(frame.intrinsics, first.intrinsics)
        ):
            found.append("take(): size and intrinsics must stay as they are from frame to frame")
        if found:
            return
        first = frame
        time.sleep(_PAUSE_S)


def _wrong(frame: CameraFrame, measures_depth: bool) -> list[str]:
    found = []
    rgb, depth, matrix = frame.rgb, frame.depth, np.asarray(frame.intrinsics)
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        return [f"take().rgb: uint8 of shape (height, width, 3) is due, not {rgb.dtype} of {rgb.shape}"]
    height, width = rgb.shape[:2]
    if (depth is not None) != measures_depth:
        found.append(f"take().depth: measures_depth is {measures_depth}")
    if depth is not None:
        if depth.dtype != np.float32 or depth.shape != (height, width):
            found.append(f"take().depth: float32 of shape {(height, width)} is due, not {depth.dtype} of {depth.shape}")
        elif np.isnan(depth).any() or bool((depth <= 0.0).any()):
            found.append("take().depth: metres above 0; infinite, and not 0 or NaN, where nothing was measured")
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        found.append(f"take().intrinsics: nine finite numbers of shape (3, 3) are due, not {matrix.tolist()}")
    elif matrix[0, 0] <= 0.0 or matrix[1, 1] <= 0.0 or matrix[2].tolist() != [0.0, 0.0, 1.0] or matrix[1, 0] != 0.0:
        found.append(f"take().intrinsics: fx, 0, cx; 0, fy, cy; 0, 0, 1 is due, not {matrix.tolist()}")
    elif not (0.0 <= matrix[0, 2] < width and 0.0 <= matrix[1, 2] < height):
        found.append(
            f"take().intrinsics: (cx, cy) = ({matrix[0, 2]:g}, {matrix[1, 2]:g}) lies outside of the picture of "
            f"{width} x {height}: are they of another size?"
        )
    numbers = (*frame.pose.position, *frame.pose.quaternion)
    if len(numbers) != 7 or not all(map(math.isfinite, numbers)):
        found.append("take().pose: a position and a quaternion of finite numbers are due")
    elif abs(math.hypot(*frame.pose.quaternion) - 1.0) > 1e-3:
        found.append("take().pose: its quaternion (x, y, z, w) must be of length 1")
    return found


def _end(camera: Camera, found: list[str]) -> None:
    for _ in range(2):
        camera.close()
    try:
        camera.take()
        found.append("close(): take() must raise ConnectionLost afterwards")
    except ConnectionLost:
        pass
    camera.reconnect()
    found += _wrong(camera.take(), camera.measures_depth)
