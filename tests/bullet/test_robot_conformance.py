"""Every robot that comes along does what its description says, and the check finds what does not."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from codeact_envs.bullet.robots import check_robot, robot_names

OURS = Path(str(files("codeact_envs.bullet.robots")))


@pytest.mark.parametrize("robot", robot_names())
def test_our_robots_conform(robot: str) -> None:
    assert check_robot(robot) == []


@pytest.mark.parametrize(
    ("robot", "old", "new", "finding"),
    [
        ("panda", "tool_link: panda_hand", "tool_link: hand", "has no link 'hand'"),
        ("panda", "panda_joint1, panda_joint2", "panda_joint2, panda_joint1", "lead panda_joint1, panda_joint2"),
        ("panda", "[2.8973, 1.7628", "[4.0, 1.7628", "joints.upper: panda_joint1"),
        ("panda", "home: [0.0, -0.785", "home: [3.0, -0.785", "joints.home: panda_joint1"),
        ("panda", "opening: 0.08 ", "opening: 0.2 ", "gripper.opening: panda_finger_joint1"),
        ("panda", "postures:\n  - [0.0, -0.785", "postures:\n  - [0.9, -0.785", "postures[0]"),
        ("panda", "stop_time: 0.1", "stop_tme: 0.1", "motion.stop_tme: Unexpected"),
        ("panda", "force: 40.0", "force: 0.0", "gripper: asked to open 0.000 m"),
        ("husky", "front_left_wheel,", "front_wheel,", "has no joint 'front_wheel'"),
        ("husky", "wheel_effort: 20.0", "wheel_effort: 0.01", "driving 1 m ahead"),
        ("husky", "base_link: base_footprint", "base_link: nothing", "has no link 'nothing'"),
    ],
)
def test_what_is_wrong_is_found(robot: str, old: str, new: str, finding: str, tmp_path: Path) -> None:
    text = (OURS / f"{robot}.yaml").read_text()
    assert text.count(old) == 1
    own = tmp_path / "own.yaml"
    own.write_text(text.replace(old, new))
    assert finding in "\n".join(check_robot(str(own)))


def test_there_must_be_a_file() -> None:
    assert "name one of" in check_robot("no_such_robot")[0]
