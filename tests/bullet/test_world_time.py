"""A world can follow the clock, many steps in one call are the same steps, and a missing display is said."""

from __future__ import annotations

import time

import pytest

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement


def test_steps_in_batches_and_steps_at_the_pace_of_the_clock_are_the_same_steps(
    world: BulletWorld, layout: tuple[Placement, ...], specs: tuple[BodySpec, ...]
) -> None:
    world.settle(0.5)
    in_batches = world.state_hash()
    world.reset(layout)
    for _ in range(120):
        world.simulation.run(1)
    assert world.state_hash() == in_batches
    with BulletWorld(specs, real_time=True) as slow:
        slow.reset(layout)
        begin = time.monotonic()
        slow.settle(0.5)
        assert time.monotonic() - begin >= 0.49
        assert slow.state_hash() == in_batches


@pytest.mark.parametrize(("display", "message"), [("", "DISPLAY is not set"), (":4077", "nothing answers")])
def test_a_window_without_a_display_is_refused(monkeypatch: pytest.MonkeyPatch, display: str, message: str) -> None:
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(TaskError, match=message):
        BulletWorld([], gui=True)
