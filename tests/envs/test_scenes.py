"""Scene files: one language with tasks' scenes, drawn from seeds, and refused with the key that is wrong."""

from __future__ import annotations

import copy
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.bullet.robots import load_robot
from codeact_envs.scenes import load_scene
from codeact_envs.scenes.random_numbers import RandomNumbers

SCENE: dict[str, Any] = {
    "robot": "panda",
    "region": {"x": [0.35, 0.7], "y": [-0.45, 0.45]},
    "clearance": 0.02,
    "kinds": {
        "block": {"noun": "block", "shape": "box", "size": [0.04, 0.04, 0.04], "mass": 0.05},
        "cabinet": {"shape": "drawer"},
        "cup": {"shape": "cup"},
        "ball": {"shape": "ball"},
    },
    "roles": {
        "cabinet": {
            "kind": "cabinet",
            "color": "white",
            "yaw": [-0.2, 0.2],
            "joint": [0.3, 0.8],
            "region": {"x": [0.6, 0.6], "y": [-0.1, 0.1]},
        },
        "blocks": {"kind": "block", "count": [1, 3]},
        "cup": {"kind": "cup", "color": "cyan"},
        "balls": {"kind": "ball", "count": 4, "color": "red", "inside": "cup"},
        "hidden": {"kind": "block", "color": "black", "inside": "cabinet"},
    },
    "keep_out": [{"name": "the shelf", "lower": [0.2, 0.5, 0.0], "upper": [0.8, 0.6, 0.5]}],
}


def test_a_seed_gives_the_same_numbers_whatever_numpy_makes_of_its_bits() -> None:
    numbers = RandomNumbers(np.random.default_rng(7))
    assert numbers.order(6) == [5, 2, 0, 4, 1, 3]
    assert numbers.below(10) == 7
    assert (numbers.uniform(), numbers.uniform(-1.0, 3.0)) == (0.22520718999059186, 0.20066513964490174)
    assert [numbers.below(3) for _ in range(60)][-5:] == [0, 0, 0, 2, 2]
    assert (numbers.order(0), numbers.below(1)) == ([], 0)
    counts = Counter(numbers.below(5) for _ in range(5000))
    assert sorted(counts) == [0, 1, 2, 3, 4]
    assert min(counts.values()) > 850


def test_a_seed_gives_the_same_scene_in_every_process(tmp_path: Path) -> None:
    path = tmp_path / "kitchen.yaml"
    path.write_text(yaml.safe_dump(SCENE, sort_keys=False))
    code = f"from codeact_envs.scenes import load_scene; print(load_scene({str(path)!r}).draw(7).layout)"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    here = load_scene(path).draw(7).layout
    assert there.stdout.strip() == str(here)
    assert here == load_scene(SCENE).draw(7).layout
    assert here != load_scene(SCENE).draw(8).layout


def test_what_is_drawn_keeps_to_what_is_said() -> None:
    scene = load_scene(SCENE)
    counts = set()
    for seed in range(40):
        drawn = scene.draw(seed)
        bodies = {body.name: body for body in drawn.bodies}
        counts.add(len(drawn.roles["blocks"]))
        cabinet = bodies["white drawer"]
        assert cabinet.position[0] == 0.6
        assert abs(cabinet.position[1]) <= 0.1
        assert abs(cabinet.yaw) <= 0.2
        assert 0.3 <= cabinet.joint <= 0.8
        assert drawn.roles["balls"] == tuple(f"red ball {number}" for number in range(1, 5))
        apart = [bodies[name] for role in ("cabinet", "blocks", "cup") for name in drawn.roles[role]]
        for index, one in enumerate(apart):
            for other in apart[:index]:
                room = one.kind.radius + other.kind.radius + scene.scene.clearance
                assert math.dist(one.position[:2], other.position[:2]) >= room
    assert counts == {1, 2, 3}


def test_a_world_of_a_scene_holds_what_begins_inside() -> None:
    scene = load_scene(SCENE)
    with scene.make_world() as world:
        for seed in (0, 1):
            drawn = scene.draw(seed)
            world.reset(drawn.layout)
            before = world.state_hash()
            world.settle(0.7)
            assert world.joint("white drawer").fraction == pytest.approx(drawn.bodies[0].joint, abs=0.01)
            inside = [world.room("cyan cup").contains(world.pose(name).position) for name in drawn.roles["balls"]]
            assert all(inside)
            assert world.room("white drawer").contains(world.pose("black block").position)
            world.reset(drawn.layout)
            assert world.state_hash() == before
        assert [volume.name for volume in world.controller.keep_out] == ["the shelf"]


