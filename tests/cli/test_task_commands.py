"""Commands about tasks: a new one works as it is, one is shown, and all are drawn and listed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from codeact.cli.app import app
from codeact.cli.task_checks import seeds_of
from codeact.errors import TaskError
from codeact.evaluation import SelectionError
from codeact_envs.commands.contact_sheet import sheet
from codeact_envs.commands.new import write_task
from codeact_envs.commands.pictures import Views
from codeact_envs.commands.table import BEGIN, END, markdown
from codeact_envs.tasks import load_task, task_names


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.output


def test_a_new_task_passes_the_gate_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run("tasks", "new", "serve_block")
    assert (code, "wrote serve_block.yaml" in said) == (0, True)
    assert load_task("serve_block.yaml").title == "Serve block"
    code, said = run("tasks", "check", "serve_block", "--seeds", "1", "--record", "seen.json")
    assert (code, "serve_block.yaml: passes" in said) == (0, True), said
    assert '"solved": 1' in Path("seen.json").read_text()
    Path("seen.json").write_text('{"Other/Task-v0": {"solved": 3}}')
    run("tasks", "check", "serve_block.yaml", "--seeds", "1", "--record", "seen.json")
    assert {"Other/Task-v0", "serve_block.yaml"} == set(json.loads(Path("seen.json").read_text()))
    Path("seen.json").write_text("[")
    code, said = run("tasks", "check", "serve_block.yaml", "--seeds", "1", "--record", "seen.json")
    assert (code, "cannot be read as a record" in said) == (2, True), said


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="write small letters and digits, such as serve_block"):
        write_task("Serve Block", tmp_path)
    write_task("serve_block", tmp_path)
    with pytest.raises(TaskError, match="is there already"):
        write_task("serve_block", tmp_path)
    with pytest.raises(TaskError, match="cannot be written: No such file"):
        write_task("serve_block", tmp_path / "none")


def test_a_task_is_shown_and_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "scene.png"
    code, said = run("tasks", "show", "CodeAct/Stack2-v0", "--seed", "3", "--out", str(picture), "--width", "64")
    assert code == 0, said
    assert "seed 3: Stack one cube on another (family A, tier high)" in said
    assert "On the table" in said
    assert "place_on" in said
    assert "10 turns, 120 simulated seconds, 100 tool calls" in said
    assert np.asarray(Image.open(picture)).std() > 10


def test_a_picture_is_called_as_its_task_and_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("tasks", "show", "CodeAct/Trade1-v0", "--seed", "3", "--no-picture")[0] == 0
    assert list(tmp_path.iterdir()) == []
    code, said = run("tasks", "show", "CodeAct/Trade1-v0", "--seed", "3")
    assert (code, "Drawn to Trade1-v0-seed3.png" in said) == (0, True), said
    assert np.asarray(Image.open("Trade1-v0-seed3.png")).shape == (480, 640, 3)


def test_wrong_questions_are_told() -> None:
    assert run("tasks", "check")[0] == 2
    assert run("tasks", "check", "CodeAct/Stack2-v0", "--all")[0] == 2
    assert run("tasks", "show", "CodeAct/*")[0] == 2


def test_a_number_of_seeds_or_their_names() -> None:
    assert seeds_of("3") == (0, 1, 2)
    assert seeds_of("3-4,9") == (3, 4, 9)
    with pytest.raises(SelectionError):
        seeds_of("three")


def test_all_tasks_are_in_the_table(tmp_path: Path) -> None:
    lines = markdown().splitlines()
    assert any("`CodeAct/Reach-v0` | Move the gripper to a point | high, low |" in line for line in lines)
    said = " ".join(run("tasks", "list", "CodeAct/Reach-v0")[1].split())
    assert "Move the gripper to a point A high, low 20/20" in said
    assert sum("| `CodeAct/" in line for line in lines) >= len(task_names()) + 24
    path = tmp_path / "tasks.md"
    path.write_text(f"# Tasks\n{BEGIN}\nold\n{END}\nmore\n")
    code, _ = run("tasks", "table", "--out", str(path))
    assert (code, path.read_text()) == (0, f"# Tasks\n{BEGIN}\n{markdown()}\n{END}\nmore\n")
    path.write_text("# Tasks\n")
    assert run("tasks", "table", "--out", str(path))[0] == 2


def test_a_sheet_holds_both_frames_of_all_tasks() -> None:
    frames = [np.full((180, 240, 3), value, np.uint8) for value in (10, 90)]
    picture = np.asarray(sheet([Views(f"Task{number}", "Do it.", *frames, success=True) for number in range(5)]))
    assert [int((picture == value).all(axis=2).sum()) >= 5 * 180 * 240 for value in (10, 90)] == [True, True]
