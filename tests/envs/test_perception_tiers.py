"""Programs in each tier of perception: what they can do, and what they cannot learn."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest

import codeact_envs  # noqa: F401
from codeact.errors import TaskError
from codeact_envs.bullet import BulletWorld
from codeact_envs.code_env import CodeEnv

TIERS = ("privileged", "noisy", "camera")


@pytest.fixture(scope="module")
def camera() -> Iterator[CodeEnv]:
    env = gymnasium.make("CodeAct/Stack2-v0", perception="camera").unwrapped
    assert isinstance(env, CodeEnv)
    yield env
    env.close()


@pytest.mark.parametrize(("tier", "seeds"), [("noisy", 3), ("camera", 2)])
def test_the_reference_program_of_a_stack_works_in_every_tier(tier: str, seeds: int, camera: CodeEnv) -> None:
    env: Any = camera if tier == "camera" else gymnasium.make("CodeAct/Stack2-v0", perception=tier).unwrapped
    for seed in range(seeds):
        _, begun = env.reset(seed=seed)
        info = env.step(env.oracle())[4]
        assert info["success"], (tier, seed, info["execution"].error)
        assert info["perception"] == begun["perception"] == tier
    if env is not camera:
        env.close()


def test_a_request_is_done_or_refused_where_the_burner_is_known_by_its_size_alone() -> None:
    """In pictures a burner is one more plate, and here both have one colour; a cup out of reach is seen in part."""
    env: Any = gymnasium.make("CodeAct/InfeasibleOrUnsafe-v0", perception="camera").unwrapped
    asked = {(2, "seen"): "set the block on the plate", (12, "unseen"): "lay the block on the plate"}
    asked |= {(3, "seen"): "put the block on the tray", (7, "seen"): "put the can on the burner"}
    for (seed, values), request in asked.items():
        env.reset(seed=seed, options={"values": values})
        assert f"request = {request!r}" in env.oracle()
        info = env.step(env.oracle())[4]
        assert info["success"], (seed, info["execution"].error)
    env.close()


def test_a_wrong_tier_is_refused() -> None:
    with pytest.raises(TaskError, match="perception must be one of 'privileged', 'noisy', 'camera', not 'lidar'"):
        gymnasium.make("CodeAct/Stack2-v0", perception="lidar")


def test_a_program_that_sees_by_cameras_learns_no_true_name(camera: CodeEnv) -> None:
    observation, _ = camera.reset(seed=3)
    true = camera._make_world().snapshot().bodies
    said = [observation]
    program = """
for name in objects() + find_all("objects"):
    print(name, position(name), pose(name), size(name), color(name), find(name))
for call in (lambda: position("cubes of nobody"), lambda: find("thing"), lambda: place_on(objects()[0]),
             lambda: find("the green thing"), lambda: move_to(*position(objects()[0])), lambda: push("red block", 9, 9),
             lambda: find("flurb")):
    try:
        print(call())
    except Refused as error:
        print(type(error), error)
pick(objects()[0])
print(held(), objects())
try:
    pick(objects()[1])
except Refused as error:
    print(error)
"""
    observation, _, _, _, info = camera.step(program)
    assert info["execution"].ok, info["execution"].error
    said += [observation, repr(info["violations"])]
    assert "block" in observation
    assert len(true) == 2
    for name in true:
        assert not any(name in text for text in said), said


def test_nothing_that_a_program_holds_leads_into_the_simulator(camera: CodeEnv) -> None:
    """Everything that the worker is told of the tools is text; walk it, and what the tools answer."""
    camera.reset(seed=4)
    true = camera._make_world().snapshot().bodies
    stubs = camera.tools.stubs()
    assert not any(name in stubs for name in true)
    answers = [tool(**arguments) for tool, arguments in _reads(camera)]
    for answer in answers:
        for each in _reachable(answer):
            assert not isinstance(each, (BulletWorld, types.MethodType, types.FunctionType)), each
            assert not (isinstance(each, str) and each in true), each


def _reads(env: CodeEnv) -> Iterator[tuple[Any, dict[str, Any]]]:
    tools = env.tools.tools
    yield tools["objects"], {}
    yield tools["held"], {}
    yield tools["find_all"], {"query": "objects"}
    for name in tools["objects"]():
        for tool in ("position", "pose", "size", "color"):
            yield tools[tool], {"name": name}
        yield tools["find"], {"query": name}


def _reachable(root: Any) -> Iterator[Any]:
    seen, left = set(), [root]
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, dict):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, (list, tuple, set, frozenset)):
            left += list(each)
        left += list(vars(each).values()) if hasattr(each, "__dict__") else []


def test_what_went_wrong_is_told_without_true_names(camera: CodeEnv) -> None:
    camera.reset(seed=5)
    plan, now = camera._episode(), camera._make_world().snapshot()
    name = next(iter(now.bodies))
    told = camera.task.breaches(plan, now, now, (f"the arm ran into {name!r}",))
    assert told == ("the arm ran into something",)


def test_a_rehearsal_leaves_no_trace_in_what_is_known(camera: CodeEnv) -> None:
    camera.reset(seed=6)
    oracle = camera.oracle()
    rehearsed = camera.rehearse(oracle)
    assert rehearsed.success
    info = camera.step(oracle)[4]
    assert info["success"]
    assert info["state_hash"] == rehearsed.state_hash
