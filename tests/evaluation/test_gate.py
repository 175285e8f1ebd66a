"""The gate: it lets a good task through and stops each kind of bad one."""

from __future__ import annotations

import re

import line_world  # noqa: F401 - registers the worlds
import pytest

from codeact.evaluation import EvaluationError, SelectionError, check_task


def test_a_good_task_passes() -> None:
    report = check_task("line_world:Line/Push-v0", "0-3")
    assert report.ok, str(report)
    assert [check.name for check in report.checks] == ["check_env", "oracle", "nothing", "opposite", "repeatable"]
    assert "solves 4 of 4" in str(report)


def test_a_task_is_checked_in_a_tier() -> None:
    report = check_task("line_world:Line/Push-v0", "0-1", perception="noisy")
    assert str(report).startswith("line_world:Line/Push-v0, perception noisy: passes")
    report = check_task("line_world:Line/Push-v0", "0", tier="low")
    assert not report.ok
    assert "has no option 'tier'" in str(report)


@pytest.mark.parametrize(
    ("flaw", "failing", "detail"),
    [
        ("Lazy", {"oracle"}, "solves 0 of 2"),
        ("Generous", {"nothing", "opposite"}, "doing nothing scores"),
        ("Random", {"repeatable", "check_env"}, "go different ways"),
        ("Seedless", {"repeatable", "check_env"}, "the seed does not reach the scene"),
        ("Talkative", {"check_env"}, "not within the observation space|observation"),
        ("Cursed", {"oracle", "nothing", "opposite", "repeatable"}, "SIGKILL"),
    ],
)
def test_a_bad_task_is_stopped_by_the_check_that_is_there_for_it(flaw: str, failing: set[str], detail: str) -> None:
    report = check_task(f"line_world:Line/{flaw}-v0", "0-1")
    assert not report.ok
    found = {check.name for check in report.checks if not check.ok}
    assert set() < found <= failing, str(report)
    assert re.search(detail, str(report)), str(report)


def test_an_unknown_task_is_said() -> None:
    with pytest.raises(SelectionError, match="did you mean"):
        check_task("Line/Psuh-v0", "0")


def test_a_pattern_of_several_tasks_is_refused() -> None:
    with pytest.raises(EvaluationError, match=r"'Line/\*' matches \d+ tasks"):
        check_task("Line/*")
