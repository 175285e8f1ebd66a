"""Seeds and tasks, as a user writes them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import line_world  # noqa: F401 - registers two worlds
import pytest

from codeact.errors import TaskError
from codeact.evaluation import SelectionError, find_tasks, parse_seeds


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("0", (0,)),
        ("0-3", (0, 1, 2, 3)),
        ("0-2,25", (0, 1, 2, 25)),
        ("7, 5-6", (7, 5, 6)),
        ("1-3,2-4", (1, 2, 3, 4)),
        ("10000-10001", (10000, 10001)),
    ],
)
def test_seeds_are_numbers_and_ranges(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write for example 0-19,25"),
        ("a", "'a' in the seeds"),
        ("1,,2", "'' in the seeds"),
        ("-3", "'-3' in the seeds"),
        ("1-", "'1-' in the seeds"),
        ("5-1", "write 1-5"),
        ("0-99999999999", "more than 1,000,000"),
    ],
)
def test_other_text_is_refused_with_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        parse_seeds(text)


def test_tasks_are_ids_and_patterns_each_once_and_in_order() -> None:
    assert find_tasks(["Line/[LP]*"]) == ("Line/Lazy-v0", "Line/Push-v0")
    assert find_tasks(["Line/Push-v0", "Line/[LP]*"]) == ("Line/Push-v0", "Line/Lazy-v0")
    assert find_tasks(["line_world:Line/Push-v0"]) == ("line_world:Line/Push-v0",)


def test_a_file_may_be_named_without_its_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (files("codeact_envs.tasks") / "template.yaml").read_text()
    Path("serve_block.yaml").write_text(text)
    assert find_tasks(["serve_block"]) == find_tasks(["serve_block.yaml"]) == ("serve_block.yaml",)
    Path("serve_tray.yaml").write_text("title: 1")
    with pytest.raises(TaskError, match=r"serve_tray\.yaml"):
        find_tasks(["serve_tray"])
    with pytest.raises(SelectionError, match="there is no task 'serve_cup'"):
        find_tasks(["serve_cup"])


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("Line/Psuh-v0", "did you mean Line/Push-v0"),
        ("push", "did you mean .*Push-v0"),
        ("Line/Pull*", "no task matches 'Line/Pull\\*'"),
        ("no_such_module:Line/Push-v0", "cannot be imported: No module named"),
        ("line_world:Line/Psuh-v0", "did you mean Line/Push-v0"),
    ],
)
def test_an_unknown_task_is_named_with_what_is_near(pattern: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        find_tasks([pattern])
