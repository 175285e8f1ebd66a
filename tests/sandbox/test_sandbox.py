# ruff: noqa: E501  (programs in strings: a line is a program)
"""A session as its user sees it: variables last, errors read well, limits hold, tools are called, approvals are asked."""

from __future__ import annotations

import asyncio
import enum
import errno
import os
import platform
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from codeact.errors import SandboxError
from codeact.events import CallFinished, CallStarted, Event, Printed
from codeact.sandbox import Execution, Limits, Sandbox, level, running
from codeact.sandbox.kernel import seccomp
from codeact.tools import PendingCall, Refusal, Tool, Toolbox, finish_tool, tool
from codeact.values import Image


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Point:
    """A place, in metres."""

    x: float
    y: float = 0.0


@dataclass
class Box:
    name: str
    at: Point
    colour: Colour = Colour.RED
    tags: list[str] = field(default_factory=list)


class TooFar(ValueError):
    """Out of reach."""


class Camera:
    def snapshot(self, width: int = 4) -> Image:
        """A grey picture."""
        return Image(np.full((2, width), 7, np.uint8))


@tool(effect="read")
def add(a: float, b: float = 1.0) -> float:
    """Add two numbers."""
    return a + b


@tool
def echo(value: object) -> object:
    """Give back what came."""
    return value


@tool(effect="read")
def find(name: str) -> Box:
    """The box of that name."""
    return Box(name, Point(1.5, 2.5), Colour.BLUE, ["big"])


@tool
def put(box: Box, at: Point) -> str:
    """Put a box somewhere."""
    assert type(box) is Box
    assert type(at) is Point
    return f"{box.name} {box.colour.name} at {at.x:g}, {at.y:g}"


@tool
def reach(distance: float) -> None:
    """Reach out.

    Raises:
        TooFar: beyond one metre.
    """
    if distance > 1:
        raise TooFar(f"{distance:g} m is beyond 1 m")
    raise KeyError("nothing there")


@tool
def broken() -> None:
    """Fail with an error of the host's own."""
    raise asyncio.InvalidStateError("inner")


@tool
async def later(seconds: float) -> str:
    """Wait, and say so."""
    await asyncio.sleep(seconds)
    return "waited"


