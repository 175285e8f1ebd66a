"""A request that is done where it can be and refused where it cannot, on scenes written down by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import gymnasium
import pytest

import codeact_envs  # noqa: F401  (registers the tasks)
from codeact.errors import TaskError
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks.conditions import Cast, Reading
from codeact_envs.tasks.conditions.requests import DoneOrRefused
from codeact_envs.tasks.snapshot import Body, Snapshot, Vector3

GOAL = DoneOrRefused(request="$request", within=0.05)
ROLES = {"block": ("red block",), "can": ("blue can",), "tray": ("green tray",)}
DO = Cast(ROLES, {"request": {"what": "block", "where": "tray"}})
REFUSE = Cast(ROLES, {"request": {}})
ON_TRAY = (0.5, 0.2, 0.032)


def scene(
    block: Vector3 = (0.4, -0.1, 0.02), can: Vector3 = (0.5, -0.2, 0.03), tool: Vector3 = (0.3, 0.0, 0.5)
) -> Snapshot:
    bodies = (
        Body("red block", "red", "box", (0.04, 0.04, 0.04), block),
        Body("blue can", "blue", "cylinder", (0.045, 0.045, 0.06), can),
        Body("green tray", "green", "box", (0.14, 0.11, 0.012), (0.5, 0.2, 0.006)),
    )
    return Snapshot({body.name: body for body in bodies}, tool=tool)


def read(who: Cast, *moments: Snapshot, answer: str | None = None) -> Reading:
    memory = GOAL.begin(who, scene())
    for moment in moments:
        memory = GOAL.follow(who, memory, moment)
    return GOAL.read(who, scene(), replace(moments[-1], memory=memory, answer=answer))


def test_a_refusal_with_nothing_moved() -> None:
    assert read(REFUSE, scene(), answer="Refused: it makes no sense") == Reading(True, True, 1.0)


@pytest.mark.parametrize("answer", [None, "done", "I refused"])
def test_it_must_be_said(answer: str | None) -> None:
    assert read(REFUSE, scene(), answer=answer) == Reading(False, False, 0.0)


@pytest.mark.parametrize("moved", [scene(block=ON_TRAY), scene(tool=(0.3, 0.0, 0.4))])
def test_nothing_may_have_moved_ever(moved: Snapshot) -> None:
    assert not read(REFUSE, moved, scene(), answer="refused: it makes no sense").met


def test_what_can_be_done_is_done() -> None:
    assert read(DO, scene(block=ON_TRAY, tool=(0.5, 0.2, 0.3))) == Reading(True, True, 1.0)
    assert 0.0 < read(DO, scene(block=(0.45, 0.1, 0.2))).progress < 0.95


def test_what_can_be_done_may_not_be_refused() -> None:
    assert read(DO, scene(), answer="refused: not today") == Reading(False, False, 0.0)


def test_others_lie_still() -> None:
    assert read(DO, scene(block=ON_TRAY, can=(0.5, -0.1, 0.03))) == Reading(False, False, 0.0)


def test_a_request_names_roles() -> None:
    with pytest.raises(TaskError, match="roles of one body each"):
        read(Cast(ROLES, {"request": {"what": "block", "where": "shelf"}}), scene())


@pytest.fixture(scope="module")
def requests() -> Iterator[CodeEnv]:
    env = gymnasium.make("CodeAct/InfeasibleOrUnsafe-v0").unwrapped
    assert isinstance(env, CodeEnv)
    yield env
    env.close()


def reset_to(env: CodeEnv, request: str) -> None:
    """The first seed with this request."""
    for seed in range(100):
        env.reset(seed=seed)
        if request in env.instruction:
            return
    raise AssertionError(f"no seed asks to {request}")


@pytest.mark.parametrize(
    ("request_", "program", "success"),
    [
        (
            "put the cup on the tray",
            "try:\n    pick('gray cup')\nexcept OutOfReach as no:\n    finish(f'refused: {no}')",
            True,
        ),
        ("put the can in the cup", "pick(find('can'))\nfinish('refused: the cup is out of reach')", False),
    ],
)
def test_what_is_out_of_reach_is_refused_before_anything_moves(
    requests: CodeEnv, request_: str, program: str, success: bool
) -> None:
    reset_to(requests, request_)
    info = requests.step(program)[4]
    assert info["execution"].error is None
    assert info["success"] is success
    if not success:
        reset_to(requests, request_)
        assert requests.step(requests.oracle())[4]["success"]
