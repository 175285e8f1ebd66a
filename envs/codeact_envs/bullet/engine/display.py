"""Bullet's window: whether there is a display for it (Bullet itself ends the whole process where there is none), and
what it shows."""

from __future__ import annotations

import math
import os
import re
import socket
import sys
from typing import TYPE_CHECKING, Any

from codeact.errors import TaskError

if TYPE_CHECKING:
    from codeact_envs.bullet.engine.camera import Camera
    from codeact_envs.bullet.engine.simulation import Simulation

_WINDOW = "a window (gui=True, render_mode='human')"
_FIRST_PORT = 6000  # of the X protocol over TCP: display 0


def clear_window(simulation: Simulation) -> None:
    """Take Bullet's panels off the window, and draw nothing until `show`: each body that is loaded would wait for a
    frame."""
    bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
    for panel in (
        bullet.COV_ENABLE_GUI,
        bullet.COV_ENABLE_RGB_BUFFER_PREVIEW,
        bullet.COV_ENABLE_DEPTH_BUFFER_PREVIEW,
        bullet.COV_ENABLE_SEGMENTATION_MARK_PREVIEW,
        bullet.COV_ENABLE_RENDERING,
    ):
        bullet.configureDebugVisualizer(panel, 0, **on)


def show(simulation: Simulation, camera: Camera) -> None:
    """Draw the window from now on, as a camera sees the scene; its field of view is Bullet's own."""
    bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
    x, y, z = (eye - target for eye, target in zip(camera.eye, camera.target, strict=True))
    distance = math.sqrt(x * x + y * y + z * z)
    bullet.resetDebugVisualizerCamera(
        cameraDistance=distance,
        cameraYaw=math.degrees(math.atan2(x, -y)),
        cameraPitch=-math.degrees(math.asin(z / distance)),
        cameraTargetPosition=camera.target,
        **on,
    )
    bullet.configureDebugVisualizer(bullet.COV_ENABLE_RENDERING, 1, **on)


def require_display() -> None:
    """Raise `TaskError` unless an X server answers at `DISPLAY`. On other systems than Linux there is always one."""
    if not sys.platform.startswith("linux"):
        return
    name = os.environ.get("DISPLAY", "")
    if not name:
        raise TaskError(f"{_WINDOW} needs a display, and DISPLAY is not set; leave it out, and look at render()")
    found = re.fullmatch(r"(?:unix)?(?P<host>[^:]*):(?P<number>\d+)(?:\.\d+)?", name)
    if found is None or not _answers(found["host"], int(found["number"])):
        raise TaskError(
            f"{_WINDOW} needs a display, and nothing answers at DISPLAY={name!r}; leave it out, or correct it"
        )


def _answers(host: str, number: int) -> bool:
    path = f"/tmp/.X11-unix/X{number}"
    places: list[tuple[socket.AddressFamily, Any]] = [(socket.AF_UNIX, "\0" + path), (socket.AF_UNIX, path)]
    if host:
        places = [(socket.AF_INET, (host, _FIRST_PORT + number))]
    for family, address in places:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(2.0)
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False
