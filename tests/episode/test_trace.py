"""The trace: complete, readable line by line whatever happens, and strict about what it accepts."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import line_world  # noqa: F401 - registers the world
import msgspec
import numpy as np
import pytest

from codeact import events
from codeact.agent import ProgramAgent
from codeact.episode import TraceWriter, head_of, play, read_trace, schema
from codeact.errors import TraceError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    env = gymnasium.make("Line/Push-v0", render_mode="rgb_array_list")
    agent = ProgramAgent(["print('hello')\nblock()", "push(7.0)", env.unwrapped.oracle()])  # type: ignore[attr-defined]
    episode = play(agent, env, seed=3, out=tmp_path_factory.mktemp("runs"))
    env.close()
    assert episode.directory is not None
    return episode.directory


def test_a_run_has_a_folder_of_its_own_with_three_files(run: Path) -> None:
    assert re.fullmatch(r"\d{8}-\d{6}-Push-v0-3", run.name)
    assert {file.name for file in run.iterdir()} == {"trace.jsonl", "episode.mp4", "episode.html"}


def test_every_line_is_an_object_that_says_what_it_is_and_when(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "trace.jsonl").read_text().splitlines()]
    assert lines[0]["event"] == "Trace"
    assert lines[0]["version"] == schema.VERSION
    assert lines[0]["environment"] == {"id": "Line/Push-v0", "kwargs": {}, "lost": [], "tools": {}}
    assert lines[0]["packages"]["gymnasium"] == gymnasium.__version__
    times = [line["at"] for line in lines]
    assert times == sorted(times)
    assert lines[-1]["event"] == "EpisodeEnded"


def test_it_reads_back_typed(run: Path) -> None:
    trace = read_trace(run)
    assert not trace.torn
    assert trace.ended is not None
    assert trace.ended.success
    calls = [line.call for line in trace.lines if isinstance(line, schema.CallFinished)]
    assert [call.tool for call in calls] == ["block", "push", "mark", "block", "push"]
    assert calls[1].arguments == {"distance": 7.0}
    assert str(calls[1].error).startswith("OffTheLine: ")
    frames = [line.frames for line in trace.lines if isinstance(line, schema.Stepped)]
    assert frames == sorted(frames)  # type: ignore[type-var]
    assert frames[-1] == 6


def test_every_event_can_be_recorded_and_every_recorded_field_is_documented() -> None:
    text = (ROOT / "docs/trace.md").read_text()
    recorded = {kind.__name__: kind for kind in schema.AnyLine.__args__}  # type: ignore[attr-defined]
    assert {kind.__name__ for kind in events.Event.__args__} | {"Trace"} == set(recorded)  # type: ignore[attr-defined]
    for name, kind in [*recorded.items(), ("CallFinished", schema.CallRecord), ("Trace", schema.MadeOf)]:
        (section,) = re.findall(rf"^### {name}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        for field in msgspec.structs.fields(kind):
            assert f"`{field.name}`" in section or field.name == "at", f"docs/trace.md, {name}: {field.name}"
    for kind in events.Event.__args__:  # type: ignore[attr-defined]
        if kind not in (events.CallFinished, events.Executed):
            told = {field.name for field in dataclasses.fields(kind)}
            drawn = {"at", "broken_rules"}  # the figures of `violations`
            assert told == {field.name for field in msgspec.structs.fields(recorded[kind.__name__])} - drawn


def _writer(tmp_path: Path) -> TraceWriter:
    env = gymnasium.make("Line/Push-v0")
    head = head_of(env, seed=0, agent="test")
    env.close()
    return TraceWriter(tmp_path / "trace.jsonl", head)


ODD_VALUES = [
    float("nan"),
    float("-inf"),
    2**200,
    10**5000,
    b"\x00\xff",
    {1, 2},
    {(1, 2): "pair"},
    np.zeros((3, 4), np.float32),
    np.zeros(100_000),
    np.int64(7),
    "half a pair \ud800 and a bell \x07",
    [[[["deep"]]]],
    None,
]


def test_any_value_that_crosses_can_be_recorded(tmp_path: Path) -> None:
    with _writer(tmp_path) as writer:
        for value in ODD_VALUES:
            writer(events.CallFinished(events.Call("tool", {"argument": value}, "read", value)))
    trace = read_trace(tmp_path)
    assert len(trace.lines) == len(ODD_VALUES)
    assert (tmp_path / "trace.jsonl").stat().st_size < 60_000, "large arrays are summed up"


def test_a_torn_last_line_is_left_out_and_said(run: Path, tmp_path: Path) -> None:
    whole = (run / "trace.jsonl").read_bytes()
    (tmp_path / "trace.jsonl").write_bytes(whole[:-10])
    trace = read_trace(tmp_path)
    assert trace.torn
    assert trace.ended is None
    assert len(trace.lines) == len(read_trace(run).lines) - 1


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "no whole line"),
        (["not json"], "not a trace"),
        (['{"event":"Printed","text":"x"}'], "not a trace"),
        (['{"event":"Trace","version":99}'], "version 99.*reads version 1"),
        (["HEAD", "{"], "line 2 .* is not a line of a trace"),
        (["HEAD", '{"event":"Surprise"}'], "line 2 .*Surprise"),
        (["HEAD", '{"event":"Printed","text":7}'], "line 2 .*Expected `str`"),
        (["HEAD", "[" * 5000 + "]" * 5000], "line 2 .*"),
    ],
)
def test_what_is_not_a_trace_is_refused_by_line(run: Path, tmp_path: Path, lines: list[str], message: str) -> None:
    head = (run / "trace.jsonl").read_text().splitlines()[0]
    (tmp_path / "trace.jsonl").write_text("".join(line.replace("HEAD", head) + "\n" for line in lines))
    with pytest.raises(TraceError, match=message):
        read_trace(tmp_path)


def test_a_missing_trace_is_said(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="No such file"):
        read_trace(tmp_path / "nothing")


CREEPING = """
import sys
import gymnasium, line_world
from codeact.agent import ProgramAgent
from codeact.episode import play
env = gymnasium.make("Line/Push-v0", render_mode="rgb_array_list")
play(ProgramAgent(["print('before')\\npush(0.01)", "print('now')\\ncreep(60)"]), env, seed=1, out=sys.argv[1],
     on_event=lambda event: print(type(event).__name__, flush=True))
