"""Tasks for robots that move about: wheeled bases, with and without an arm, and drones."""

from __future__ import annotations

import math
from collections.abc import Iterator

import gymnasium
import pytest
import yaml

import codeact_envs  # noqa: F401
from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.errors import OutOfReach
from codeact_envs.bullet.tools.low_tier import ArmApi
from codeact_envs.bullet.tools.moving_robots import BaseApi, DroneApi
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import load_task, task_file
from codeact_envs.tasks.robot_task import RobotTask
from codeact_envs.tasks.specification import parse_task

CRATE = BodySpec("crate", "box", (0.4, 0.4, 0.4), 3.0, "orange")


@pytest.fixture(scope="module")
def hover() -> Iterator[CodeEnv]:
    env = gymnasium.make("CodeAct/Hover-v0").unwrapped
    assert isinstance(env, CodeEnv)
    yield env
    env.close()


def test_a_range_finder_tells_how_far_things_are_and_leaves_no_trace() -> None:
    with BulletWorld([CRATE], robot="husky") as world:
        world.reset([Placement("crate", "crate", (2.0, 1.0, 0.2))], (0.5, 1.0, 0.0))
        base, before = BaseApi(world), world.state_hash()
        ahead = base.scan(4)
        assert ahead[0] == pytest.approx(1.3, abs=0.01)
        assert ahead[1:] == [math.inf] * 3
        assert world.state_hash() == before
        with pytest.raises(OutOfReach, match="between 1 and 720"):
            base.scan(0)
        assert base.drive_to(0.5, 1.0, math.pi / 2)
        turned = base.scan(4)
        assert turned[3] == pytest.approx(1.3, abs=0.06), "the crate is to its right now"
        assert turned[0] == math.inf
        assert base.velocity() == pytest.approx((0.0, 0.0), abs=0.02)
        assert base.size() == (1.01, 0.69, 0.4)


def test_tools_of_another_kind_of_robot_are_refused() -> None:
    with BulletWorld([], robot="husky") as world, pytest.raises(TaskError, match="Husky A200 does not fly"):
        DroneApi(world)
    with BulletWorld([]) as world, pytest.raises(TaskError, match="Panda has no wheels"):
        BaseApi(world)


def test_a_drone_is_flown_by_programs_and_observed_in_words(hover: CodeEnv) -> None:
    observation, _ = hover.reset(seed=1)
    assert "Drone at x=0.000 y=0.000 z=0.013, rotors off." in observation
    assert {"objects", "position", "find"} <= set(hover.tools.tools)
    assert [name for name in hover.tools.tools if name.startswith("drone.")] == [
        f"drone.{name}"
        for name in ("pose", "velocity", "is_flying", "last_motion", "take_off", "fly_to", "hover", "land")
    ]
    assert "pick" not in hover.tools.tools
    program = """
try:
    drone.fly_to(0.0, 0.0, 1.0)
except OutOfReach as error:
    print(error)
print(drone.last_motion())
print(drone.take_off(0.5), drone.is_flying(), drone.hover(0.5), round(drone.pose()[2], 1), drone.velocity()[2] < 0.01)
pose = camera.pose("front")
print(camera.names(), camera.depth("front").shape, abs(pose[2, 3] - drone.pose()[2]) < 0.01)
print(drone.land(), drone.is_flying(), drone.last_motion().reached)
"""
    observation, _, _, _, info = hover.step(program)
    assert info["execution"].ok, info["execution"].error
    assert "take off first" in observation
    assert "None\nTrue True True 0.5 True\n['front'] (240, 320) True\nTrue False True" in observation


def test_a_state_in_the_air_is_restored_and_branched_exactly(hover: CodeEnv) -> None:
    hover.reset(seed=2)
    hover.step("drone.take_off(0.6)")
    saved, before = hover.save_state(), hover.state_hash()
    with_other = hover.branch()
    further = "drone.fly_to(0.3, 0.2, 0.7)"
    after = hover.step(further)[4]["state_hash"]
    assert with_other.step(further)[4]["state_hash"] == after
    with_other.close()
    hover.restore_state(saved)
    assert hover.state_hash() == before
    assert hover.step(further)[4]["state_hash"] == after


