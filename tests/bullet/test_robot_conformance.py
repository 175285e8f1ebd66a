"""Every robot that comes along does what its description says, and the check finds what does not."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.robots import check_robot, robot_names
from codeact_envs.bullet.robots.model import RobotModel

with quiet():
    import pybullet

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
        ("panda", "leave_out: [panda_link8,", "leave_out: [panda_hand,", "'panda_hand' has a shape or a mass"),
        ("panda", "leave_out: [panda_link8,", "leave_out: [panda_link3,", "'panda_link3' is not fixed to another"),
        ("panda", "leave_out: [panda_link8,", "leave_out: [panda_link9,", "has no link 'panda_link9' to leave out"),
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


TURNED = """<robot name="arm">
  <link name="base"/>
  <link name="frame"/>
  <link name="tip"/>
  <joint name="to_frame" type="fixed">
    <origin xyz="0.1 0.2 0.3" rpy="{rpy}"/><parent link="base"/><child link="frame"/>
  </joint>
  <joint name="to_tip" type="revolute">
    <origin xyz="0.0 0.1 0.4" rpy="0.5 -0.3 2.0"/><parent link="frame"/><child link="tip"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" effort="1" velocity="1"/>
  </joint>
</robot>"""


@pytest.mark.parametrize("rpy", ["0 0 0", "0.3 -1.0 2.5", "0.4 1.5707963267948966 0.0"])
def test_what_hangs_on_a_link_that_is_left_out_stays_in_place(rpy: str, tmp_path: Path) -> None:
    file = tmp_path / "arm.urdf"
    file.write_text(TURNED.format(rpy=rpy))
    places = []
    client = pybullet.connect(pybullet.DIRECT)
    for leave_out in ((), ("frame",)):
        model = RobotModel(file, leave_out=leave_out)
        body = model.load(pybullet, client, (1.0, 0.0, 0.0), 0.7, fixed=True)
        last = pybullet.getNumJoints(body, physicsClientId=client) - 1
        assert last == 1 - len(leave_out)
        place, turn = pybullet.getLinkState(body, last, physicsClientId=client)[4:6]
        places.append([*place, *pybullet.getMatrixFromQuaternion(turn)])
    pybullet.disconnect(client)
    assert places[0] == pytest.approx(places[1], abs=1e-6)


def test_there_must_be_a_file() -> None:
    assert "name one of" in check_robot("no_such_robot")[0]
