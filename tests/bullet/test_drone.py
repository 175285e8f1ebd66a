"""The quadcopter hovers, flies to places in order, refuses, stops in the air, the same way in every process."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator

import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, Stopped, TooFast
from codeact_envs.bullet.robots.description import Volume
from codeact_envs.bullet.vehicles.drone import DroneController
from codeact_envs.bullet.vehicles.simulated_drone import SimulatedDrone

PILLAR = BodySpec("pillar", "box", (0.3, 0.3, 2.0), 50.0, "orange")
BEHIND = Placement("pillar", "pillar", (1.5, 0.0, 1.0))


@pytest.fixture(scope="module")
def air() -> Iterator[BulletWorld]:
    with BulletWorld([PILLAR], robot="crazyflie") as world:
        yield world


@pytest.fixture
def drone(air: BulletWorld) -> SimulatedDrone:
    air.reset([BEHIND])
    assert air.drone is not None
    return air.drone


@pytest.fixture
def pilot(air: BulletWorld, drone: SimulatedDrone) -> DroneController:
    assert air.drone_controller is not None
    return air.drone_controller


def test_it_hovers_within_five_centimetres_for_two_seconds(
    air: BulletWorld, drone: SimulatedDrone, pilot: DroneController
) -> None:
    assert pilot.take_off(1.0).reached
    worst = 0.0
    for _ in range(480):
        air.simulation.run(1)
        worst = max(worst, math.dist(drone.place(), (0.0, 0.0, 1.0)))
    assert worst < 0.05


def test_it_finds_back_after_a_gust(air: BulletWorld, drone: SimulatedDrone, pilot: DroneController) -> None:
    pilot.take_off(1.0)
    air.simulation.bullet.resetBaseVelocity(
        drone.body, (1.0, -0.5, 0.3), (2.0, 1.0, 0.5), physicsClientId=air.simulation.client
    )
    assert pilot.hover(0.1).position_error > 0.05
    assert pilot.hover(4.0).reached


def test_it_flies_to_three_places_in_order_and_lands(
    air: BulletWorld, drone: SimulatedDrone, pilot: DroneController
) -> None:
    seen: list[tuple[float, float, float]] = []
    fastest = 0.0

    def look() -> None:
        nonlocal fastest
        seen.append(drone.place())
        fastest = max(fastest, math.dist(drone.velocity(), (0.0, 0.0, 0.0)))

    places = [(0.0, 1.0, 1.2), (-1.0, 1.0, 0.5), (-1.0, -1.0, 1.5)]
    pilot.take_off(0.8)
    air.simulation.capture_every(4, look)
    for place in places:
        result = pilot.fly_to(*place, yaw=1.0, speed=0.8)
        assert result.reached, result
        assert result.angle_error < 0.05
    air.simulation.capture_every(0, None)
    first = [next(i for i, at in enumerate(seen) if math.dist(at, place) < 0.05) for place in places]
    assert first == sorted(first)
    assert 0.6 < fastest < 0.9
    assert pilot.land().reached
    assert not drone.flying
    assert math.dist(drone.place(), (-1.0, -1.0, 0.0125)) < 0.05
    assert air.violations == ()


def test_what_it_refuses_moves_nothing(air: BulletWorld, drone: SimulatedDrone, pilot: DroneController) -> None:
    with pytest.raises(OutOfReach, match="take off first"):
        pilot.fly_to(1.0, 0.0, 1.0)
    pilot.take_off(1.0)
    before = air.state_hash()
    with pytest.raises(OutOfReach, match=r"z from 0\.1 to 3"):
        pilot.fly_to(0.0, 0.0, 4.0)
    with pytest.raises(TooFast, match=r"at most 1\.5 m/s"):
        pilot.fly_to(0.0, 1.0, 1.0, speed=3.0)
    with pytest.raises(InCollision, match="'pillar'"):
        pilot.fly_to(3.0, 0.0, 1.0)
    assert air.state_hash() == before
    assert pilot.take_off(2.4).reached
    assert pilot.fly_to(3.0, 0.0, 2.4, speed=1.0).reached


def test_a_stop_makes_it_hover_in_place(air: BulletWorld, drone: SimulatedDrone, pilot: DroneController) -> None:
    pilot.take_off(1.0)
    begin = air.simulation.steps
    air.simulation.capture_every(240, lambda: air.stop() if air.simulation.steps > begin else None)
    with pytest.raises(Stopped, match="hovers in place"):
        pilot.fly_to(-4.0, 0.0, 1.0, speed=1.5)
    air.simulation.capture_every(0, None)
    assert pilot.last is not None
    assert (pilot.last.reached, pilot.last.reason) == (False, "the robot was stopped on its way")
    taken = (air.simulation.steps - begin - 240) / 240
    assert taken <= drone.robot.motion.stop_time
    there = drone.place()
    assert -3.9 < there[0] < -0.1
    with pytest.raises(Stopped):
        pilot.land()
    air.settle(1.0)
    assert drone.flying
    assert math.dist(drone.place(), there) < 0.05
    air.resume()
    assert pilot.land().reached


def test_a_restored_or_branched_flight_goes_on_the_same_way(
    air: BulletWorld, drone: SimulatedDrone, pilot: DroneController
) -> None:
    pilot.take_off(1.0)
    state = air.save_state()
    pilot.fly_to(0.0, 1.0, 1.0, speed=1.5)
    after = air.state_hash()
    air.restore_state(state)
    with air.branch() as other:
        assert other.drone_controller is not None
        other.drone_controller.fly_to(0.0, 1.0, 1.0, speed=1.5)
        assert other.state_hash() == after
    pilot.fly_to(0.0, 1.0, 1.0, speed=1.5)
    assert air.state_hash() == after


FLIGHT = """
from codeact_envs.bullet import BulletWorld
from test_drone import BEHIND, PILLAR
world = BulletWorld([PILLAR], robot="crazyflie")
world.reset([BEHIND], (0.2, -0.3, 0.5))
pilot = world.drone_controller
assert pilot.take_off(0.7).reached and pilot.fly_to(-1.0, 1.0, 1.3, -1.0, 1.2).reached and pilot.land().reached
print(world.state_hash())
"""


def test_two_processes_end_in_the_same_state() -> None:
    here = __file__.rsplit("/", 1)[0]
    hashes = [
        subprocess.run(
            [sys.executable, "-c", FLIGHT], cwd=here, capture_output=True, text=True, timeout=120, check=True
        ).stdout
        for _ in range(2)
    ]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 65


def test_it_keeps_out_of_a_volume_and_says_where_it_may_be() -> None:
    with BulletWorld([], robot="crazyflie", keep_out=[Volume("the desk", (1.0, -0.5, 0.0), (2.0, 0.5, 1.0))]) as world:
        pilot = world.drone_controller
        assert pilot is not None
        pilot.take_off(0.8)
        before = world.state_hash()
        with pytest.raises(KeepOut, match="nearest place that is allowed") as refused:
            pilot.fly_to(1.5, 0.0, 0.9)
        with pytest.raises(KeepOut, match="on the way"):
            pilot.fly_to(3.0, 0.0, 0.8)
        assert world.state_hash() == before
        x, y, z = (float(value) for value in str(refused.value).rsplit("(", 1)[1].rstrip(")").split(","))
        assert pilot.fly_to(0.0, 0.0, z).reached
        assert pilot.fly_to(x, y, z).reached
        with pytest.raises(OutOfReach, match=r"is \(0\.000, 0\.000, 2\.999\)"):
            pilot.fly_to(0.0, 0.0, 7.0)