def test_an_interrupted_flight_ends_hovering(hover: CodeEnv) -> None:
    hover.reset(seed=3)
    world = hover._make_world()
    world.bullet.simulation.capture_every(300, lambda: hover.interrupt() if world.time_s > 1.0 else None)
    info = hover.step("drone.take_off(1.0)\ndrone.fly_to(2.0, 0.0, 1.0)")[4]
    world.bullet.simulation.capture_every(0, None)
    assert not info["execution"].ok
    assert world.bullet.drone.flying
    assert math.hypot(*world.bullet.drone.velocity()) < 0.05


def fetch_task() -> dict[str, object]:
    data = yaml.safe_load(task_file("nav_goal_obstacles").read_text())
    scene = {
        "robot": "husky_panda",
        "region": {"x": [1.2, 2.0], "y": [-0.6, 0.6], "reach": [1.2, 2.2]},
        "clearance": 0.1,
        "kinds": {"cube": {"noun": "cube", "shape": "box", "size": [0.05, 0.05, 0.05]}},
        "roles": {"zone": {"kind": "cube", "yaw": [0.0, 0.001]}},
    }
    oracle = """
x, y, _ = position(zone)
far = (x * x + y * y) ** 0.5
base.drive_to(x - 0.85 * x / far, y - 0.85 * y / far)
arm.pick(zone)
"""
    return data | {
        "scene": scene,
        "goal": [{"lifted": {"what": "zone", "by": 0.04}}],
        "keep": [],
        "oracle": oracle,
        "opposite": "arm.home()",
    }


def test_an_arm_on_wheels_has_tools_for_both() -> None:
    task = RobotTask("fetch", parse_task(fetch_task(), "fetch"))
    env = CodeEnv(task)
    observation, _ = env.reset(seed=0)
    assert "Base at" in observation
    assert "Gripper at" in observation
    assert {"base.drive_to", "arm.pick", "objects", "base.scan"} <= set(env.tools.tools)
    before = env.state_hash()
    env._make_world().snapshot()
    assert env.state_hash() == before
    info = env.step(env.oracle())[4]
    assert info["success"], (info["execution"].error, info["violations"])
    env.close()


LOW = """
import math

x, y, _ = PLACE
far = math.hypot(x, y)
print(base.drive_to(x - 0.85 * x / far, y - 0.85 * y / far))
at = base.pose()
LOOK
arm.open_gripper(0.078)
arm.move_joints(arm.inverse_kinematics((x, y, 0.2)))
print(arm.move_linear((x, y, 0.025), speed=0.1))
print(arm.close_gripper(20.0), arm.is_holding())
print(arm.move_linear((x, y, 0.2), speed=0.1))
"""


def low_task() -> RobotTask:
    task = fetch_task() | {
        "tier": "low",
        "oracle": LOW.replace("PLACE", "position(zone)").replace("LOOK", ""),
        "opposite": "arm.wait(0.1)",
    }
    return RobotTask("fetch", parse_task(task, "fetch"))


def test_an_arm_on_wheels_is_driven_by_joints_and_poses() -> None:
    env = CodeEnv(low_task())
    ends = []
    for _ in range(2):
        env.reset(seed=0)
        assert {"base.drive_to", "arm.move_linear", "objects", "camera.rgb"} <= set(env.tools.tools)
        assert "arm.move_compliant" not in env.tools.tools
        assert "arm.pick" not in env.tools.tools
        info = env.step(env.oracle())[4]
        assert info["success"], (info["execution"].error, info["execution"].stdout, info["violations"])
        ends.append(info["state_hash"])
    assert ends[0] == ends[1]
    program = """
pose = arm.tool_pose()
base.drive_to(0.3, 0.2, 0.5)
turned = arm.tool_pose()
x, y, yaw = base.pose()
[pose.position, turned.position, (x, y, yaw)]
"""
    env.reset(seed=1)
    info = env.step(program)[4]
    assert info["execution"].ok, info["execution"].error
    before, after, (x, y, yaw) = info["execution"].value
    bullet = env._make_world().bullet
    api, unread = ArmApi(bullet), bullet.state_hash()
    assert api.forward_kinematics(api.inverse_kinematics(after)).position == pytest.approx(after, abs=1e-3)
    assert bullet.state_hash() == unread, "a look at a carried arm leaves no trace"
    length = math.hypot(before[0], before[1])
    assert after[:2] == pytest.approx((x + length * math.cos(yaw), y + length * math.sin(yaw)), abs=0.02)
    env.close()


