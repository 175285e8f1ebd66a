"""One table for all tests of the robot: loaded once a process, reset by each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.arms.controller import ArmController

CUBE = (0.04, 0.04, 0.04)
SPECS = (
    BodySpec("a", "box", CUBE, 0.05, "red"),
    BodySpec("b", "box", CUBE, 0.05, "green"),
    BodySpec("c", "box", CUBE, 0.05, "blue"),
    BodySpec("can", "cylinder", (0.05, 0.05, 0.06), 0.06, "purple"),
    BodySpec("bowl", "bowl", (0.16, 0.16, 0.05), 0.2, "yellow"),
    BodySpec("zone", "zone", (0.1, 0.1, 0.002), color="cyan"),
)
LAYOUT = (
    Placement("a", "red cube", (0.45, 0.15, 0.02), 0.3),
    Placement("b", "green cube", (0.55, -0.10, 0.02), -0.5),
    Placement("c", "blue cube", (0.60, 0.05, 0.02), 1.2),
    Placement("can", "can", (0.60, 0.25, 0.03)),
    Placement("bowl", "bowl", (0.45, -0.28, 0.025)),
    Placement("zone", "zone", (0.40, 0.32, 0.0)),
)


@pytest.fixture(scope="session")
def shared_world() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS) as world:
        yield world


@pytest.fixture
def world(shared_world: BulletWorld) -> Iterator[BulletWorld]:
    shared_world.reset(LAYOUT)
    yield shared_world
    shared_world.record(None)
    shared_world.arm.recorder = None


@pytest.fixture
def api(world: BulletWorld) -> TabletopApi:
    return TabletopApi(world)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let arms set out on ways that are not free, for tests of what watches them while they move."""
    monkeypatch.setattr(ArmController, "require_free", lambda *_, **__: None)


@pytest.fixture
def layout() -> tuple[Placement, ...]:
    return LAYOUT


@pytest.fixture
def specs() -> tuple[BodySpec, ...]:
    return SPECS
