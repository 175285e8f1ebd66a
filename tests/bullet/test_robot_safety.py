"""The robot's own safety: emergency stops that only the host ends, volumes kept out, violations with figures."""

from __future__ import annotations

import contextlib
import copy
import math
import os
import pickle
import signal
import threading
import time

import msgspec
import numpy as np
import pytest

from codeact.episode.schema import BrokenRule, line_of
from codeact.events import Stepped
from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.errors import KeepOut, OutOfReach, RobotRefused, Stopped
from codeact_envs.bullet.motion.nearest import nearest, out_of, within
from codeact_envs.bullet.robots.description import Volume
from codeact_envs.bullet.safety import Violation, Violations
from codeact_envs.code_env import CodeEnv


def test_violations_are_counted_with_their_worst_value_and_first_time() -> None:
    found = Violations()
    found.add("pressed", "force", 0.5, 30.0, "N")
    found.add("pressed", "force", 0.7, 45.0, "N")
    found.add("pressed", "force", 0.9, 26.0, "N")
    (violation,) = found
    assert (violation, violation.kind, violation.times) == ("pressed", "force", 3)
    assert (violation.worst, violation.unit, violation.first_s) == (45.0, "N", 0.5)
    for other in (pickle.loads(pickle.dumps(violation)), copy.deepcopy(violation)):
        assert isinstance(other, Violation)
        assert (other, other.times, other.worst) == (violation, 3, 45.0)
    assert msgspec.json.encode(list(map(str, found))) == b'["pressed"]'


def test_a_press_on_the_table_is_a_violation_with_newtons(world: BulletWorld, unchecked: None) -> None:
    controller = world.controller
    assert controller.move_line((0.4, 0.0, 0.05)).reached
    begin = world.time_s
    assert not controller.move_line((0.4, 0.0, -0.05)).reached
    pressed = next(violation for violation in world.violations if violation.kind == "force")
    assert pressed.times >= 1
    assert pressed.worst > 25.0
    assert pressed.unit == "N"
    assert begin < pressed.first_s <= world.time_s
    state = world.save_state()
    world.reset(())
    assert world.violations == ()
    world.restore_state(state)
    assert pressed in world.violations


def test_only_the_host_ends_an_emergency_stop(world: BulletWorld, api: TabletopApi) -> None:
    state = world.save_state()
    world.emergency_stop()
    world.restore_state(state)
    assert world.stopped
    with pytest.raises(Stopped, match="end_emergency"):
        world.resume()
    for call in (api.home, api.open_gripper, api.close_gripper, lambda: api.move_to(0.5, 0.0, 0.3)):
        with pytest.raises(Stopped):
            call()
    world.end_emergency()
    assert api.move_to(0.5, 0.0, 0.3)


def test_no_program_moves_or_resumes_the_robot_after_an_emergency_stop() -> None:
    with CodeEnv("reach") as env:
        env.reset(seed=0)
        env.emergency_stop()
        before = env._make_world().snapshot().tool
        for program in ("home()", "resume()", "end_emergency()", "move_to(0.5, 0.0, 0.3)"):
            info = env.step(program)[-1]
            assert info["execution"].error.type in ("Stopped", "NameError")
        assert env.rehearse("home()").execution.error.type == "Stopped"
        assert env._make_world().snapshot().tool == pytest.approx(before, abs=1e-3)
        env.end_emergency()
        assert env.step("home()")[-1]["execution"].ok


@pytest.mark.parametrize("robot", ["panda", "kuka_iiwa", "xarm6"])
def test_every_arm_rests_a_tenth_of_a_second_after_an_emergency_stop(robot: str) -> None:
    random = np.random.default_rng(5)
    with BulletWorld([], robot=robot) as world:
        controller, arm, simulation = world.controller, world.arm, world.simulation
        for _ in range(8):
            world.reset(())
            goal = arm.home + random.uniform(-0.5, 0.5, len(arm.home))
            goal = np.clip(goal, controller.kinematics.lower, controller.kinematics.upper)
            after = int(random.integers(8, 60))
            simulation._capture, simulation._frame_interval = world.emergency_stop, 1 << 40
            simulation.next_frame = simulation.steps + after  # at an exact step, which no thread could hit
            try:
                with pytest.raises(Stopped):
                    controller.move_joints(goal)
            finally:
                simulation.capture_every(0, None)
            assert simulation.steps - after <= round(0.1 * RATE)
            assert np.abs(arm.velocities()).max() < 0.02


def test_a_link_that_comes_into_a_volume_ends_the_motion_and_counts(unchecked: None) -> None:
    forearm = Volume("the shelf", (0.0, 0.15, 0.35), (0.35, 0.6, 0.9))  # the tool stays below and beside it
    with BulletWorld([], keep_out=[forearm]) as world:
        goal = world.arm.home.copy()
        goal[0] = 1.2
        result = world.controller.move_joints(goal)
        assert not result.reached
        assert "the shelf" in result.reason
        (violation, *_) = world.violations
        assert violation.kind == "keep_out"
        assert violation.first_s > 0.0