BOX = Toolbox(
    [
        add,
        echo,
        find,
        put,
        reach,
        broken,
        later,
        finish_tool(),
        Toolbox.of(Camera(), name="camera", allow=["snapshot"]),
    ],
    errors=[TooFar],
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(BOX) as made:
        yield made


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    shared.reset()
    return shared


def value(sandbox: Sandbox, code: str) -> object:
    execution = sandbox.run(code)
    assert execution.error is None, execution.error.text
    return execution.value


def failed(sandbox: Sandbox, code: str) -> tuple[str, str]:
    error = sandbox.run(code).error
    assert error is not None
    return error.type, error.text


# ---- variables --------------------------------------------------------------------------------------------------------


def test_variables_functions_classes_and_imports_last(sandbox: Sandbox) -> None:
    sandbox.run("import math as m\nx = 2\ndef f(y): return x * y\nclass A:\n    n = 5")
    sandbox.run("x = 3")
    assert value(sandbox, "m.floor(f(A.n) + 0.5)") == 15


def test_what_ran_before_an_error_lasts(sandbox: Sandbox) -> None:
    sandbox.run("a = 1\nb = 1 / 0")
    assert value(sandbox, "a") == 1


def test_reset_forgets(sandbox: Sandbox) -> None:
    sandbox.run("x = 1")
    sandbox.reset()
    assert failed(sandbox, "x")[0] == "NameError"


def test_reset_does_not_wait(sandbox: Sandbox) -> None:
    times = []
    for _ in range(20):
        sandbox.run("x = 1")
        started = time.perf_counter()
        sandbox.reset()
        times.append(time.perf_counter() - started)
    assert sorted(times)[5] < 0.1  # to start a zygote takes several times as long


def test_many_resets_in_a_row(sandbox: Sandbox) -> None:
    for _ in range(200):
        sandbox.reset()
    assert value(sandbox, "1 + 1") == 2


def test_the_same_program_gives_the_same_result() -> None:
    code = "import random, numpy as np\n(random.random(), np.random.rand(), np.random.default_rng().random(), hash('a'), list({'a', 'b', 'c'}))"
    with Sandbox(seed=5) as one, Sandbox(seed=5) as two, Sandbox(seed=6) as other:
        assert value(one, code) == value(two, code)
        assert value(one, "random.random()") != value(other, "import random\nrandom.random()")


# ---- branches ---------------------------------------------------------------------------------------------------------


def test_a_branch_has_the_same_variables_and_its_own_future(sandbox: Sandbox) -> None:
    sandbox.run("x = [1]\ndef f(): return len(x)")
    with sandbox.branch() as other:
        assert value(other, "x.append(2)\nf()") == 2
        assert value(sandbox, "f()") == 1
        assert value(sandbox, "x.append(9)\nx") == [1, 9]
        assert value(other, "add(f())") == 3
    assert value(sandbox, "f()") == 2


def test_a_branch_of_a_branch_outlives_both(sandbox: Sandbox) -> None:
    sandbox.run("x = 1")
    one = sandbox.branch()
    one.run("x += 1")
    two = one.branch()
    one.close()
    sandbox.reset()
    assert value(two, "x += 1\nx") == 3
    two.close()


def test_a_branch_follows_the_same_chance(sandbox: Sandbox) -> None:
    sandbox.run("import random")
    with sandbox.branch() as other:
        assert value(other, "random.random()") == value(sandbox, "random.random()")


def test_after_a_branch_no_program_can_fork() -> None:
    clone = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    with Sandbox(without=("filter",)) as sandbox:
        # As a branch is made: the one way that seccomp leaves, and the limit on processes closes.
        sandbox.run(
            "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            f"def clone():\n    return libc.syscall({clone}, {seccomp.FORK_FLAGS}, 0, 0, 0, 0), ctypes.get_errno()"
        )
        with sandbox.branch() as other:
            for session in (sandbox, other):
                assert value(session, "clone()") == (-1, errno.EAGAIN)
                assert failed(session, "os.fork()")[0] == "PermissionError"


# ---- errors -----------------------------------------------------------------------------------------------------------


def test_an_error_shows_the_programs_own_lines(sandbox: Sandbox) -> None:
    execution = sandbox.run("def area(w):\n    return w * hieght\n\nheight = 2\nprint(area(3))")
    assert execution.error is not None
    assert execution.error.type == "NameError"
    assert execution.error.line == 2
    assert execution.observation() == (
        "Traceback (most recent call last):\n"
        "  line 5\n"
        "    print(area(3))\n"
        "          ^^^^^^^\n"
        "  line 2, in area\n"
        "    return w * hieght\n"
        "               ^^^^^^\n"
        "NameError: name 'hieght' is not defined. Did you mean: 'height'?"
    )


def test_an_error_in_a_function_of_an_earlier_program(sandbox: Sandbox) -> None:
    sandbox.run("def f(x):\n    return 1 / x")
    _, text = failed(sandbox, "f(0)")
    assert "line 2 of an earlier program, in f\n    return 1 / x\n           ^^^^^" in text


def test_a_syntax_error_points_at_the_place(sandbox: Sandbox) -> None:
    execution = sandbox.run("x = 1\nif x = 1:\n    pass")
    assert execution.error is not None
    assert execution.error.line == 2
    assert execution.error.text.startswith("  line 2\n    if x = 1:\n       ^^^^^\nSyntaxError: invalid syntax.")


@pytest.mark.parametrize(
    ("code", "kind", "part"),
    [
        ("import os", "ModuleNotFoundError", "files and the system cannot be reached from here"),
        ("import maths", "ModuleNotFoundError", "Available: "),
        ("from math import squareroot", "ImportError", "squareroot"),
        ("math.sqrt(2)", "NameError", "Did you forget to import 'math'?"),
        ("ad(1, 2)", "NameError", "Did you mean: 'add'?"),
        ("[].apend(1)", "AttributeError", "Did you mean: 'append'?"),
        ("camera.snapshoot()", "AttributeError", "Did you mean: 'snapshot'?"),
        ("open('x')", "PermissionError", "files cannot be reached from here"),
        ("[].__len__()", "AttributeError", "use len(x)"),
        ("().__subclasses__()", "NotAllowed", "keep a list"),
        ("raise ValueError('mine')", "ValueError", "ValueError: mine"),
        ("def f(): f()\nf()", "RecursionError", "more calls"),
        ("assert 1 == 2, 'no'", "AssertionError", "no"),
        ("'é' * 3 + 1", "TypeError", "^^^^^^^^^^^"),
        ("x = (1,\n", "SyntaxError", "'(' was never closed"),
        ("x = 'a\0b'", "SyntaxError", "null bytes"),
        ("(" * 300 + ")" * 300, "SyntaxError", "nested"),
    ],
)
def test_errors_say_what_helps(sandbox: Sandbox, code: str, kind: str, part: str) -> None:
    found, text = failed(sandbox, code)
    assert found == kind, text
    assert part in text
    assert "codeact" not in text
    assert "/" not in text.replace("1 / ", "") or "Available" in text


def test_a_program_that_is_no_text(sandbox: Sandbox) -> None:
    assert failed(sandbox, "x = '\ud800'")[0] == "SyntaxError"
    assert failed(sandbox, "#" * 300_000)[0] == "SyntaxError"
    assert value(sandbox, "") is None


# ---- output and events ------------------------------------------------------------------------------------------------


def test_events_come_live_and_in_order(sandbox: Sandbox) -> None:
    events: list[Event] = []
    sandbox.run("print('a')\nadd(1)\nprint('b')\nprint('c')\nadd(2)", on_event=events.append)
    kinds = [type(event) for event in events]
    assert kinds[:4] == [Printed, CallStarted, CallFinished, Printed]
    assert "".join(event.text for event in events if isinstance(event, Printed)) == "a\nb\nc\n"
    assert kinds[-2:] == [CallStarted, CallFinished]


def test_output_comes_before_the_program_ends(sandbox: Sandbox) -> None:
    told: list[float] = []
    started = time.monotonic()
    sandbox.run(
        "print('now')\nimport time\ntime.sleep(0.5)", on_event=lambda _: told.append(time.monotonic() - started)
    )
    assert told[0] < 0.4


def test_a_failing_listener_is_the_hosts_error_and_the_session_lives(sandbox: Sandbox) -> None:
    sandbox.run("x = 1")

    def listen(event: Event) -> None:
        raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        sandbox.run("print(1)\nadd(1)", on_event=listen)
    assert value(sandbox, "x") == 1


# ---- tools ------------------------------------------------------------------------------------------------------------


def test_tools_and_groups_of_tools(sandbox: Sandbox) -> None:
    execution = sandbox.run(
        "a = add(1, b=2)\npicture = camera.snapshot(width=3)\n(a, picture.width, picture.array.sum())"
    )
    assert execution.value == (3.0, 3, 42)
    assert [(call.tool, call.arguments, call.ok) for call in execution.calls] == [
        ("add", {"a": 1.0, "b": 2.0}, True),
        ("camera.snapshot", {"width": 3}, True),
    ]


def test_declared_types_cross_both_ways(sandbox: Sandbox) -> None:
    code = "b = find('crate')\nb.tags.append('seen')\nb.colour = Colour.RED\n(b, b.at.x, put(b, Point(x=3)), Colour('blue'))"
    box, x, said, colour = value(sandbox, code)  # type: ignore[misc]
    assert box == Box("crate", Point(1.5, 2.5), Colour.RED, ["big", "seen"])
    assert (x, said, colour) == (1.5, "crate RED at 3, 0", Colour.BLUE)


def test_a_dataclass_with_wrong_fields_is_refused(sandbox: Sandbox) -> None:
    kind, text = failed(sandbox, "put(Box(name='b', at='here'), Point(1))")
    assert kind == "ArgumentError", text
    assert "at" in text


def test_errors_of_tools_can_be_caught_by_name(sandbox: Sandbox) -> None:
    code = """
said = []
for distance in (2, 0.5):
    try:
        reach(distance)
    except TooFar as error:
        said.append(('far', str(error), isinstance(error, ValueError)))
    except KeyError as error:
        said.append(('key', error.args[0]))
try:
    broken()
except ToolError as error:
    said.append(str(error))
try:
    add('x')
except ArgumentError as error:
    said.append(type(error).__name__)
said
"""
    assert value(sandbox, code) == [
        ("far", "2 m is beyond 1 m", True),
        ("key", "nothing there"),
        "InvalidStateError: inner",
        "ArgumentError",
    ]


def test_an_async_tool_is_called_like_any_other(sandbox: Sandbox) -> None:
    assert value(sandbox, "later(0.01)") == "waited"
    assert value(sandbox, "async def f(): return await later(0)\nawait f()") == "waited"


def test_finish_ends_the_program_successfully(sandbox: Sandbox) -> None:
    execution = sandbox.run("try:\n    finish({'n': 1})\nexcept:\n    pass\nprint('never')")
    assert (execution.ok, execution.ended, execution.answer, execution.stdout) == (True, True, {"n": 1}, "")
    assert execution.error is None


def test_a_tool_that_returns_what_cannot_cross(sandbox: Sandbox) -> None:
    @tool
    def handle() -> object:
        """Give a handle."""
        return threading.Lock()

    with Sandbox(Toolbox([handle])) as other:
        kind, text = failed(other, "handle()")
        assert kind in ("UnsupportedValue", "ToolError", "TypeError"), text
        assert "lock" in text


def test_tools_are_read_only(sandbox: Sandbox) -> None:
    for code in ("add.x = 1", "camera.snapshot = 1", "setattr(camera, 'x', 1)", "del camera.snapshot"):
        assert failed(sandbox, code)[0] == "TypeError"
    assert value(sandbox, "add = 3\ndel add\nadd(1)") == 2.0


def test_approval(sandbox: Sandbox) -> None:
    seen: list[PendingCall] = []

    def approve(call: PendingCall) -> object:
        seen.append(call)
        if call.tool == "echo":
            return Refusal("not today")
        if call.tool == "find":
            raise RuntimeError("policy bug")
        return None

    with Sandbox(BOX, approve=approve) as careful:  # type: ignore[arg-type]
        execution = careful.run(
            "said = [add(1)]\nfor f in (echo, find):\n    try:\n        f('x')\n    except Refused as e:\n        said.append(str(e))\nsaid"
        )
    assert execution.value == [2.0, "not today", "the approval policy failed: RuntimeError: policy bug"]
    assert [call.refused for call in execution.calls] == [
        None,
        "not today",
        "the approval policy failed: RuntimeError: policy bug",
    ]
    assert seen[0].arguments == {"a": 1.0, "b": 1.0}


@pytest.mark.real_time
def test_approval_may_take_its_time() -> None:
    def slow(call: PendingCall) -> None:
        time.sleep(2.5)

    with Sandbox(BOX, approve=slow, limits=Limits(wall_s=2, tool_s=2)) as sandbox:
        execution = sandbox.run("add(1)")
    assert execution.value == 2.0
    assert execution.code_seconds < 2


# ---- limits and interruption ------------------------------------------------------------------------------------------


@pytest.mark.real_time
def test_the_time_in_tools_is_not_the_programs(sandbox: Sandbox) -> None:
    with Sandbox(BOX, limits=Limits(wall_s=2)) as quick:
        execution = quick.run("later(2.5)")
    assert execution.value == "waited"
    assert execution.tool_seconds >= 2.5
    assert execution.code_seconds < 2


def test_processor_time_is_limited_on_its_own() -> None:
    with Sandbox(limits=Limits(wall_s=20, cpu_s=0.3)) as sandbox:
        execution = sandbox.run("import time\ntime.sleep(0.5)\nprint('slept')\nwhile True: pass")
    assert execution.stdout == "slept\n"
    assert execution.error is not None
    assert "processor time" in execution.error.message
    assert execution.seconds < 15


def test_a_tool_that_never_returns_is_given_up() -> None:
    release = threading.Event()

    @tool(effect="read")
    def stuck() -> str:
        """Wait for ever."""
        release.wait(20)
        return "late"

    with Sandbox(Toolbox([stuck, add]), limits=Limits(tool_s=0.3)) as sandbox:
        sandbox.run("x = 5")
        started = time.monotonic()
        execution = sandbox.run("stuck()")
        assert time.monotonic() - started < 10
        assert execution.error is not None
        assert execution.error.type == "TimeLimit"
        assert "may still be running" in execution.error.message
        assert not execution.restarted
        assert value(sandbox, "add(x)") == 6.0
        release.set()
        time.sleep(0.05)
        assert value(sandbox, "add(x)") == 6.0


@pytest.mark.real_time
def test_each_tool_has_its_own_time_also_after_one_that_had_more() -> None:
    @tool(effect="read", timeout_s=20)
    def patient() -> None:
        pass

    @tool(effect="read", timeout_s=0.1)
    def hasty(seconds: float) -> None:
        time.sleep(seconds)

    program = """
for _ in range(20):
    patient()
    hasty(0.0)
try:
    hasty(5.0)
except TimeoutError:
    print("late")
"""
    with Sandbox(Toolbox([patient, hasty])) as sandbox:
        begin = time.monotonic()
        assert sandbox.run(program).stdout == "late\n"
    assert time.monotonic() - begin < 4


@pytest.mark.real_time
def test_the_thread_that_waits_is_not_woken_by_each_call_of_a_tool_with_a_time_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @tool(effect="read", timeout_s=20)
    def look() -> int:
        return 1

    woken, wake = [], running.Running._wake

    def counted(self: running.Running) -> None:
        woken.append(self)
        wake(self)

    monkeypatch.setattr(running.Running, "_wake", counted)
    with Sandbox(Toolbox([look])) as sandbox:
        assert sandbox.run("sum(look() for _ in range(100))").value == 100
    assert len(woken) < 50


def test_a_tools_own_time_limit_can_be_caught() -> None:
    release = threading.Event()

    @tool(effect="read", timeout_s=0.2)
    def stuck() -> None:
        """Wait for long."""
        release.wait(20)

    with Sandbox(Toolbox([stuck])) as sandbox:
        assert (
            value(sandbox, "try:\n    stuck()\nexcept TimeoutError as e:\n    said = str(e)\nsaid[:15]")
            == "stuck() did not"
        )
        release.set()


class Gantry:
    """Moves until it arrives or is stopped."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.thread: int | None = None
        self.moving = threading.Event()

    def move(self, seconds: float) -> bool:
        self.thread = threading.get_ident()
        self.moving.set()
        return not self.stopped.wait(seconds)

    def tool(self) -> Tool:
        return Tool(self.move, effect="physical", stop=self.stopped.set, name="move")


def test_a_motion_is_stopped_first_and_then_reported() -> None:
    gantry = Gantry()
    with Sandbox(Toolbox([gantry.tool(), add]), limits=Limits(tool_s=0.3)) as sandbox:
        started = time.monotonic()
        execution = sandbox.run("add(1)\nmove(20)")
        assert time.monotonic() - started < 10
    assert gantry.stopped.is_set()
    assert gantry.thread == threading.get_ident()
    assert execution.error is not None
    assert "was stopped" in execution.error.message
    assert not execution.restarted


def test_interrupt_stops_what_moves() -> None:
    gantry = Gantry()
    with Sandbox(Toolbox([gantry.tool()])) as sandbox:
        sandbox.run("x = 1")
        threading.Thread(target=lambda: (gantry.moving.wait(60), sandbox.interrupt())).start()
        execution = sandbox.run("try:\n    move(20)\nexcept Exception:\n    pass\nprint('went on')")
        assert gantry.stopped.is_set()
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        assert execution.stdout == ""
        assert value(sandbox, "x") == 1


@pytest.mark.parametrize(
    "code",
    ["while True: pass", "import time\ntime.sleep(100)", "later(100)", "from itertools import count\nsum(count())"],
)
def test_interrupt_from_another_thread(code: str) -> None:
    with Sandbox(BOX) as sandbox:
        sandbox.run("x = 1")
        threading.Timer(0.3, sandbox.interrupt).start()
        started = time.monotonic()
        execution = sandbox.run(code)
        assert time.monotonic() - started < 10
        assert execution.error is not None
        assert execution.error.type == "Interrupted", execution.error.text
        assert execution.restarted == ("sum" in code)
        assert value(sandbox, "1 + 1") == 2


@pytest.mark.parametrize("code", ["while True: pass", "later(100)", "import time\ntime.sleep(100)"])
@pytest.mark.real_time
def test_ctrl_c_leaves_the_run_and_the_session_usable(code: str) -> None:
    with Sandbox(BOX) as sandbox:
        sandbox.run("x = 1")
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            sandbox.run(code)
        assert value(sandbox, "x") == 1


def test_interrupt_without_a_program_does_nothing(sandbox: Sandbox) -> None:
    sandbox.interrupt()
    assert value(sandbox, "1") == 1


def test_one_program_at_a_time() -> None:
    with Sandbox(BOX) as sandbox:
        thread = threading.Thread(target=lambda: sandbox.run("later(0.5)"))
        thread.start()
        time.sleep(0.2)
        for attempt in (lambda: sandbox.run("1"), sandbox.reset, sandbox.branch):
            with pytest.raises(SandboxError, match="one at a time"):
                attempt()
        thread.join()
        assert value(sandbox, "1") == 1


def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox()
    sandbox.close()
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.run("1")


def test_the_wrong_use_is_explained() -> None:
    with pytest.raises(SandboxError, match="wall_s"):
        Limits(wall_s=0)
    with pytest.raises(SandboxError, match="wall_s"):
        Limits(wall_s=float("inf"))
    with pytest.raises(SandboxError, match="value_bytes must be a whole number"):
        Limits(value_bytes=1e6)  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="memory_mb"):
        Limits(memory_mb=10**15)
    with pytest.raises(SandboxError, match="takes a Limits"):
        Sandbox(limits={"wall_s": 5})  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="seed takes a whole number"):
        Sandbox(seed=None)  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="collection of names"):
        Sandbox(without="filter")
    with pytest.raises(SandboxError, match="the layers are filter"):
        Sandbox(without=("firewall",))


def test_limits_may_be_longer_than_the_kernel_waits_at_once() -> None:
    with Sandbox(limits=Limits(wall_s=1e9, cpu_s=1e9, tool_s=1e9)) as sandbox:
        assert sandbox.run("6 * 7").value == 42


def test_a_missing_layer_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from codeact.sandbox import levels
    from codeact.sandbox.kernel import wall

    monkeypatch.setattr(wall, "landlock_abi", lambda: 0)
    levels.level.cache_clear()
    try:
        with pytest.raises(SandboxError, match=r"layer 'landlock' is missing.*without=\('landlock',\)"):
            Sandbox()
        assert [layer.name for layer in level().missing] == ["landlock"]
        with Sandbox(without=("landlock",)) as sandbox:
            assert value(sandbox, "1") == 1
    finally:
        monkeypatch.undo()
        levels.level.cache_clear()
    assert "landlock" in str(level())


def test_many_sandboxes_in_many_threads() -> None:
    results: list[Execution] = []

    def work(number: int) -> None:
        with Sandbox(BOX) as sandbox:
            sandbox.run(f"x = {number}")
            results.append(sandbox.run("total = 0\nfor i in range(20): total += add(i, x)\ntotal"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(execution.value for execution in results) == [190.0 + 20 * number for number in range(8)]


def test_sessions_leave_no_descriptor_behind() -> None:
    def round_trip() -> None:
        with Sandbox(BOX) as sandbox:
            sandbox.run("add(1)")
            with sandbox.branch() as other:
                other.run("1")

    round_trip()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        round_trip()
    assert len(os.listdir("/proc/self/fd")) <= before + 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"limits": {"wall_s": 3}}, r"limits takes a Limits, such as Limits\(wall_s=5\), not dict"),
        ({"approve": "always"}, "approve takes a function that looks at each call, not 'always'"),
    ],
)
def test_an_option_of_a_wrong_kind_is_refused_at_once(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        Sandbox(**wrong)


def test_a_count_is_a_whole_number() -> None:
    with pytest.raises(SandboxError, match=r"limit calls must be a whole number, not 1\.5"):
        Limits(calls=1.5)  # type: ignore[arg-type]
    assert Limits(wall_s=1.5).wall_s == 1.5


@pytest.mark.parametrize("code", ["x = bytearray(3 * 10**9)", "import numpy as np\nnp.ones(10**9)"])
def test_a_program_that_takes_too_much_memory_hears_how_much_it_may_have(code: str) -> None:
    with Sandbox(limits=Limits(memory_mb=200)) as sandbox:
        error = sandbox.run(code).error
    assert error is not None
    assert error.message.endswith("; limit memory_mb allows 200")
    assert error.text.endswith(error.message)
