"""Bullet's window, on a display that is a file: what it shows, and that looking changes nothing.

Skipped where there is no Xvfb (on Debian: apt-get install xvfb).
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import codeact_envs  # noqa: F401  (registers the tasks)
from codeact_envs.bullet import BodySpec, BulletWorld, Placement

pytestmark = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="no Xvfb is installed")

BODIES = [BodySpec("cube", "box", (0.6, 0.6, 0.6), 2.0, "red")]
LAYOUT = [Placement("cube", "cube", (0.9, 0.3, 0.301))]
PROGRAM = """
import time
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
with BulletWorld([BodySpec("cube", "box", (0.6, 0.6, 0.6), 2.0, "red")], robot="crazyflie", gui=True) as world:
    world.reset([Placement("cube", "cube", (0.9, 0.3, 0.301))])
    world.settle(0.1)
    print(world.state_hash(), flush=True)
    input()
"""

EPISODE = """
import gymnasium
import codeact_envs
env = gymnasium.make("CodeAct/Reach-v0", ACTION, render_mode="human")
env.reset(seed=0)
env.step(PROGRAM)
assert env.render() is None
print(env.unwrapped.state_hash(), flush=True)
input()
env.close()
"""


@pytest.fixture
def display(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The name of a display, and the file that holds its pixels."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24", "-fbdir", str(tmp_path)]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as number:
            yield f":{number.readline().strip()}", tmp_path / "Xvfb_screen0"
    finally:
        server.terminate()
        server.wait()


def pixels(screen: Path) -> np.ndarray:
    """RGB (height, width, 3) of an X window dump: its header's words are the header's length, then ..., big-endian."""
    data = screen.read_bytes()
    header = struct.unpack(">25I", data[:100])
    length, width, height, row, colors = header[0], header[4], header[5], header[12], header[19]
    begin = length + 12 * colors
    rows = np.frombuffer(data[begin : begin + row * height], np.uint8).reshape(height, row)
    return rows[:, : 4 * width].reshape(height, width, 4)[:, :, 2::-1].astype(int)


def test_the_window_shows_the_scene_and_changes_nothing(display: tuple[str, Path]) -> None:
    with BulletWorld(BODIES, robot="crazyflie") as world:
        world.reset(LAYOUT)
        world.settle(0.1)
        expected = world.state_hash()
    name, screen = display
    viewer = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "DISPLAY": name},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert viewer.stdout is not None
    assert viewer.stdin is not None
    said = iter(viewer.stdout)
    assert next(line.strip() for line in said if len(line) == 65) == expected  # Bullet's drawing thread talks, too
    share = 0.0
    for _ in range(100):  # frames come when they come
        picture = pixels(screen)
        red = (picture[..., 0] > 120) & (picture[..., 1] < 90) & (picture[..., 2] < 90)
        share = float(red.mean())
        if share > 0.001:
            break
        time.sleep(0.1)
    viewer.communicate("\n")
    assert 0.001 < share < 0.1
    assert viewer.returncode == 0
    rows, columns = np.nonzero(red)
    assert (0.2 < rows.mean() / picture.shape[0] < 0.8, 0.2 < columns.mean() / picture.shape[1] < 0.8) == (True, True)
    corners = picture[[5, 5, -5, -5], [5, -5, 5, -5]]
    assert (corners.max(axis=1) - corners.min(axis=1) < 60).all()  # no panels in front of it


def test_a_process_has_one_window(display: tuple[str, Path]) -> None:
    script = "\n".join(
        [
            "from codeact.errors import TaskError",
            "from codeact_envs.bullet import BulletWorld",
            "with BulletWorld([], gui=True):",
            "    try:",
            "        BulletWorld([], gui=True)",
            "    except TaskError as error:",
            "        print(error)",
        ]
    )
    environment = {**os.environ, "DISPLAY": display[0]}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert "PyBullet opens no window: " in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("action", "program"), [("code", "move_to(0.5, 0.2, 0.3)"), ("cartesian", [0.5, 0.5, -0.5, 1.0])]
)
def test_an_episode_is_watched_and_is_the_same(display: tuple[str, Path], action: str, program: object) -> None:
    plain: Any = gymnasium.make("CodeAct/Reach-v0", action=action)
    plain.reset(seed=0)
    plain.step(program if isinstance(program, str) else np.array(program, np.float32))
    expected = plain.unwrapped.state_hash()
    plain.close()
    name, screen = display
    script = EPISODE.replace("ACTION", f"action={action!r}").replace("PROGRAM", repr(program))
    viewer = subprocess.Popen(
        [sys.executable, "-W", "error:.*human:UserWarning", "-c", script],
        env={**os.environ, "DISPLAY": name},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert viewer.stdout is not None
    assert next(line.strip() for line in viewer.stdout if len(line) == 65) == expected
    colors = 0
    for _ in range(100):  # frames come when they come
        colors = len(np.unique(pixels(screen).reshape(-1, 3), axis=0))
        if colors > 50:
            break
        time.sleep(0.1)
    viewer.communicate("\n")
    assert colors > 50
    assert viewer.returncode == 0