def test_what_is_held_may_not_swing_into_a_volume(unchecked: None) -> None:
    rod = BodySpec("rod", "box", (0.03, 0.04, 0.12), 0.05, "red")
    low = Volume("the tray", (0.3, 0.20, 0.0), (0.7, 0.6, 0.16))
    with BulletWorld([rod], keep_out=[low]) as world:
        world.reset([Placement("rod", "rod", (0.5, -0.1, 0.06))])
        api = TabletopApi(world)
        assert api.pick("rod")
        x, _, z = api.position("rod")
        assert world.violations == ()
        # The tool and the hand pass above, what hangs from it would not.
        result = world.controller.move_line((x, 0.3, max(0.2, z + 0.05)))
        assert not result.reached
        assert any(violation.kind == "keep_out" for violation in world.violations)


@pytest.mark.parametrize("speed", [math.nan, math.inf, -math.inf, 0.0, -0.1, 1e300, 0.51])
def test_no_speed_but_an_allowed_one_moves_anything(world: BulletWorld, api: TabletopApi, speed: float) -> None:
    before = world.state_hash()
    with pytest.raises(RobotRefused, match=r"0\.5 m/s"):
        api.move_to(0.5, 0.0, 0.3, speed=speed)
    assert world.state_hash() == before


def test_joints_outside_their_limits_are_refused_before_anything_moves(world: BulletWorld) -> None:
    before = world.state_hash()
    for joint, value in ((1, 3.0), (3, math.nan), (5, math.inf)):
        goal = world.arm.home.copy()
        goal[joint] = value
        with pytest.raises(OutOfReach):
            world.controller.move_joints(goal)
    assert world.state_hash() == before


def test_the_places_of_random_calls_are_reached_or_refused(world: BulletWorld, api: TabletopApi) -> None:
    random = np.random.default_rng(11)
    odd = (math.nan, math.inf, -math.inf, 1e300, -1e-300, 0.0)
    rows = [world.arm.home.tolist()] * 3
    world.arm.recorder = lambda played: rows.extend(row[:7] for row in played)
    for _ in range(40):
        x, y, z = random.uniform((0.1, -0.7, -0.1), (0.9, 0.7, 0.8))
        if random.random() < 0.3:
            x = odd[int(random.integers(len(odd)))]
        call = (api.move_to, api.place_at, lambda a, b, c: api.push("can", a - 0.6, b - 0.25))[int(random.integers(3))]
        with contextlib.suppress(RobotRefused):
            call(float(x), float(y), float(z))
    positions = np.array([*rows, *[rows[-1]] * 3])
    assert np.isfinite(positions).all()
    joints = world.robot.joints
    assert np.all(positions >= np.array(joints.lower))
    assert np.all(positions <= np.array(joints.upper))
    for limit in (joints.velocity, joints.acceleration, joints.jerk):
        positions = np.diff(positions, axis=0) * RATE
        assert float((np.abs(positions) / np.array(limit)).max()) <= 1.0


def test_an_emergency_stop_from_another_thread_halts_a_program() -> None:
    with CodeEnv("reach") as env:
        env.reset(seed=0)
        world = env._make_world().bullet  # type: ignore[attr-defined]

        def press() -> None:
            while world.simulation.steps < 24:
                time.sleep(0.0005)
            env.emergency_stop()

        thread = threading.Thread(target=press)
        thread.start()
        info = env.step("while True:\n    move_to(0.6, 0.3, 0.3)\n    move_to(0.4, -0.3, 0.3)")[-1]
        thread.join(10)
        assert not info["execution"].ok
        assert world.emergency
        assert np.abs(world.arm.velocities()).max() < 0.02


def test_a_worker_killed_while_the_arm_moves_brakes_it_at_once() -> None:
    with CodeEnv("reach") as env:
        env.reset(seed=0)
        assert env.step("move_to(0.4, -0.3, 0.5)")[-1]["execution"].ok
        bullet = env._make_world().bullet  # type: ignore[attr-defined]
        killed: list[tuple[int, float]] = []

        def kill() -> None:
            if not killed and bullet.simulation.steps > begin + 120:
                os.kill(env._make_sandbox()._held[0].pid, signal.SIGKILL)
                while not bullet.stopped:  # the motion goes on meanwhile, but this way no step is missed
                    time.sleep(0.001)
                killed.append((bullet.simulation.steps, time.monotonic()))

        begin = bullet.simulation.steps
        bullet.simulation.capture_every(1, kill)
        started = time.monotonic()
        info = env.step("while True:\n    move_to(0.4, 0.3, 0.5, speed=0.05)\n    move_to(0.4, -0.3, 0.5, speed=0.05)")[
            -1
        ]
        assert killed
        assert time.monotonic() - killed[0][1] < 5.0
        assert killed[0][1] - started < 30.0
        assert info["execution"].error.type == "WorkerLost"
        assert "at rest at" in info["execution"].error.message
        moved = round((info["simulated_seconds"] - 0.5) * RATE) - killed[0][0]
        assert moved <= round(0.1 * RATE)
        assert np.abs(bullet.arm.velocities()).max() < 0.02


