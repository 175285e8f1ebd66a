"""Inverse kinematics reaches what the arm can reach, exactly, inside the real limits, and the same way every time."""

from __future__ import annotations

import math
import os
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml

from codeact.errors import TaskError
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.bullet.robots import load_robot

PANDA = load_robot("panda")


@pytest.fixture(scope="module")
def kinematics() -> Kinematics:
    return Kinematics(PANDA)


def test_it_reaches_all_but_five_in_a_thousand_random_poses(kinematics: Kinematics) -> None:
    random = np.random.default_rng(20)
    lower, upper = np.array(PANDA.joints.lower), np.array(PANDA.joints.upper)
    reached = 0
    for _ in range(1000):
        pose = kinematics.forward(random.uniform(kinematics.lower, kinematics.upper))
        q = kinematics.inverse(pose, [np.array(PANDA.joints.home)], restarts=100)
        if q is None:
            continue
        found = kinematics.forward(q)
        turn = math.acos(min(1.0, (float(np.trace(pose[:3, :3].T @ found[:3, :3])) - 1.0) / 2.0))
        close = np.linalg.norm(pose[:3, 3] - found[:3, 3]) < 1e-3 and turn < 1e-2
        reached += bool(close and np.all(q > lower) and np.all(q < upper))
    assert reached >= 995


def test_the_answer_does_not_depend_on_what_was_asked_before(kinematics: Kinematics) -> None:
    random = np.random.default_rng(3)
    poses = [kinematics.forward(random.uniform(kinematics.lower, kinematics.upper)) for _ in range(50)]
    home = np.array(PANDA.joints.home)
    first = [kinematics.inverse(pose, [home], restarts=100) for pose in poses]
    again = [kinematics.inverse(pose, [home], restarts=100) for pose in reversed(poses)][::-1]
    other = [Kinematics(PANDA).inverse(pose, [home], restarts=100) for pose in poses]
    for a, b, c in zip(first, again, other, strict=True):
        assert a is not None
        assert b is not None
        assert c is not None
        assert a.tobytes() == b.tobytes() == c.tobytes()


def test_a_pose_out_of_reach_has_no_answer(kinematics: Kinematics) -> None:
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = [1.2, 0.0, 0.3]
    assert kinematics.inverse(pose, [np.array(PANDA.joints.home)], restarts=20) is None


def test_its_forward_kinematics_is_that_of_the_simulator(world) -> None:  # type: ignore[no-untyped-def]
    bullet, client, arm = world.simulation.bullet, world.simulation.client, world.arm
    state = bullet.getLinkState(arm.body, arm.tool_link, computeForwardKinematics=True, physicsClientId=client)
    rotation = np.array(bullet.getMatrixFromQuaternion(state[5])).reshape(3, 3)
    tool = np.array(state[4]) + rotation @ np.array(PANDA.tool_offset)
    pose = world.controller.kinematics.forward(arm.home)
    assert pose[:3, 3] == pytest.approx(tool, abs=1e-6)
    assert pose[:3, :3] == pytest.approx(rotation, abs=1e-6)


def test_a_line_is_straight_to_a_tenth_of_a_millimetre(kinematics: Kinematics) -> None:
    from codeact_envs.bullet.motion.trajectories import SplinePath

    start = np.array(PANDA.joints.home)
    begin = kinematics.forward(start)
    goal = begin[:3, 3] + [0.15, 0.25, -0.3]
    line = kinematics.line(start, goal)
    assert line is not None
    share = np.linspace(0.0, 1.0, 201)
    for s, q in zip(share, SplinePath(*line).evaluate(share), strict=True):
        pose = kinematics.forward(q)
        assert pose[:3, 3] == pytest.approx(begin[:3, 3] + (goal - begin[:3, 3]) * s, abs=1e-4)
        assert pose[:3, :3] == pytest.approx(begin[:3, :3], abs=1e-3)


def test_a_line_out_of_reach_is_none(kinematics: Kinematics) -> None:
    assert kinematics.line(np.array(PANDA.joints.home), np.array([1.1, 0.0, 0.3])) is None


def test_a_forked_child_can_solve_too(kinematics: Kinematics) -> None:
    home = np.array(PANDA.joints.home)
    pose = kinematics.forward(home)
    child = os.fork()
    if child == 0:
        found = kinematics.inverse(pose, [home])
        os._exit(0 if found is not None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_descriptions_limits_are_tighter_than_the_model_files() -> None:
    text = PANDA.urdf.read_text(encoding="utf-8")
    assert 'upper="2.9671"' in text
    assert PANDA.joints.upper[0] == 2.8973


def test_a_users_own_description_is_read_and_checked(tmp_path: Path) -> None:
    source = Path(str(files("codeact_envs.bullet.robots") / "panda.yaml"))
    data = yaml.safe_load(source.read_text(encoding="utf-8"))
    data["name"] = "mine"
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    assert load_robot(str(tmp_path / "mine.yaml")).name == "mine"
    del data["joints"]["jerk"]
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(TaskError, match="jerk"):
        load_robot(str(tmp_path / "broken.yaml"))
    with pytest.raises(TaskError, match=r"no robot 'pandda'.*panda"):
        load_robot("pandda")


def test_a_solution_that_does_not_end_by_itself_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """From this start the solver goes round and round."""
    from codeact_envs.bullet.motion import kinematics as module
    from codeact_envs.bullet.robots.description import load_arm

    monkeypatch.setattr(module, "_MOST_S", 0.2)
    pose = np.array(
        [
            [-6.276702753549301e-06, -0.9472653630009521, 0.3204502020896184, 0.4502026002390628],
            [5.898981661589531e-06, 0.32045020205528163, 0.9472653630149954, -0.3881286632988864],
            [-0.9999999999629025, 7.836032977992513e-06, 3.5765303394441617e-06, 0.1510208218270952],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )
    start = np.array(
        [
            -1.0254118759827284,
            1.3995532044160899,
            0.4943728606008229,
            -1.6892429070537296,
            -2.260187625759084,
            -1.2242281813505116,
            -2.7852243890351525,
        ]
    )
    assert module.Kinematics(load_arm("kuka_iiwa")).inverse(pose, [start]) is None