def test_a_body_that_moves_far_has_room_for_it() -> None:
    kinds = load_scene(SCENE).scene.kinds
    assert kinds["block"].radius == pytest.approx(math.hypot(0.02, 0.02))
    assert kinds["cabinet"].radius > 0.135 + 0.14  # half its depth, and its drawer all the way out


def wrong(change: Callable[[dict[str, Any]], Any]) -> str:
    data = copy.deepcopy(SCENE)
    change(data)
    with pytest.raises(TaskError) as caught:
        load_scene(data).draw(0)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: d.update(regoin={}), "scene: regoin: Extra inputs are not permitted"),
        (
            lambda d: d["kinds"]["cup"].update(shape="cpu"),
            "scene: kinds.cup.shape: there is no shape 'cpu'; there are box",
        ),
        (lambda d: d["kinds"]["cup"].update(size=[0.06, 0.07, 0.08]), "scene: kinds.cup: a cup is round"),
        (
            lambda d: d["roles"]["cup"].update(kind="mug"),
            "scene: roles.cup.kind: there is no kind 'mug'; there are block",
        ),
        (lambda d: d["roles"]["cup"].update(color="$paint"), "roles.cup.color: there is no attribute 'paint'"),
        (lambda d: d["roles"]["cup"].update(color="mauve"), "roles.cup.color: colour 'mauve' is unknown"),
        (lambda d: d["roles"]["cup"].update(joint=[0.0, 1.0]), "scene: roles.cup.joint: a cup has no joint"),
        (lambda d: d["roles"]["cabinet"].update(joint=[0.0, 1.5]), "roles.cabinet.joint[1]: Input should be less than"),
        (
            lambda d: d["roles"]["cabinet"].update(joint=[0.9, 0.1]),
            "roles.cabinet.joint: the first number must be the smaller",
        ),
        (
            lambda d: d["roles"]["balls"].update(inside="blocks"),
            "roles.balls.inside: 'blocks' must name a role of one body",
        ),
        (
            lambda d: d["roles"]["balls"].update(inside="lamp"),
            "roles.balls.inside: 'lamp' must name a role of one body",
        ),
        (
            lambda d: d["roles"]["hidden"].update(color="white", kind="cabinet"),
            "two roles have a body called 'white drawer'",
        ),
        (
            lambda d: d["roles"]["blocks"].update(count=30),
            "attributes.color.seen: 11 values are free, but 30 bodies take one each",
        ),
        (lambda d: d["region"].update(x=[0.7, 0.35]), "scene: region.x: the first number must be the smaller one"),
        (
            lambda d: d["region"].update(y=[0.0, 0.05]),
            "no scene was found in 400 tries; widen region or lower clearance",
        ),
        (lambda d: d["keep_out"][0].pop("upper"), "scene: keep_out[0].upper: Field required"),
        (lambda d: d["keep_out"][0].update(lower=[9.0, 9.0, 9.0]), "scene: keep_out[0]: each number of lower must be"),
        (lambda d: d["keep_out"][0].update(lower=[math.nan] * 3), "scene: keep_out[0]: each number of lower must be"),
        (lambda d: d["region"].update(x=[0.3, math.inf]), "scene: region.x[1]: Input should be a finite number"),
        (
            lambda d: d["roles"]["balls"].update(count=10**9),
            "Input should be less than or equal to 100, not 1",
        ),
        (lambda d: d["roles"]["blocks"].update(count=[1, 10**9]), "Input should be less than or equal to 100"),
        (lambda d: d["kinds"]["block"].update(size=[1e-300] * 3), "kinds.block.size[0]: Input should be greater than"),
        (lambda d: d["kinds"]["block"].update(mass=math.inf), "kinds.block.mass: Input should be less than"),
        (lambda d: d["roles"]["cup"].update(color="as cup"), "must name a role above it with the same count"),
        (lambda d: d["roles"]["cup"].update(color="as hidden"), "must name a role above it with the same count"),
        (lambda d: d.update(clearance=math.inf), "scene: clearance: Input should be a finite number"),
    ],
)
def test_a_wrong_scene_names_its_key(change: Callable[[dict[str, Any]], Any], text: str) -> None:
    assert text in wrong(change)


