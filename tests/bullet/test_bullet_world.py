"""The world is bit-exact, resets in a blink, and can be saved, restored and branched."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from random import Random

import pytest

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.errors import UnknownObject

EPISODE = """
import sys
from conftest import LAYOUT, SPECS
from codeact_envs.bullet import BulletWorld, Placement, TabletopApi

world = BulletWorld(SPECS)
api = TabletopApi(world)
if "history" in sys.argv:
    world.reset([Placement("c", "x", (0.5, 0.3, 0.02)), Placement("bowl", "y", (0.6, 0.0, 0.025), 0.4)])
    api.pick("x")
    world.save_state()
    api.place_on("y")
    world.render()
    api.move_to(0.4, 0.3, 0.2)
    world.reset(LAYOUT[:2])
    api.push("red cube", 0.05, 0.02)
world.reset(LAYOUT)
hashes = [world.state_hash()]
api.pick("red cube")
if "history" in sys.argv:
    state = world.save_state()
    api.place_on("bowl")
    api.home()
    world.restore_state(state)
hashes.append(world.state_hash())
api.place_on("green cube")
hashes.append(world.state_hash())
api.pick("blue cube") and api.place_on("bowl")
api.push("can", 0.08, -0.06)
hashes.append(world.state_hash())
print(*hashes)
"""


def episode_in_a_process(*arguments: str) -> list[str]:
    here = __file__.rsplit("/", 1)[0]
    done = subprocess.run(
        [sys.executable, "-c", EPISODE, *arguments], cwd=here, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_the_same_calls_give_the_same_hashes_in_every_process_whatever_ran_before() -> None:
    fresh = episode_in_a_process()
    assert len(set(fresh)) == 4
    assert episode_in_a_process("history") == fresh


def test_the_order_of_episodes_leaves_no_trace(specs: tuple[BodySpec, ...]) -> None:
    random = Random(7)

    def drawn(key: str, name: str, side: int) -> Placement:
        place = (random.uniform(0.35, 0.6), side * random.uniform(0.06, 0.3), 0.02)
        return Placement(key, name, place, random.uniform(-3, 3))

    layouts = [[drawn("a", "upper", 1), drawn("b", "lower", -1)] for _ in range(6)]

    def play(order: list[int]) -> dict[int, str]:
        hashes = {}
        with BulletWorld(specs[:2]) as world:
            api = TabletopApi(world)
            for index in order:
                world.reset(layouts[index])
                assert api.pick("upper")
                assert api.place_on("lower")
                world.settle(0.5)
                hashes[index] = world.state_hash()
        return hashes

    assert play([0, 1, 2, 3, 4, 5]) == play([5, 3, 4, 0, 2, 1])


def test_another_layout_gives_another_hash(world: BulletWorld, layout: tuple[Placement, ...]) -> None:
    first = world.state_hash()
    world.reset([replace(layout[0], yaw=0.3000001), *layout[1:]])
    assert world.state_hash() != first


def test_looking_and_recording_change_nothing(
    world: BulletWorld, api: TabletopApi, layout: tuple[Placement, ...]
) -> None:
    api.pick("red cube")
    unseen = world.state_hash()
    world.reset(layout)
    world.record(10, width=64, height=48)
    api.pick("red cube")
    world.render(64, 48)
    assert world.state_hash() == unseen
    assert len(world.take_frames()) == int(world.time_s * 10) + 1
    assert world.take_frames() == []


def test_a_state_restored_in_mid_grasp_goes_on_exactly(world: BulletWorld, api: TabletopApi) -> None:
    assert api.pick("red cube")
    state, before = world.save_state(), world.state_hash()
    assert api.place_on("green cube")
    after = world.state_hash()
    assert api.pick("blue cube")
    world.restore_state(state)
    assert world.state_hash() == before
    assert world.held() == "red cube"
    assert api.place_on("green cube")
    assert world.state_hash() == after


def test_a_branch_has_the_same_future_and_leaves_no_trace(world: BulletWorld, api: TabletopApi) -> None:
    assert api.pick("red cube")
    before = world.state_hash()
    with world.branch() as other:
        assert other.state_hash() == before
        assert TabletopApi(other).place_on("green cube")
        assert world.state_hash() == before
        assert api.place_on("green cube")
        assert world.state_hash() == other.state_hash()


def test_a_state_belongs_to_its_world(world: BulletWorld, specs: tuple[BodySpec, ...]) -> None:
    with BulletWorld(specs[:1]) as other:
        state = other.save_state()
        with pytest.raises(TaskError, match="another world"):
            world.restore_state(state)
    state = world.save_state()
    state.release()
    with pytest.raises(TaskError, match="released"):
        world.restore_state(state)


def test_reset_takes_less_than_half_a_millisecond_of_cpu(world: BulletWorld, layout: tuple[Placement, ...]) -> None:
    colors = ("red", "blue")
    times = []
    for index in range(51):
        changed = [replace(layout[0], name=f"cube {index}", color=colors[index % 2]), *layout[1:]]
        begin = time.thread_time()
        world.reset(changed)
        times.append(time.thread_time() - begin)
    assert sorted(times)[25] < 0.0005


def test_reset_forgets_time_violations_stops_and_frames(world: BulletWorld, layout: tuple[Placement, ...]) -> None:
    fresh = world.state_hash()
    world.record(20, width=64, height=48)
    world.settle(0.2)
    world.stop()
    world.controller.violations.add("something", "collision", 0.1)
    assert world.time_s == pytest.approx(0.2)
    world.reset(layout)
    assert (world.time_s, world.violations, world.stopped, world.take_frames()) == (0.0, (), False, [])
    assert world.state_hash() == fresh


def test_bodies_that_an_episode_does_not_use_stand_still_on_the_floor() -> None:
    with BulletWorld([BodySpec(str(number), "box", (0.04, 0.04, 0.04)) for number in range(20)]) as world:
        world.settle(1.0)
        bullet, client = world.simulation.bullet, world.simulation.client
        poses = [
            bullet.getBasePositionAndOrientation(bullet.getBodyUniqueId(index, physicsClientId=client), client)[0]
            for index in range(bullet.getNumBodies(physicsClientId=client))
        ]
        assert sum(z == pytest.approx(-0.58, abs=0.001) for _, _, z in poses) == 20


def test_too_many_bodies_are_refused() -> None:
    with pytest.raises(TaskError, match=r"on a table has room for 8 bodies of up to 1\.41 m across, not for 9"):
        BulletWorld([BodySpec(str(number), "box", (1.0, 1.0, 0.1)) for number in range(9)])


def test_names_colours_and_sizes_come_from_the_layout(world: BulletWorld) -> None:
    world.reset(
        [Placement("b", "the block", (0.5, 0.0, 0.02), color="orange"), Placement("c", "other", (0.5, 0.2, 0.02))]
    )
    assert world.names() == ("the block", "other")
    assert (world.color("the block"), world.color("other")) == ("orange", "blue")
    assert world.size("the block") == (0.04, 0.04, 0.04)
    assert world.pose("the block").position == (0.5, 0.0, 0.02)
    with pytest.raises(UnknownObject, match="did you mean 'the block'"):
        world.pose("the blok")
    with pytest.raises(UnknownObject):
        world.color("red cube")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([Placement("nothing", "x", (0.5, 0, 0.02))], "no body has the key 'nothing'"),
        ([Placement("a", "x", (0.5, 0, 0.02)), Placement("a", "y", (0.6, 0, 0.02))], "placed twice"),
        ([Placement("a", "x", (0.5, 0, 0.02), color="mauve")], "colour 'mauve' is unknown"),
    ],
)
def test_a_wrong_layout_is_refused(world: BulletWorld, wrong: list[Placement], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        world.reset(wrong)


def test_wrong_bodies_are_refused() -> None:
    with pytest.raises(TaskError, match="round"):
        BodySpec("x", "cylinder", (0.04, 0.05, 0.06))
    with pytest.raises(TaskError, match="shape 'blob' is unknown"):
        BodySpec("x", "blob", (0.04, 0.04, 0.04))
    with pytest.raises(TaskError, match="share a key"):
        BulletWorld([BodySpec("x", "box", (0.04, 0.04, 0.04))] * 2)


def test_bodies_stand_still_and_a_bowl_holds_what_falls_into_it(
    world: BulletWorld, layout: tuple[Placement, ...]
) -> None:
    x, y, _ = layout[4].position
    world.reset([replace(layout[0], position=(x, y, 0.08)), *layout[1:]])
    world.settle(1.0)
    for placement in layout[1:5]:
        assert world.pose(placement.name).position == pytest.approx(placement.position, abs=0.002)
    inside = world.pose("red cube").position
    assert inside == pytest.approx((x, y, 0.03), abs=0.01)
    assert world.contacts("red cube", "bowl")
    assert not world.contacts("green cube", "bowl")


def test_a_picture_shows_the_colours_of_the_episode(world: BulletWorld) -> None:
    picture = world.render(320, 240)
    assert (picture.shape, picture.dtype) == ((240, 320, 3), "uint8")

    def share(color_index: int) -> int:
        pixels = world.render(160, 120).astype(int)
        others = [index for index in range(3) if index != color_index]
        return int((pixels[..., color_index] > 60 + pixels[..., others].max(-1)).sum())

    world.reset([Placement("a", "x", (0.5, 0.0, 0.02), color="red")])
    red, blue = share(0), share(2)
    world.reset([Placement("a", "x", (0.5, 0.0, 0.02), color="blue")])
    assert red > 5
    assert blue == 0
    assert share(0) == 0
    assert share(2) > 5


def test_worlds_run_side_by_side_and_in_threads(specs: tuple[BodySpec, ...], layout: tuple[Placement, ...]) -> None:
    hashes: list[str] = []

    def episode() -> None:
        with BulletWorld(specs) as world:
            world.reset(layout)
            TabletopApi(world).pick("red cube")
            hashes.append(world.state_hash())

    threads = [threading.Thread(target=episode) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(hashes) == 2
    assert hashes[0] == hashes[1]


def test_closing_twice_is_fine() -> None:
    world = BulletWorld([])
    world.close()
    world.close()
    assert world.closed


def test_nothing_is_printed() -> None:
    code = "from codeact_envs.bullet import BulletWorld; print('before'); BulletWorld([]).close(); print('after')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("before\nafter\n", "")
