"""Whatever is called, nothing that breaks a rule of the robot goes unreported; random_calls.py runs long."""

from __future__ import annotations

import pytest
from random_calls import Monitor, Report, run

from codeact_envs.bullet import BulletWorld
from codeact_envs.bullet.arms.arm_watch import ArmWatch
from codeact_envs.bullet.arms.controller import ArmController


@pytest.mark.parametrize(
    ("robot", "tier", "calls"),
    [("panda", "high", 6), ("panda", "low", 12), ("two_pandas", "high", 14), ("husky_panda", "high", 16)],
)
def test_random_calls_break_no_rule_unseen_and_crash_nothing(robot: str, tier: str, calls: int) -> None:
    report = run(robot, tier, calls, seed=1)
    assert report.crashes == []
    assert report.unreported == {}
    assert report.looks > 40
    assert report.ended["done"] > 1


def test_the_monitor_sees_what_nothing_else_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ArmController, "require_free", lambda *_, **__: None)
    monkeypatch.setattr(ArmWatch, "look", lambda self, tool: False)
    report = Report()
    with BulletWorld([]) as world:
        monitor = Monitor(world, report)
        monitor.begin()
        for goal in ((0.4, 0.0, 0.05), (0.4, 0.0, -0.02)):
            world.controller.move_line(goal)
        folded = world.arm.home.copy()
        folded[1], folded[3], folded[5] = -1.7, -3.0, 0.3
        world.controller.move_joints(folded)
        monitor.end("")
    assert set(report.unreported) >= {"table", "self"}