def test_a_file_that_is_no_scene(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    with pytest.raises(TaskError, match=r"scene\.yaml: cannot be read: No such file"):
        load_scene(path)
    path.write_text("[a, list]")
    with pytest.raises(TaskError, match=r"scene\.yaml: a scene is a mapping of keys such as region, kinds and roles"):
        load_scene(path)
    path.write_text("region: {x: [")
    with pytest.raises(TaskError, match=r"scene\.yaml: no YAML"):
        load_scene(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"\xff\xfe\x00", "no YAML: 'utf-8' codec"),
        (b"[" * 100_000, "line 1: nested more than 40 deep"),
        (b"region: " + b"{x: " * 1_000, "line 1: nested more than 40 deep"),
        (b"region: 1" + b"0" * 6_000, "no YAML: Exceeds the limit"),
        (b"a: &a [1, 2]\nb: &b [*a, *a]\n", r"line 2: \*a stands in a part that has an anchor itself"),
        (b"region: &a [*a]\n", r"line 1: \*a stands in a part"),
        (b" " * 1_000_001, "larger than 1,000,000 bytes"),
    ],
)
def test_a_hostile_file_is_an_error_at_once(tmp_path: Path, text: bytes, problem: str) -> None:
    path = tmp_path / "scene.yaml"
    path.write_bytes(text)
    with pytest.raises(TaskError, match=rf"scene\.yaml: {problem}"):
        load_scene(path)
    path.write_bytes(b"kind: arm\n" + text)
    with pytest.raises(TaskError, match=r"scene\.yaml: "):
        load_robot(str(path))


def test_what_has_an_anchor_may_be_used_again(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text("a: &a [1, 2]\nb: [*a, *a]\n")
    assert read_yaml(path) == {"a": [1, 2], "b": [[1, 2], [1, 2]]}


def test_a_robot_that_is_made_of_itself_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "robot.yaml"
    for text, problem in (
        ("kind: arms\nmembers: {left: {robot: robot.yaml}}", "made of itself"),
        ("kind: arms\nmembers: {left: {robot: 1}}", "robot: give a name"),
        ("kind: arms\nmembers: {left: 1}", "members.left: give a mapping"),
        ("kind: arms\nmembers: [1]", "members: give a mapping"),
        ("kind: arm\nurdf: {package: a.b, path: x}", "no name of a Python package"),
        ("kind: arm\nattach: 1", "attach: give a list"),
        ("kind: arm\nurdf: ../robot.urdf", "urdf: '../robot.urdf' leads out of"),
        ("kind: arm\nurdf: /etc/passwd", "urdf: '/etc/passwd' leads out of"),
        ("kind: arm\nurdf: {package: pybullet_data, path: ../../x.urdf}", "urdf: '../../x.urdf' leads out of"),
        ("kind: arms\nmembers: {left: {robot: ../robot.yaml}}", "robot: '../robot.yaml' leads out of"),
    ):
        path.write_text(text)
        load_robot.cache_clear()
        with pytest.raises(TaskError, match=problem):
            load_robot(str(path))


def test_what_stands_on_something_begins_over_its_middle_turned_from_there() -> None:
    block = {"kind": "block", "yaw": [0.2, 0.2]}
    towers = {
        **copy.deepcopy(SCENE),
        "roles": {"low": block, "middle": {**block, "stands_on": "low"}, "high": {**block, "stands_on": "middle"}},
    }
    low, middle, high = load_scene(towers).draw(seed=1).bodies
    assert low.position[:2] == middle.position[:2] == high.position[:2]
    assert [body.position[2] for body in (low, middle, high)] == pytest.approx([0.02, 0.06, 0.10])
    assert [body.yaw for body in (low, middle, high)] == pytest.approx([0.2, 0.4, 0.6])


@pytest.mark.parametrize(
    ("role", "problem"),
    [
        ({"stands_on": "high"}, "must name a role of one body above it"),
        ({"stands_on": "low", "count": 2}, "one body begins on another, not 2"),
    ],
)
def test_what_cannot_stand_on_something_is_refused(role: dict[str, Any], problem: str) -> None:
    roles = {"low": {"kind": "block"}, "middle": {"kind": "block", **role}, "high": {"kind": "block"}}
    with pytest.raises(TaskError, match=problem):
        load_scene({**copy.deepcopy(SCENE), "roles": roles})
