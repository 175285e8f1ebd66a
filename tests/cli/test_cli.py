"""The command line as a user meets it: what it prints, what it leaves, and how it exits."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codeact.cli.approving import policy_of
from codeact.episode import read_trace
from codeact.errors import CodeActError

PUSH = "line_world:Line/Push-v0"
WORLD = str(Path(__file__).parents[1] / "episode")


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([WORLD, os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "110", **more}


def codeact(*arguments: object, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "codeact.cli", *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def test_help_comes_at_once_and_has_examples() -> None:
    began = time.perf_counter()
    shown = codeact("--help")
    assert time.perf_counter() - began < 15.0, "0.2 s on an idle machine"
    assert shown.returncode == 0
    for command in ("run", "replay", "eval", "tasks", "doctor"):
        assert command in shown.stdout
        assert codeact(command, "--help").returncode == 0
    assert "codeact run CodeAct/Stack2-v0 --agent oracle" in codeact("run", "--help").stdout
    assert re.fullmatch(r"\d+\.\d+.*\n", codeact("--version").stdout)


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from codeact.cli.app import app; print(sorted({'torch', 'numpy', 'gymnasium'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_a_run_tells_everything_as_it_happens_and_leaves_its_files(runs: Path) -> None:
    shown = codeact("run", PUSH, "--seed", 3, "--agent", "oracle", "--out", runs)
    assert shown.returncode == 0, shown.stderr
    order = [
        "Push the block to the mark",
        "turn 1",
        "distance = mark() - block()",
        "● mark()",
        "│ pushing",
        "● push(distance=",
    ]
    order += ["reward +1.000", "success  score 1.000  1 turn, 3 calls", "episode.html", "codeact replay"]
    places = [shown.stdout.index(part) for part in order]
    assert places == sorted(places)
    (run,) = runs.iterdir()
    assert {file.name for file in run.iterdir()} == {"trace.jsonl", "episode.mp4", "episode.html"}


def test_an_episode_that_ran_through_without_success_exits_with_0(tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text(
        "I look.\n<execute>\nprint(block())\n</execute>\n---\n<execute>\nfinish('I give up')\n</execute>\n"
    )
    shown = codeact(
        "run", PUSH, "--model", f"scripted:{script}", "--max-turns", 3, "--no-video", "--out", tmp_path / "runs"
    )
    assert shown.returncode == 0, shown.stderr
    assert "no success  score 0.000" in shown.stdout
    assert "answer: 'I give up'" in shown.stdout
    assert shown.stdout.count("print(block())") == 1
    assert not list(tmp_path.glob("runs/*/*.mp4"))


def test_code_is_highlighted_on_a_terminal_and_output_cannot_move_it(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(
        json.dumps(["<execute>\nfor i in range(2):\n    print('\\x1b]0;evil\\x07[red]\\x1b[2J', i)\n</execute>"])
    )
    shown = codeact("run", PUSH, "--model", f"scripted:{script}", "--max-turns", 1, "--out", tmp_path, FORCE_COLOR="1")
    assert "\x1b[94;49mfor\x1b[0m" in shown.stdout
    assert "[red] 0" in re.sub(r"\x1b\[[\d;]*m", "", shown.stdout), "markup of others is text"
    assert "\x1b]" not in shown.stdout
    assert "\x1b[2J" not in shown.stdout


@pytest.mark.parametrize(
    ("option", "refused"), [("never-physical", True), ("read-only", True), ("ask", True), ("always", False)]
)
def test_approval(tmp_path: Path, option: str, refused: bool) -> None:
    shown = codeact("run", PUSH, "--agent", "oracle", "--no-video", "--approve", option, "--out", tmp_path)
    assert shown.returncode == 0
    assert ("refused: " in shown.stdout) == refused, "nobody is at the terminal to be asked"


def test_an_approval_that_is_not_known_lets_nothing_pass() -> None:
    with pytest.raises(CodeActError, match=r"there is no such approval; did you mean 'always'\?"):
        policy_of(["Always"], print)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run"], 2, "Missing argument"),
        (["run", "line_world:Line/Psuh-v0", "--agent", "oracle"], 2, "did you mean Line/Push-v0"),
        (["run", "stack2", "--agent", "oracle"], 2, "did you mean CodeAct/Stack2-v0"),
        (["run", PUSH, "--agent", "oracle", "--model", "embedded"], 2, "not both"),
        (["run", PUSH, "--agent", "oracle", "--tier", "low"], 1, "has no option 'tier'; leave out --tier"),
        (["run", PUSH, "--seed", "x"], 2, "valid integer"),
        (["run", PUSH, "--approve", "maybe"], 2, "never-physical"),
        (["run", "Line/*", "--agent", "oracle"], 2, "no task matches"),
        (["run", PUSH, "--model", "nonsense"], 2, "no agent is called 'nonsense'"),
        (["run", PUSH, "--agent", "oracle", "--max-turns", "3"], 1, "has no model"),
        (["eval", "--tasks", PUSH, "--seeds", "5-1", "--agent", "oracle", "--out", "o"], 2, "write 1-5"),
        (["eval", "--tasks", PUSH], 2, "--out"),
        (["eval", "--out", "o"], 2, "give --tasks, or a file with --suite"),
        (["eval", "--suite", "s.yaml", "--seeds", "1", "--out", "o"], 2, "leave out --seeds, or --suite"),
        (["eval", "--suite", "no.yaml", "--out", "o"], 2, "no.yaml: cannot be read"),
        (["tasks", "check", "CodeAct/Nothing-v0"], 2, "there is no task"),
        (["replay", "nothing"], 1, "No such file"),
        (["fly"], 2, "No such command"),
    ],
)
def test_mistakes_get_one_clear_message(arguments: list[str], code: int, message: str, tmp_path: Path) -> None:
    shown = codeact(*arguments, cwd=tmp_path)
    assert shown.returncode == code, shown.stderr
    assert message in " ".join(re.sub("[│╭╮╰╯─]", " ", shown.stderr).split())
    assert "Traceback" not in shown.stderr


def test_a_run_that_breaks_exits_with_1(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    shown = codeact("run", PUSH, "--agent", "oracle", "--out", file)
    assert shown.returncode == 1
    assert "cannot be made" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_ctrl_c_stops_the_robot_and_keeps_the_files(tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("<execute>\nprint('off I go')\ncreep(60)\n</execute>")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "codeact.cli",
            "run",
            PUSH,
            "--model",
            f"scripted:{script}",
            "--out",
            str(tmp_path / "runs"),
        ],
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert any("off I go" in line for line in process.stdout)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "the robot was stopped" in errors
    assert "Traceback" not in errors
    assert "ended: interrupted" in out
    (run,) = (tmp_path / "runs").iterdir()
    trace = read_trace(run)
    assert trace.ended is not None
    assert trace.ended.reason == "interrupted"
    assert {file.name for file in run.iterdir()} == {"trace.jsonl", "episode.mp4", "episode.html"}


def test_an_evaluation_off_a_terminal_prints_a_line_an_episode_and_a_table(tmp_path: Path) -> None:
    arguments = ["eval", "--tasks", PUSH, "--seeds", "0-2,7", "--agent", "oracle", "--out", str(tmp_path)]
    shown = codeact(*arguments)
    assert shown.returncode == 0, shown.stderr
    assert len(re.findall(r"^\[\d/4\] .* success, score 1\.000", shown.stdout, re.MULTILINE)) == 4
    assert re.search(r"Line/Push-v0 +4 +100\.0% +0\.51–1\.00", shown.stdout)
    assert "\x1b" not in shown.stdout
    again = codeact(*arguments)
    assert again.returncode == 1
    assert "go on with --resume" in again.stderr
    resumed = codeact(*arguments, "--resume")
    assert resumed.returncode == 0
    assert "4 of 4 episodes are there already" in resumed.stdout


def test_a_suite_is_evaluated_in_its_tier(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(f"tasks: [{PUSH!r}]\nseeds: 0-1\nperception: noisy\n")
    done = codeact("eval", "--suite", str(suite), "--agent", "oracle", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "tier noisy" in done.stdout
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 2


def test_an_evaluation_with_an_episode_that_broke_exits_with_1(tmp_path: Path) -> None:
    shown = codeact(
        "eval", "--tasks", "line_world:Line/Cursed-v0", "--seeds", "0-1", "--agent", "oracle", "--out", tmp_path
    )
    assert shown.returncode == 1
    assert "SIGKILL" in shown.stdout
    assert "50.0%" in shown.stdout


def test_doctor_says_what_is_here() -> None:
    shown = codeact("doctor")
    assert shown.returncode == 0, shown.stdout
    for part in (
        "Python",
        "extra bullet",
        "device",
        "embedded model",
        "tasks",
        "PyAV",
        "OpenGL",
        "landlock",
        "seccomp",
    ):
        assert part in shown.stdout


def test_doctor_names_the_level_and_tries_it() -> None:
    shown = " ".join(codeact("doctor").stdout.split())
    assert "level full wall: every layer that a session needs stands" in shown
    assert "a program ran in a worker of its own" in shown
    assert "without the filter it could not read, write, list, start or signal anything" in shown
    assert "All that codeact needs is here (exit status 0)." in shown


def test_what_doctor_tries_works_where_there_is_no_wall(tmp_path: Path) -> None:
    """Else that it fails behind the wall would say nothing."""
    from codeact.cli.doctor import ATTEMPTS

    file = tmp_path / "file"
    file.touch()
    *statements, last = ATTEMPTS.rstrip().split("\n")
    program = "\n".join([f"FILE, HOST = {str(file)!r}, {os.getpid()}", *statements, f"print({last})"])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.count("'") == 2 * 5, done.stdout


def test_doctor_as_json() -> None:
    shown = codeact("doctor", "--json")
    assert shown.returncode == 0, shown.stdout
    data = json.loads(shown.stdout)
    assert data["healthy"] is True
    assert (data["sandbox"]["level"], data["sandbox"]["in_words"]) == ("full", "full wall")
    layers = {layer["name"]: layer for layer in data["sandbox"]["layers"]}
    assert layers["landlock"]["reached"] is True
    assert {"process", "filter", "mounts", "uid", "rlimits", "landlock", "seccomp"} == set(layers)
    assert {finding["state"] for found in data["sections"].values() for finding in found} <= {"ok", "optional"}
    assert {"what": "Python", "state": "ok"}.items() <= data["sections"]["Machine"][0].items()


@pytest.mark.parametrize(
    ("lacking", "level"),
    [
        ("landlock", "reduced: without landlock"),
        ("seccomp landlock", "none: the kernel holds nothing back, without landlock and seccomp"),
        ("process", "none: no program can run here"),
    ],
)
def test_doctor_says_in_plain_words_what_is_left_without_a_layer(lacking: str, level: str) -> None:
    program = (
        "import sys, dataclasses\n"
        "from codeact.sandbox import levels\n"
        "def without(layer):\n"
        f"    if layer.name not in {lacking.split()!r}: return layer\n"
        "    return dataclasses.replace(layer, reached=False, detail='not here', remedy='use another kernel')\n"
        "whole = levels.level()\n"
        "here = levels.WallLevel(tuple(map(without, whole.layers)))\n"
        "levels.level = lambda workspace=True: here\n"
        "import codeact.sandbox; codeact.sandbox.level = levels.level\n"
        "from codeact.cli import main\n"
        "sys.argv = ['codeact', 'doctor', *sys.argv[1:]]; main()\n"
    )

    def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)

    shown = doctor()
    words = " ".join(shown.stdout.split())
    assert shown.returncode == 1, shown.stderr
    assert f"✗ level {level}; a sandbox refuses to start → mend the lines with ✗ below" in words
    assert "not here → use another kernel" in words
    assert ("--without" in words) == (lacking != "process")
    data = json.loads(doctor("--json").stdout)
    assert (data["healthy"], data["sandbox"]["in_words"]) == (False, level)
    assert data["sandbox"]["level"] == level.split(":")[0]


def test_doctor_says_how_to_mend(tmp_path: Path) -> None:
    """Without site packages but codeact's own requirements, the extras are missing."""
    program = (
        "import importlib.metadata as m\n"
        "real = m.version\n"
        "def version(name):\n"
        "    if name in ('pybullet', 'torch', 'httpx'): raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version\n"
        "from codeact.cli import main\n"
        "import sys; sys.argv = ['codeact', 'doctor']; main()\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert shown.returncode == 1
    assert "not installed: httpx" in shown.stdout
    assert 'pip install "codeact[bullet]"' in shown.stdout
    assert 'pip install "codeact[local]"' in shown.stdout


def test_tasks_are_listed_with_their_tiers() -> None:
    shown = codeact("tasks")
    assert shown.returncode == 0
    assert len(re.findall(r"^CodeAct/\w+-v0 ", shown.stdout, re.MULTILINE)) >= 8
    assert "CodeAct/Push-v0" in codeact("tasks", "list", "CodeAct/P*").stdout


@pytest.mark.slow
def test_a_task_is_held_against_the_gate() -> None:
    good = codeact("tasks", "check", PUSH, "--seeds", "0-1")
    assert good.returncode == 0, good.stdout
    assert "Line/Push-v0: passes" in good.stdout
    bad = codeact("tasks", "check", "line_world:Line/Lazy-v0", "--seeds", "0-1")
    assert bad.returncode == 1
    assert "FAIL oracle: the reference program solves 0 of 2" in bad.stdout


@pytest.mark.slow
def test_the_arm_plays_and_replays_bit_for_bit(tmp_path: Path) -> None:
    shown = codeact("run", "CodeAct/Reach-v0", "--seed", 1, "--agent", "oracle", "--no-video", "--out", tmp_path)
    assert shown.returncode == 0, shown.stderr
    (run,) = tmp_path.iterdir()
    again = codeact("replay", run)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "equal: all 2 state hashes are as recorded" in again.stdout
    assert "● " in codeact("replay", run, "--show").stdout

    trace = run / "trace.jsonl"
    recorded = trace.read_text()
    trace.write_text(recorded.replace('"code":"', '"code":"home()\\nmove_to(0.4, 0.1, 0.3)\\n'))
    other = codeact("replay", run)
    assert other.returncode == 1
    assert "not equal: after turn 1, state_hash is" in other.stdout


def test_who_would_watch_without_a_display_is_told_so(tmp_path: Path) -> None:
    shown = codeact("run", "CodeAct/Reach-v0", "--agent", "oracle", "--window", "--out", tmp_path, DISPLAY="")
    assert shown.returncode == 1
    assert "needs a display, and DISPLAY is not set" in shown.stderr
    assert not list(tmp_path.iterdir())
