"""The picture of the robots shows every one that there is a description of."""

from __future__ import annotations

import runpy
from pathlib import Path

import codeact_envs.bullet.robots

SCRIPT = Path(__file__).parents[2] / "examples" / "draw_robots.py"


def test_every_robot_is_in_the_gallery() -> None:
    described = {path.stem for path in Path(codeact_envs.bullet.robots.__file__).parent.glob("*.yaml")}
    assert {tile.robot for tile in runpy.run_path(str(SCRIPT))["TILES"]} == described