def test_a_keep_out_says_where_it_is(api: TabletopApi) -> None:
    with pytest.raises((KeepOut, OutOfReach), match="z must be at least"):
        api.move_to(0.5, 0.0, 0.0)


def test_a_trace_keeps_the_figures_of_a_violation() -> None:
    pressed = Violation("pressed", "force", 3, 45.0, "N", 0.5)
    stepped = Stepped(1, "", 0.0, True, False, 0.0, False, (pressed, "fell"), None)
    line = line_of(stepped, 1.0)
    assert line.violations == ["pressed", "fell"]  # type: ignore[attr-defined]
    assert line.broken_rules == [BrokenRule("pressed", "force", 3, 45.0, "N", 0.5)]  # type: ignore[attr-defined]


def test_who_sees_by_cameras_reads_no_true_names() -> None:
    """Neither in a refusal nor in a violation, which keeps its figures."""
    with CodeEnv("stack2", perception="camera") as env:
        env.reset(seed=0)
        world = env._make_world()
        bullet = world.bullet  # type: ignore[attr-defined]
        name = bullet.names()[0]
        assert bullet.call(bullet.body(name)) == "something"
        found = Violation(f"the arm ran into {name!r}", "collision", 2, 9.0, "N", 1.5)
        (told,) = env.task.breaches(env._episode(), None, world.snapshot(), (found,))
        assert (told, told.worst, told.first_s) == ("the arm ran into something", 9.0, 1.5)  # type: ignore[attr-defined]
        with env.branch() as other:
            assert not other._make_world().bullet.tells_names  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "place",
    [(0.9, 0.0, 0.3), (0.5, 0.0, -0.2), (0.1, 0.05, 0.3), (0.75, 0.55, 0.68), (0.3, -0.9, 1.5), (0.42, 0.1, 0.1)],
)
def test_the_place_that_a_refusal_names_is_accepted(place: tuple[float, float, float]) -> None:
    kept = Volume("the scale", (0.35, 0.0, 0.0), (0.5, 0.25, 0.2))
    with BulletWorld([], keep_out=[kept]) as world:
        api, before = TabletopApi(world), world.state_hash()
        with pytest.raises((KeepOut, OutOfReach), match="the nearest place that") as refused:
            api.move_to(*place)
        assert world.state_hash() == before
        x, y, z = (float(value) for value in str(refused.value).rsplit("(", 1)[1].rstrip(")").split(","))
        assert api.move_to(x, y, z)
        assert world.violations == ()


def test_places_on_a_robot_that_drives_are_named_in_the_world() -> None:
    with BulletWorld([], robot="husky_panda") as world:
        assert world.base_controller is not None
        assert world.base_controller.drive_to(1.0, 1.0, 1.0).reached
        world.stand_arms()
        found = world.controller.places.nearest(3.0, 3.0, 0.5)
        assert found is not None
        assert world.controller.places.allows(found)
        assert math.dist(found[:2], (1.0, 1.0)) < 1.3


def test_a_line_that_cannot_be_followed_says_how_far_it_can(world: BulletWorld) -> None:
    with pytest.raises(OutOfReach, match="as far as") as refused:
        world.controller.move_line((0.4, 0.0, 1.4))
    x, y, z = (float(value) for value in str(refused.value).rsplit("(", 1)[1].rstrip(")").split(","))
    assert z > 0.5
    assert world.controller.move_line((x, y, z)).reached


def test_the_nearest_place_is_the_nearest() -> None:
    space, post = Volume("room", (0.0, 0.0, 0.0), (4.0, 4.0, 2.0)), Volume("post", (1.0, 1.0, 0.0), (2.0, 2.0, 2.0))
    rules = [within(space), out_of(post)]
    assert nearest((1.9, 1.5, 1.0), rules) == (2.001, 1.5, 1.0)
    assert nearest((-3.0, 5.0, 1.0), rules) == (0.001, 3.999, 1.0)
    assert nearest((1.5, 1.2, 1.0), rules) == (1.5, 0.999, 1.0)
    beside = Volume("wall", (2.0, 1.0, 0.0), (2.4, 2.0, 2.0))
    found = nearest((1.9, 1.5, 1.0), [*rules, out_of(beside)])
    assert found is not None
    assert not post.contains(*found)
    assert not beside.contains(*found)
    assert nearest((math.nan, 0.0, 0.0), rules) is None
