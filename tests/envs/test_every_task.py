"""Every task can be solved, its check can fail, and it goes the same way in two processes."""

from __future__ import annotations

import pytest

from codeact.evaluation.gate import check_task
from codeact_envs.tasks import environment_name, task_names


@pytest.mark.slow
@pytest.mark.parametrize("name", task_names())
def test_task_passes_the_gate(name: str) -> None:
    report = check_task(f"CodeAct/{environment_name(name)}", seeds="0-1")
    assert report.ok, str(report)
