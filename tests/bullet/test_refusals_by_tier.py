"""A refusal tells no more of a body than perception shows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import InCollision
from codeact_envs.bullet.perception.view import perceive
from codeact_envs.code_env import CodeEnv

SPECS = (BodySpec("drawer", "drawer", SHAPES["drawer"].size), BodySpec("crate", "box", (0.5, 0.5, 0.5), 8.0))
DRAWER = Placement("drawer", "oak drawer", (0.6, 0.25, SHAPES["drawer"].size[2] / 2.0), 0.0, joint=0.05)
NUMBER = re.compile(r"-?\d+\.\d+")


@pytest.fixture(scope="module")
def table() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS[:1]) as world:
        world.reset([DRAWER])
        yield world


def refusal(world: BulletWorld, tells_names: bool, tells_places: float) -> str:
    world.tells_names, world.tells_places = tells_names, tells_places
    with pytest.raises(InCollision) as refused:
        world.controller.move_line((0.6, 0.25, 0.1))
    return str(refused.value)


def test_who_knows_the_truth_is_told_it(table: BulletWorld) -> None:
    said = refusal(table, True, 0.0)
    assert "touch 'oak drawer' at (" in said
    assert "the way is free as far as the tool at (" in said


def test_in_noise_places_are_told_to_a_centimetre(table: BulletWorld) -> None:
    said = refusal(table, True, 0.01)
    place, free = re.findall(r"\(([^)]*)\)", said)
    for number in map(float, place.split(",")):
        assert number * 100 == pytest.approx(round(number * 100), abs=1e-6)
    begin = table.controller.tool()[:3, 3]
    at = np.array([float(number) for number in free.split(",")])
    length = float(np.linalg.norm(at - begin))
    assert length > 0.1
    assert length % 0.01 == pytest.approx(0.0, abs=0.0025) or length % 0.01 == pytest.approx(0.01, abs=0.0025)
    assert table.controller.move_line(at).reached
    table.reset([DRAWER])


def test_by_cameras_no_place_and_no_name_is_told(table: BulletWorld) -> None:
    said = refusal(table, False, math.inf)
    assert "would touch something; a part of this way is free" in said
    assert NUMBER.search(said) is None


def test_the_table_is_no_secret(table: BulletWorld) -> None:
    table.tells_places = math.inf
    with pytest.raises(InCollision, match=r"touch the table at \(0\.\d+, .*free as far as"):
        table.controller.move_line((0.45, -0.2, -0.05))


def test_a_base_is_told_no_place_either() -> None:
    with BulletWorld(SPECS[1:], robot="husky") as world:
        world.reset([Placement("crate", "crate", (1.6, 0.0, 0.25))])
        world.tells_names, world.tells_places = False, math.inf
        assert world.base_controller is not None
        with pytest.raises(InCollision, match="the base would hit something on its straight way there"):
            world.base_controller.drive_to(3.0, 0.0)


def test_how_far_a_drawer_is_open_is_seen_with_noise(table: BulletWorld) -> None:
    noisy, true = perceive("noisy", table), table.joint("oak drawer").fraction
    noisy.reset()
    seen = []
    for _ in range(12):
        table.settle(0.1)
        seen.append(noisy.opened("oak drawer"))
        assert seen[-1] == noisy.opened("oak drawer")
    assert len(set(seen)) > 6
    assert all(abs(share - true) < 0.1 for share in seen)
    assert noisy.joint("oak drawer").fraction == pytest.approx(true, abs=0.01)
    assert perceive("privileged", table).opened("oak drawer") == pytest.approx(true, abs=0.01)


@pytest.mark.parametrize(("tier", "told"), [("privileged", 0.0), ("noisy", 0.01), ("camera", math.inf)])
def test_each_tier_tells_as_much_as_it_shows(tier: str, told: float) -> None:
    with CodeEnv("reach", perception=tier) as env:  # type: ignore[arg-type]
        env.reset(seed=0)
        assert env._make_world().bullet.tells_places == told  # type: ignore[attr-defined]
