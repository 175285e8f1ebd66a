"""No joint is ever commanded beyond the maker's limits, over whole episodes, and the arm follows its commands."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.errors import KeepOut, OutOfReach, Stopped, TooFast
from codeact_envs.bullet.robots.description import Volume

STOP_STEPS = round(0.1 * RATE)


class Recorder:
    """Every row of joint targets played in an episode, from the home posture on."""

    def __init__(self, world: BulletWorld) -> None:
        self.rows = [world.arm.home.tolist()] * 3
        world.arm.recorder = lambda rows: self.rows.extend(row[:7] for row in rows)

    def worst(self, world: BulletWorld) -> tuple[float, float, float]:
        """Largest share of the velocity, acceleration and jerk limits, by differences of the commands."""
        joints = world.robot.joints
        positions: NDArray[np.float64] = np.array([*self.rows, *[self.rows[-1]] * 3])
        shares = []
        for limit in (joints.velocity, joints.acceleration, joints.jerk):
            positions = np.diff(positions, axis=0) * RATE
            shares.append(float((np.abs(positions) / np.array(limit)).max()))
        return shares[0], shares[1], shares[2]


def swing(api: TabletopApi) -> None:
    while True:
        api.move_to(0.65, 0.3, 0.25, speed=0.5)
        api.move_to(0.35, -0.3, 0.45, speed=0.5)


def test_whole_episodes_stay_inside_velocity_acceleration_and_jerk(world: BulletWorld, api: TabletopApi) -> None:
    recorder = Recorder(world)
    assert api.pick("red cube")
    assert api.place_on("green cube")
    assert api.pick("blue cube")
    assert api.place_on("bowl")
    assert api.push("can", -0.08, 0.05)
    assert api.move_to(0.4, -0.2, 0.3, speed=0.5)
    assert api.move_to(0.7, 0.2, 0.1)
    assert api.home()
    assert len(recorder.rows) > 3000
    worst = recorder.worst(world)
    assert max(worst) <= 1.0, worst
    assert worst[1] > 0.3, "the motions are not lazy either"
    rows = np.array(recorder.rows)
    assert np.all(rows >= world.robot.joints.lower)
    assert np.all(rows <= world.robot.joints.upper)
    assert world.violations == ()


def test_the_arm_arrives_where_it_was_sent(world: BulletWorld) -> None:
    result = world.controller.move_line((0.45, 0.1, 0.3))
    assert result.reached
    assert result.reason == ""
    assert result.contacts == ()
    assert result.position_error < 0.0005
    assert result.angle_error < 0.002
    assert 0.2 < result.duration < 3.0


def test_a_line_keeps_to_its_speed(world: BulletWorld) -> None:
    result = world.controller.move_line((0.45, 0.0, 0.3), speed=0.05)
    length = float(
        np.linalg.norm(np.array([0.45, 0.0, 0.3]) - world.controller.kinematics.forward(world.arm.home)[:3, 3])
    )
    assert result.duration >= length / 0.05


def test_joint_velocities_are_held_for_the_time_asked_for(world: BulletWorld) -> None:
    recorder = Recorder(world)
    velocity = np.array([0.2, 0.0, 0.0, 0.1, 0.0, 0.0, -0.3])
    goal = world.arm.home + velocity
    result = world.controller.move_velocity(velocity, 1.0)
    assert result.reached
    assert 1.0 <= result.duration < 1.3
    assert world.arm.positions() == pytest.approx(goal, abs=2e-3)
    fastest = np.abs(np.diff(np.array(recorder.rows), axis=0) * RATE).max(axis=0)
    assert fastest == pytest.approx(np.abs(velocity), abs=1e-6)
    with pytest.raises(TooFast, match="rad/s"):
        world.controller.move_velocity(np.full(7, 5.0), 1.0)
    with pytest.raises(OutOfReach, match="joint limits"):
        world.controller.move_velocity(velocity, 60.0)


@pytest.mark.parametrize("speed", [1e-4, 1e-9, 1e-300, 5e-324])
def test_a_motion_that_would_take_for_ever_is_refused_before_it_begins(
    world: BulletWorld, api: TabletopApi, speed: float
) -> None:
    x, y, z = world.controller.tool()[:3, 3].tolist()
    with pytest.raises(OutOfReach, match="at most 120 s are allowed"):
        api.move_to(x, y, z - 0.1, speed)
    with pytest.raises(OutOfReach, match="at most 120 s are allowed"):
        world.controller.move_velocity(np.full(7, 1e-7), 1e6)
    with pytest.raises(OutOfReach, match="at most 120 s are allowed"):
        world.controller.move_twist(np.array([0.0, 0.0, -1e-7]), np.zeros(3), 1e6)
    assert world.simulation.steps == 0


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.011, 0.023, 0.04])
def test_a_stop_from_another_thread_brings_the_arm_to_rest(world: BulletWorld, api: TabletopApi, delay: float) -> None:
    recorder = Recorder(world)
    at: list[int] = []

    def stop() -> None:
        while world.simulation.steps < 12:
            time.sleep(0.0005)
        time.sleep(delay)
        world.stop()
        at.append(world.simulation.steps)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Stopped, match="at rest"):
        swing(api)
    thread.join(10)
    # The commands end in rest; the measured joints are at rest with them.
    assert world.simulation.steps - at[0] <= STOP_STEPS
    assert np.abs(world.arm.velocities()).max() < 0.02
    assert max(recorder.worst(world)) <= 1.0
    still = world.arm.positions()
    for call in (
        lambda: api.move_to(0.5, 0.0, 0.3),
        lambda: api.pick("can"),
        api.open_gripper,
        api.close_gripper,
        api.home,
    ):
        with pytest.raises(Stopped, match="resume"):
            call()
    world.settle(0.3)
    assert world.arm.positions() == pytest.approx(still, abs=2e-3)
    world.resume()
    assert api.move_to(0.5, 0.0, 0.3)


def test_the_worst_moment_to_stop_is_soon_enough(world: BulletWorld) -> None:
    arm, begin = world.arm, world.save_state()
    goal = np.array([1.2, 0.1, 0.6, -1.5, 0.5, 2.2, -0.6])
    for after in range(10, 200, 13):
        world.restore_state(begin)
        first = world.simulation.steps
        original = arm.stop_requested

        class Stopper:
            def __call__(self) -> None:
                arm.stop_requested = True

        world.simulation.capture_every(after, None)
        world.simulation._capture = Stopper()  # at an exact step, which no thread could hit
        world.simulation.next_frame = first + after
        try:
            world.controller.move_joints(goal)
        except Stopped:
            assert world.simulation.steps - first - after <= STOP_STEPS
            assert np.abs(arm.velocities()).max() < 0.02
        else:
            pytest.fail("the motion ended before the stop")
        finally:
            world.simulation.capture_every(0, None)
            arm.stop_requested = original


def test_what_is_held_stays_held_through_a_stop(world: BulletWorld, api: TabletopApi) -> None:
    assert api.pick("red cube")
    timer = threading.Timer(0.01, world.stop)
    timer.start()
    with pytest.raises(Stopped):
        swing(api)
    world.settle(0.5)
    assert world.held() == "red cube"
    world.resume()
    assert api.place_on("zone")


def test_an_obstacle_that_does_not_give_way_ends_the_motion(world: BulletWorld, unchecked: None) -> None:
    # Straight into the table, past every check before the motion: the look at the moving arm must notice.
    controller = world.controller
    assert controller.move_line((0.4, 0.0, 0.05)).reached
    result = controller.move_line((0.4, 0.0, -0.05))
    assert not result.reached
    assert "table" in result.reason or "in the way" in result.reason
    assert any("table" in violation for violation in world.violations)
    assert controller.move_line((0.4, 0.0, 0.2)).reached


def test_a_twist_moves_and_turns_the_tool_in_the_world_frame(world: BulletWorld) -> None:
    recorder, before = Recorder(world), world.controller.tool()
    linear, angular = np.array([0.05, -0.1, -0.08]), np.array([0.1, 0.0, 0.4])
    result = world.controller.move_twist(linear, angular, 1.5)
    assert result.reached
    assert 1.5 <= result.duration < 2.0
    assert result.position_error < 1e-3
    after = world.controller.tool()
    assert after[:3, 3] == pytest.approx(before[:3, 3] + 1.5 * linear, abs=1e-4)
    turn = after[:3, :3] @ before[:3, :3].T
    angle = 1.5 * float(np.linalg.norm(angular))
    assert np.arccos((np.trace(turn) - 1.0) / 2.0) == pytest.approx(angle, abs=1e-4)
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    assert axis / (2.0 * np.sin(angle)) == pytest.approx(angular * 1.5 / angle, abs=1e-4)
    places = np.array([world.controller.kinematics.forward(np.array(row))[:3, 3] for row in recorder.rows[3::20]])
    away = np.cross(places - before[:3, 3], linear / np.linalg.norm(linear))
    assert np.linalg.norm(away, axis=1).max() < 1e-3, "the tool keeps to its line"
    assert max(recorder.worst(world)) <= 1.0


def test_a_pure_turn_keeps_the_tool_centre_point(world: BulletWorld) -> None:
    before = world.controller.tool()[:3, 3]
    assert world.controller.move_twist(np.zeros(3), np.array([0.5, 0.3, 0.0]), 1.0).reached
    assert world.controller.tool()[:3, 3] == pytest.approx(before, abs=1e-4)


def test_a_twist_that_leaves_what_is_allowed_moves_nothing(world: BulletWorld) -> None:
    controller, still, before = world.controller, np.zeros(3), world.state_hash()
    for linear, angular, seconds, refusal, words in (
        ([0.6, 0.0, 0.0], still, 1.0, TooFast, r"at most 0\.5 m/s"),
        ([np.nan, 0.0, 0.0], still, 1.0, TooFast, "m/s"),
        ([0.1, 0.0, 0.0], still, 0.0, TooFast, "positive number of seconds"),
        ([0.1, 0.0, 0.0], still, 9.0, OutOfReach, "workspace"),
        ([0.0, 0.0, -0.2], still, 9.0, KeepOut, "table"),
        (still, [0.0, 0.0, 1.0], 60.0, OutOfReach, "rad at once"),
        (still, [0.0, 0.0, 1.0], 6.0, OutOfReach, "joint limits"),
    ):
        with pytest.raises(refusal, match=words):
            controller.move_twist(np.array(linear), np.array(angular), seconds)
    assert world.state_hash() == before


def test_a_twist_goes_through_no_volume_that_is_kept_out() -> None:
    post = Volume("the post", (0.58, -0.01, 0.2), (0.6, 0.01, 0.7))
    with BulletWorld([], keep_out=[post]) as world:
        world.reset([])
        for linear in ([0.0, 0.35, -0.1], [0.28, 0.0, 0.0]):
            assert world.controller.move_twist(np.array(linear), np.zeros(3), 1.0).reached
        before = world.state_hash()
        with pytest.raises(KeepOut, match="the post"):
            world.controller.move_twist(np.array([0.0, -0.4, 0.0]), np.zeros(3), 1.8)
        assert world.state_hash() == before


@pytest.mark.parametrize("robot", ["panda", "kuka_iiwa"])
def test_no_point_of_an_arm_exceeds_a_reduced_speed(robot: str) -> None:
    """Tool, elbow and every other corner of every link, measured, in joint motions and on lines; branches keep it."""
    with BulletWorld([], robot=robot, speed_limit=0.25) as world, BulletWorld([], robot=robot) as fast:
        goal = world.arm.home.copy()
        goal[0], goal[3], goal[5] = goal[0] + 0.9, goal[3] + 0.4, goal[5] - 0.3
        swift = fast.controller.move_joints(goal)
        before: list[NDArray[np.float64]] = []
        worst = 0.0

        def look() -> None:
            nonlocal worst
            state = bullet.getLinkStates(
                world.arm.body, links, computeLinkVelocity=1, physicsClientId=world.simulation.client
            )
            worst = max(worst, *(float(np.linalg.norm(link[6])) for link in state))
            before.append(world.controller.kinematics.forward(world.arm.positions())[:3, 3])

        bullet, links = world.simulation.bullet, [link for link in world.arm.links if link >= 0]
        world.simulation.capture_every(1, look)
        slow = world.controller.move_joints(goal)
        line = world.controller.move_line(world.controller.tool()[:3, 3] + (0.0, -0.15, -0.1))
        world.simulation.capture_every(0, None)
        assert slow.reached
        assert line.reached
        assert 0.15 < worst <= 0.25, worst
        tool = np.linalg.norm(np.diff(np.array(before), axis=0), axis=1).max() * RATE
        assert 0.15 < tool <= 0.252, tool
        assert slow.duration > 1.5 * swift.duration
        assert world.violations == ()
        with pytest.raises(TooFast, match=r"at most 0\.25 m/s"):
            world.controller.move_line((0.5, 0.0, 0.4), speed=0.3)
        with world.branch() as other:
            assert other.controller.speed_limit == 0.25


def test_a_fast_link_is_a_violation(world: BulletWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.controller._watch, "_speed", 0.3)
    goal = world.arm.home.copy()
    goal[0] = 1.0
    assert world.controller.move_joints(goal).reached
    found = [violation for violation in world.violations if violation.kind == "point_speed"]
    assert "the arm's panda_hand moved faster than its limit" in found
    assert all(violation.worst > 0.3 and violation.unit == "m/s" for violation in found)


def test_a_motor_that_gives_all_it_has_is_a_violation(world: BulletWorld) -> None:
    arm, bullet, client = world.arm, world.simulation.bullet, world.simulation.client

    def hang() -> None:  # 40 kg at the hand
        place = bullet.getLinkState(arm.body, arm.tool_link, physicsClientId=client)[0]
        bullet.applyExternalForce(arm.body, arm.tool_link, (0.0, 0.0, -400.0), place, bullet.WORLD_FRAME, client)

    world.simulation.capture_every(1, hang)
    result = world.controller.move_line((0.5, 0.0, 0.6), speed=0.1)
    world.simulation.capture_every(0, None)
    assert not result.reached
    (strained, *_) = [violation for violation in world.violations if violation.kind == "joint_torque"]
    assert strained.unit == "N m"
    assert strained.worst >= 0.99 * min(world.robot.joints.effort)


def test_a_joint_beyond_its_limit_is_a_violation(world: BulletWorld) -> None:
    limit = world.robot.joints.upper[6]
    world.simulation.bullet.resetJointState(
        world.arm.body, world.arm.joints[6], limit + 0.02, 0.0, physicsClientId=world.simulation.client
    )
    world.controller.look()
    (beyond,) = [violation for violation in world.violations if violation.kind == "joint_limit"]
    assert beyond == "panda_joint7 went beyond its limit"
    assert beyond.worst == pytest.approx(0.02, abs=1e-6)


def test_fingers_that_press_on_a_body_too_hard_stop_the_motion() -> None:
    anvil = BodySpec("anvil", "box", (0.2, 0.2, 0.1), 500.0, "gray")
    with BulletWorld([anvil]) as world:
        world.reset([Placement("anvil", "anvil", (0.5, 0.0, 0.05))])
        assert world.controller.move_line((0.5, 0.0, 0.15)).reached
        result = world.controller.move_line((0.5, 0.0, 0.08))
        assert not result.reached
        (pressed,) = [violation for violation in world.violations if violation.kind == "force"]
        assert pressed == "the fingers pressed on 'anvil' with more than 280 N"
        assert pressed.worst > 280.0


def test_no_joint_gets_faster_than_the_fastest_may_when_what_held_it_gives_way(world: BulletWorld) -> None:
    arm, simulation = world.arm, world.simulation
    away = arm.home[5] - 0.3
    simulation.bullet.resetJointState(arm.body, arm.joints[5], away, 0.0, physicsClientId=simulation.client)
    fastest = 0.0
    for _ in range(24):
        simulation.run(1)
        fastest = max(fastest, float(np.abs(arm.velocities()).max()))
    assert 1.0 < fastest <= max(arm.robot.joints.velocity) + 1e-9