def test_who_drives_an_arm_on_wheels_by_cameras_has_pictures_alone() -> None:
    env = CodeEnv(low_task(), perception="camera")
    env.reset(seed=0)
    assert "objects" not in env.tools.tools
    assert {"camera.rgb", "camera.depth", "base.drive_to", "arm.move_linear"} <= set(env.tools.tools)
    program = """
import numpy as np

def coloured(name):
    rgb, depth = camera.rgb(name).astype(int), camera.depth(name)
    K, pose = camera.intrinsics(name), camera.pose(name)
    bright = rgb.max(axis=2) - rgb.min(axis=2) > 60
    v, u = np.nonzero(bright & np.isfinite(depth))
    z = depth[v, u]
    points = pose @ np.stack([(u - K[0, 2]) / K[0, 0] * z, (v - K[1, 2]) / K[1, 1] * z, z, np.ones_like(z)])
    points = points[:3, (points[2] < 0.08) & (points[2] > 0.005)]
    return points.mean(axis=1) if points.size else None

print(camera.names())
found = coloured("front")
print(found)
"""
    observation, _, _, _, info = env.step(program)
    assert info["execution"].ok, info["execution"].error
    assert "['hand', 'front']" in observation
    (name,) = env._make_world().snapshot().bodies
    x, y, _ = env._make_world().snapshot().bodies[name].position
    found = [float(part) for part in observation.split("[")[2].split("]")[0].split()]
    assert math.dist(found[:2], (x, y)) < 0.05
    env.close()


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ({"drone_at": {"where": "zone", "height": 1.0, "within": 0.1, "strict": 0.1}}, "judges a drone"),
        ({"tool_above": {"where": "zone", "height": 1.0, "within": 0.1, "strict": 0.1}}, "judges an arm"),
    ],
)
def test_a_task_that_judges_what_its_robot_does_not_have_is_refused(goal: dict[str, object], message: str) -> None:
    data = yaml.safe_load(task_file("nav_goal_obstacles").read_text()) | {"goal": [goal]}
    with pytest.raises(TaskError, match=message):
        RobotTask("drive", parse_task(data, "drive")).make_world()


def test_tiers_that_a_robot_does_not_have_are_refused() -> None:
    task = load_task("nav_goal_obstacles")
    assert isinstance(task, RobotTask)
    with pytest.raises(TaskError, match="one arm, at a table, or with tier='low'"):
        RobotTask("fetch", parse_task(fetch_task(), "fetch"), perception="camera").make_world()
    data = yaml.safe_load(task_file("nav_goal_obstacles").read_text()) | {"tier": "low"}
    with pytest.raises(TaskError, match="low tier is for arms, and Clearpath Husky A200 has none"):
        RobotTask("drive", parse_task(data, "drive")).make_world()
    with pytest.raises(TaskError, match="robot at a table"):
        gymnasium.make("CodeAct/Hover-v0", action="cartesian")


def test_who_drives_by_cameras_is_told_of_no_object() -> None:
    env = gymnasium.make("CodeAct/NavGoalObstacles-v0", perception="camera").unwrapped
    observation, _ = env.reset(seed=1)
    true = env._make_world().snapshot().bodies
    assert "objects" not in env.tools.tools
    assert "camera.point_cloud" in env.tools.tools
    program = """
said = []
for x in (-2.0, -1.0, 1.0, 2.0):
    for y in (-2.0, -1.0, 1.0, 2.0):
        try:
            base.drive_to(x, y)
        except InCollision as error:
            said.append(str(error))
finish([said, camera.segmentation("front").names])
"""
    shown, _, _, _, info = env.step(program)
    said, names = info["answer"]
    assert said
    assert "something" in said[0]
    assert names == {}
    assert not any(name in text for name in true for text in [observation, shown, *said])
    env.close()


def test_noise_reaches_robots_that_move_about() -> None:
    task = load_task("nav_goal_obstacles")
    assert isinstance(task, RobotTask)
    env = CodeEnv(task, perception="noisy")
    env.reset(seed=0)
    info = env.step("finish(position(objects()[0]))")[4]
    true = next(iter(env._make_world().snapshot().bodies.values())).position
    assert 0.0 < math.dist(info["answer"], true) < 0.03
    assert "camera.rgb" not in env.tools
    env.close()
