"""Every task can be solved, its check can fail, and it goes the same way in two processes."""

from __future__ import annotations

from itertools import groupby

import pytest

from codeact.evaluation.gate import check_tasks
from codeact_envs.tasks import environment_name, load_task, task_names
from codeact_envs.tool_use.catalog import tool_use_names

_TOGETHER = 4  # tasks that share a pair of processes, which takes a second each to start


def _groups() -> list[tuple[str, ...]]:
    there = (*task_names(), *tool_use_names())
    names = sorted(there, key=lambda name: (load_task(name).family, name))
    families = [list(group) for _, group in groupby(names, lambda name: load_task(name).family)]
    return [tuple(group[at : at + _TOGETHER]) for group in families for at in range(0, len(group), _TOGETHER)]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("names", _groups(), ids="+".join)
def test_tasks_pass_the_gate(names: tuple[str, ...]) -> None:
    reports = list(check_tasks([f"CodeAct/{environment_name(name)}" for name in names], "0-2", processes=2))
    assert len(reports) == len(names)
    assert all(report.ok for report in reports), "\n".join(str(report) for report in reports if not report.ok)
