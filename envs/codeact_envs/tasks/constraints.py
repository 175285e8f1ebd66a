"""Hard constraints: what ends an episode at once when it is broken. Task files name them."""

from __future__ import annotations

from collections.abc import Callable

from codeact_envs.tasks.snapshot import Snapshot

Constraint = Callable[[Snapshot, tuple[str, ...]], tuple[str, ...]]


def robot_rules(now: Snapshot, violations: tuple[str, ...]) -> tuple[str, ...]:
    """The controller counted no violation: no joint above its speed, no arm or palm against a body or the table."""
    return violations


def all_on_table(now: Snapshot, violations: tuple[str, ...]) -> tuple[str, ...]:
    """No body has fallen off the table."""
    return tuple(f"{body.name!r} fell off the table" for body in now.bodies.values() if body.position[2] < -0.05)


CONSTRAINTS: dict[str, Constraint] = {"robot_rules": robot_rules, "all_on_table": all_on_table}