"""


def start(program: str, folder: Path) -> subprocess.Popen[str]:
    """A Python process that has the world at hand, in a process group of its own."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def until(process: subprocess.Popen[str], line: str, times: int = 1) -> None:
    """Read what it prints until it has printed `line` so many times."""
    assert process.stdout is not None
    for printed in process.stdout:
        times -= printed.strip() == line
        if times == 0:
            return
    raise AssertionError(f"it ended before it said {line}: {process.stderr.read() if process.stderr else ''}")


def test_a_killed_episode_leaves_every_line_that_it_told(tmp_path: Path) -> None:
    process = start(CREEPING, tmp_path)
    until(process, "CallStarted", times=2)
    process.kill()
    process.communicate(timeout=20)
    (run,) = tmp_path.iterdir()
    trace = read_trace(run)
    names = [type(line).__name__ for line in trace.lines]
    assert names[-3:] == ["ActionChosen", "Printed", "CallStarted"]
    assert trace.ended is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_the_robot_and_finishes_the_files(tmp_path: Path, number: signal.Signals) -> None:
    process = start(CREEPING, tmp_path)
    until(process, "CallStarted", times=2)
    began = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - began < 20, "a motion of 60 s was stopped"
    assert "EpisodeInterrupted" in errors
    (run,) = tmp_path.iterdir()
    trace = read_trace(run)
    assert trace.ended is not None
    assert trace.ended.reason == "interrupted"
    creep = [line.call for line in trace.lines if isinstance(line, schema.CallFinished)][-1]
    assert creep.tool == "creep"
    assert creep.value is False or creep.error is not None, "it was not let finish"
    assert "interrupted" in (run / "episode.html").read_text()
    assert (run / "episode.mp4").stat().st_size > 0


def _fill(writer: TraceWriter) -> None:
    for _ in range(200):
        writer(events.Printed("x" * 100))


def test_a_full_disk_keeps_whole_lines_and_says_so(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: the same write fails half-way, with another reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = _writer(tmp_path)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
        with pytest.raises(TraceError, match=r"cannot be written any further.*stay readable"):
            _fill(writer)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, kept)
        writer.close()
    trace = read_trace(tmp_path)
    assert not trace.torn
    assert len(trace.lines) == writer.lines - 1 > 5


def test_a_full_disk_ends_an_episode_with_the_robot_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env: Any = gymnasium.make("Line/Push-v0")
    write = TraceWriter._write

    def full(self: TraceWriter, line: schema.Line) -> None:
        if isinstance(line, schema.CallStarted):
            raise TraceError("the trace cannot be written any further: No space left on device.")
        write(self, line)

    monkeypatch.setattr(TraceWriter, "_write", full)
    with pytest.raises(TraceError, match="No space left"):
        play(ProgramAgent(["creep(30)", "pass"]), env, out=tmp_path)
    assert env.unwrapped.interrupts > 0
    assert read_trace(next(tmp_path.iterdir())).lines
    env.close()
