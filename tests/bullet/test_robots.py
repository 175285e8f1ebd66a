"""Every robot does its work, stops, and goes the same way in every process."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time

import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, Stopped, TooFast
from codeact_envs.bullet.robots.description import Volume

CUBE = BodySpec("a", "box", (0.05, 0.05, 0.05), 0.05, "red")
ZONE = BodySpec("zone", "zone", (0.3, 0.3, 0.002), color="cyan")
CRATE = BodySpec("crate", "box", (0.4, 0.4, 0.4), 3.0, "orange")


@pytest.mark.parametrize("robot", ["kuka_iiwa", "xarm6"])
def test_other_arms_pick_and_place(robot: str) -> None:
    with BulletWorld([CUBE, ZONE], robot=robot) as world:
        world.reset([Placement("a", "cube", (0.45, 0.15, 0.025), 0.3), Placement("zone", "zone", (0.4, -0.2, 0.0))])
        api = TabletopApi(world)
        assert api.pick("cube")
        assert api.place_on("zone")
        assert world.violations == ()


def test_each_of_two_arms_has_its_own_reach_and_gripper() -> None:
    with BulletWorld([CUBE], robot="two_pandas") as world:
        world.reset([Placement("a", "cube", (0.5, 0.3, 0.025))])
        left, right = TabletopApi(world, "left"), TabletopApi(world, "right")
        with pytest.raises(OutOfReach, match="frame of the robot's base"):
            right.pick("cube")
        assert left.pick("cube")
        assert (left.held(), right.held()) == ("cube", None)
        assert world.violations == ()


FETCH = """
from codeact_envs.bullet import BulletWorld, TabletopApi, Placement
from test_robots import CUBE, ZONE
import math
world = BulletWorld([CUBE, ZONE], robot="husky_panda")
world.reset([Placement("a", "cube", (1.5, 0.0, 0.025)), Placement("zone", "zone", (-1.0, 0.3, 0.0))], (0.2, 0.1, 0.3))
arm = TabletopApi(world)
assert world.base_controller.drive_to(0.7, 0.0, 0.0).reached
assert arm.pick("cube") and arm.home()
print(world.state_hash())
"""


@pytest.mark.slow
def test_a_husky_with_an_arm_fetches_the_same_way_in_two_processes() -> None:
    here = __file__.rsplit("/", 1)[0]
    hashes = [
        subprocess.run(
            [sys.executable, "-c", FETCH], cwd=here, capture_output=True, text=True, timeout=120, check=True
        ).stdout
        for _ in range(2)
    ]
    assert hashes[0] == hashes[1]


def test_a_husky_drives_refuses_pushes_and_stops() -> None:
    with BulletWorld([CRATE], robot="husky") as world:
        world.reset([Placement("crate", "crate", (1.6, 0.0, 0.2))])
        base = world.base_controller
        assert base is not None
        before = world.state_hash()
        with pytest.raises(InCollision, match="'crate'"):
            base.drive_to(3.0, 0.0)
        with pytest.raises(TooFast, match="at most 1 m/s"):
            base.drive_to(1.0, 1.0, speed=2.0)
        with pytest.raises(OutOfReach, match="-10 to 10"):
            base.drive_to(11.0, 0.0)
        assert world.state_hash() == before
        result = base.drive_to(0.0, -1.0, math.pi / 2)
        assert result.reached, result
        assert result.position_error <= 0.05
        assert result.angle_error <= 0.03
        state = world.save_state()
        after = [base.drive_to(0.3, 0.0), world.state_hash()]
        world.restore_state(state)
        assert [base.drive_to(0.3, 0.0), world.state_hash()] == after
        world.reset([Placement("crate", "crate", (1.2, 0.0, 0.2))])
        assert base.drive_straight(0.8).contacts == ("crate",)
        assert world.pose("crate").position[0] > 1.4
        assert world.violations == ()
        world.stop()
        with pytest.raises(Stopped):
            base.drive_to(0.0, 0.0)


def test_a_stop_brings_a_driving_base_to_rest() -> None:
    with BulletWorld([], robot="husky") as world:
        base, driver = world.base, world.base_controller
        assert base is not None
        assert driver is not None
        world.simulation.capture_every(480, lambda: world.stop() if world.simulation.steps else None)
        with pytest.raises(Stopped, match="at rest"):
            driver.drive_to(5.0, 0.0, speed=1.0)
        stopped_after = (world.simulation.steps - 480) / 240
        assert stopped_after <= base.robot.motion.stop_time
        assert abs(base.velocity()[0]) < 0.05
        world.simulation.capture_every(0, None)
        assert driver.last is not None
        assert (driver.last.reached, driver.last.reason) == (False, "the robot was stopped on its way")
        assert driver.last.position_error > 1.0


def test_a_base_keeps_out_of_a_volume_and_says_where_it_may_be() -> None:
    crossing = Volume("the crossing", (2.0, -0.5, 0.0), (3.0, 0.5, 2.0))
    volumes = [crossing, Volume("a lamp", (0.5, -1.0, 1.5), (9.0, 1.0, 2.0))]
    with BulletWorld([], robot="husky", keep_out=volumes) as world:
        driver = world.base_controller
        assert driver is not None
        before = world.state_hash()
        with pytest.raises(KeepOut, match=r"the crossing.*nearest place that is allowed") as refused:
            driver.drive_to(2.2, 0.0)
        with pytest.raises(KeepOut, match="on its straight way"):
            driver.drive_to(4.5, 0.0)
        with pytest.raises(KeepOut, match="the crossing"):
            driver.drive_straight(1.7)
        assert world.state_hash() == before
        x, y = (float(value) for value in str(refused.value).rsplit("(", 1)[1].rstrip(")").split(","))
        assert driver.drive_to(x, y).reached
        assert driver.drive_to(0.0, 0.0).reached  # under the lamp all the way
        with pytest.raises(OutOfReach, match=r"is \(9\.999, 2\.000\)"):
            driver.drive_to(40.0, 2.0)


@pytest.mark.parametrize("robot", ["husky", "crazyflie"])
@pytest.mark.parametrize("emergency", [False, True])
def test_a_stop_from_another_thread_ends_within_its_time(robot: str, emergency: bool) -> None:
    with BulletWorld([], robot=robot) as world:
        part = world.base or world.drone
        assert part is not None
        at: list[int] = []
        if world.drone_controller is not None:
            assert world.drone_controller.take_off(1.0).reached
        begin = world.simulation.steps

        def press() -> None:
            while world.simulation.steps < begin + 240:
                time.sleep(0.0005)
            (world.emergency_stop if emergency else world.stop)()
            at.append(world.simulation.steps)

        thread = threading.Thread(target=press)
        thread.start()
        pilot, driver = world.drone_controller, world.base_controller
        with pytest.raises(Stopped):
            pilot.fly_to(4.5, 0.0, 1.0, speed=1.5) if pilot else driver.drive_to(9.0, 0.0, speed=1.0)  # type: ignore[union-attr]
        thread.join(10)
        assert (world.simulation.steps - at[0]) / RATE <= part.robot.motion.stop_time
        speed = part.velocity()[0] if world.base else math.dist(part.velocity(), (0.0, 0.0, 0.0))
        assert abs(speed) < 0.05
        if emergency:
            with pytest.raises(Stopped, match="end_emergency"):
                world.resume()
