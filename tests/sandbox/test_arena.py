"""Large arrays cross through shared memory: exactly, in any order, and never more of them than there is room for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from codeact.errors import UnsupportedValue
from codeact.events import CallFinished
from codeact.sandbox import Limits, Sandbox, arena
from codeact.sandbox.arena import LEAST_BYTES, HostMemory, Layout, Rooms
from codeact.sandbox.process.memory import WorkerMemory
from codeact.tools import Tool, Toolbox, tool
from codeact.values import Omitted, to_json, unpack
from codeact.values.forms import BYTES, TEXT

FRAME = np.arange(120_000, dtype=np.float64).reshape(300, 400)
seen: list[np.ndarray] = []


@tool(effect="read")
def frame() -> np.ndarray:
    """An array."""
    return FRAME


@tool(effect="read")
def keep(a: np.ndarray, b: np.ndarray) -> int:
    """Keep two arrays."""
    seen.extend((a, b))
    return len(seen)


@tool(effect="read")
def echo(text: str) -> str:
    """Give it back."""
    return text


@pytest.fixture
def memory() -> HostMemory:
    return HostMemory(1 << 20)


def floats(count: int) -> tuple[list[int], np.dtype, int]:
    return [count], np.dtype(float), 8 * count


def test_arrays_come_and_go_exactly_and_stay_what_they_were() -> None:
    seen.clear()
    with Sandbox(Toolbox([frame, keep])) as sandbox:
        code = "kept = [frame() for _ in range(3)]\n"
        code += "for n in range(5):\n    keep(kept[n % 3] + n, kept[0].T.copy()[::2])\nkept[1]"
        result = sandbox.run(code)
        assert result.ok, result.error
        assert np.array_equal(result.value, FRAME)
        for n in range(5):
            assert np.array_equal(seen[2 * n], FRAME + n)
            assert np.array_equal(seen[2 * n + 1], FRAME.T[::2])
        assert [call.arguments["a"] is array for call, array in zip(result.calls[3:], seen[::2], strict=True)] == [
            True
        ] * 5
        result.value[:] = 0  # the host's own
        assert np.array_equal(sandbox.run("kept[1]").value, FRAME)


def test_a_branch_has_memory_of_its_own() -> None:
    with Sandbox(Toolbox([frame, keep])) as sandbox:
        sandbox.run("a = frame()")
        with sandbox.branch() as other:
            assert np.array_equal(other.run("a += 1\na").value, FRAME + 1)
            assert np.array_equal(sandbox.run("a").value, FRAME)
            assert np.array_equal(other.run("frame()").value, FRAME)


def test_values_above_the_limit_are_refused_whichever_way_they_go() -> None:
    with Sandbox(Toolbox([frame, keep]), limits=Limits(value_bytes=500_000)) as sandbox:
        assert "at most 500,000 may cross" in sandbox.run("frame()").error.message
        code = "import numpy as np\nkeep(np.zeros(40_000), np.zeros(40_000))"
        assert "at most 500,000 may cross" in sandbox.run(code).error.message
        assert sandbox.run("np.zeros(60_000)").value.shape == (60_000,)


@pytest.mark.parametrize(
    ("offset", "count"), [(-8, 10_000), (2 << 20, 10_000), ((2 << 20) - 8, 10_000), (0, 1 << 20), (0, 0), (0, 8)]
)
def test_what_a_worker_names_has_to_lie_inside(memory: HostMemory, offset: int, count: int) -> None:
    shape, dtype, size = floats(count)
    with pytest.raises(UnsupportedValue):
        memory.take(offset, shape, dtype, size)


def test_a_boolean_array_holds_true_and_false_only(memory: HostMemory) -> None:
    memory.mapped[:LEAST_BYTES] = bytes(range(256)) * (LEAST_BYTES // 256)
    memory.begin()
    taken = memory.take(0, [LEAST_BYTES], np.dtype(np.bool_), LEAST_BYTES)
    assert taken.view(np.uint8)[:4].tolist() == [0, 1, 1, 1]


def test_one_frame_cannot_name_the_same_bytes_again_and_again(memory: HostMemory) -> None:
    memory.begin()
    memory.take(0, *floats(100_000))
    with pytest.raises(UnsupportedValue):
        memory.take(0, *floats(100_000))


def test_a_worker_cannot_shrink_or_grow_the_memory(memory: HostMemory) -> None:
    for size in (0, 1 << 21):
        with pytest.raises(PermissionError):
            os.ftruncate(memory.descriptor, size)


def test_memory_of_an_array_is_used_again_only_when_nobody_has_it() -> None:
    rooms = Rooms(1 << 21)
    first = rooms.take(1 << 18)
    view = first.view(float).reshape(-1, 4)[1:]
    address = first.ctypes.data
    del first
    other = rooms.take(1 << 18)
    assert other.ctypes.data != address  # the view is still there
    del view
    assert rooms.take(1 << 18).ctypes.data == address


def test_small_arrays_go_with_their_frame(memory: HostMemory) -> None:
    assert memory.put(np.zeros(LEAST_BYTES // 8 - 1)) is None
    assert memory.put(np.zeros(LEAST_BYTES // 8)) is not None


def test_memory_for_the_worker_is_free_again_when_its_arrays_are_gone(memory: HostMemory) -> None:
    worker = WorkerMemory(memory.descriptor, 1 << 20)
    array = np.arange(20_000.0)
    for _ in range(20):  # many times what there is room for
        memory.begin()
        offset = memory.put(array)
        assert offset is not None
        arrived = worker.take(offset, [20_000], np.dtype(float), array.nbytes)
        assert np.array_equal(arrived, array)
        part = arrived[5_000:]
        del arrived
        worker.look()
    worker.begin()
    assert worker.put(part) == offset + 40_000  # it lies there: nothing is copied
    assert np.array_equal(memory.take(offset + 40_000, [15_000], np.dtype(float), part.nbytes), part)


def test_arrays_that_stay_long_leave_room_for_others(memory: HostMemory) -> None:
    worker = WorkerMemory(memory.descriptor, 1 << 20)
    kept = []
    for number in range(20):
        memory.begin()
        offset = memory.put(np.full(20_000, float(number)))
        assert offset is not None
        kept.append(worker.take(offset, [20_000], np.dtype(float), 160_000))
        worker.look()
    assert [array[0] for array in kept] == [float(number) for number in range(20)]


def test_a_worker_that_lies_with_its_marks_gets_its_arrays_all_the_same(memory: HostMemory) -> None:
    layout = Layout(1 << 20)
    memory.mapped[layout.marks : layout.marks + layout.pieces] = b"\xff" * layout.pieces
    assert memory.put(np.zeros(40_000)) is None  # with its frame
    memory.mapped[layout.marks : layout.marks + layout.pieces] = bytes(layout.pieces)
    assert memory.put(np.zeros(40_000)) == 1 << 20


def test_what_was_put_in_for_a_frame_that_is_not_sent_is_gone(memory: HostMemory) -> None:
    for _ in range(20):
        memory.begin()
        assert memory.put(np.zeros(100_000)) == 1 << 20
        memory.withdraw()


def test_programs_change_their_arrays_and_keep_them_over_interrupted_calls() -> None:
    code = "kept = []\nfor n in range(60):\n    a = frame()\n    a += n\n    kept.append(a)\nkept[59][0, 1]"
    with Sandbox(Toolbox([frame])) as sandbox:
        assert sandbox.run(code).value == 60.0
        assert sandbox.run("[int(a[0, 0]) for a in kept] == list(range(60))").value is True
        with sandbox.branch() as other:
            sandbox.run("for a in kept:\n    a += 1000")
            assert other.run("[int(a[0, 0]) for a in kept] == list(range(60))").value is True
            assert np.array_equal(other.run("kept[0]").value, FRAME)
            assert np.array_equal(other.run("frame() + 0").value, FRAME)
            assert other.run("[int(a[0, 0]) for a in kept] == list(range(60))").value is True
        assert sandbox.run("[int(a[0, 0]) for a in kept] == list(range(1000, 1060))").value is True


def test_the_record_of_calls_is_bounded_and_events_are_whole() -> None:
    events: list[CallFinished] = []

    def hear(event: object) -> None:
        if isinstance(event, CallFinished):
            events.append(event)

    seen.clear()
    limits = Limits(record_mb=4)
    with Sandbox(Toolbox([keep, echo]), limits=limits, on_event=hear) as sandbox:
        result = sandbox.run(
            "import numpy as np\nfor n in range(5):\n    keep(np.full(120_000, n), np.zeros(2))\necho('x' * 3_000_000)"
        )
        assert result.ok, result.error
        kept = [call.arguments["a"] for call in result.calls[:5]]
        assert [type(a) for a in kept] == [np.ndarray] * 4 + [Omitted]
        assert kept[4].kind == "ndarray"
        assert kept[4].size_bytes > 960_000
        assert result.calls[4].value == 10
        assert result.calls[5].value == Omitted("str", 3_000_064)
        assert all(isinstance(event.call.arguments["a"], np.ndarray) for event in events[:5])
        assert to_json(kept[4]) == {"type": "Omitted", "kind": "ndarray", "size_bytes": kept[4].size_bytes}


LARGE_TEXT = "ein längerer Satz, 長い文\n" * 20_000
LARGE_BYTES = bytes(range(256)) * 4_000


@pytest.mark.parametrize("value", [LARGE_TEXT, LARGE_BYTES, "a" * (32 * 1024), "a" * (32 * 1024 - 1)])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v, 1], lambda v: {"a": v, "b": [v]}, lambda v: (v,)])
def test_large_text_and_bytes_cross_both_ways(value: object, wrap: Callable[[Any], Any]) -> None:
    given: list[Any] = []

    @tool(effect="read")
    def echo(it: Any) -> Any:
        given.append(it)
        return it

    with Sandbox(Toolbox([echo, Tool(lambda: wrap(value), name="fetch", effect="read")])) as sandbox:
        result = sandbox.run("it = echo(fetch())\nit == fetch(), it")
        assert result.value == (True, wrap(value))
        assert given == [wrap(value)]


def test_large_text_goes_through_the_shared_memory_and_leaves_it_again() -> None:
    text = "x" * 1_000_000
    with Sandbox(Toolbox([Tool(lambda: text, name="fetch", effect="read")])) as sandbox:
        sizes = []
        post = sandbox._held[0].channel.post
        sandbox._held[0].channel.post = lambda frame: (sizes.append(len(frame)), post(frame))[1]  # type: ignore[method-assign]
        # Four times as much as there is room for.
        assert sandbox.run("all([len(fetch()) == 1_000_000 for _ in range(60)])").value
    assert max(sizes) < 1_000


def test_text_for_which_there_is_no_room_goes_with_its_frame() -> None:
    tools = Toolbox([frame, Tool(lambda: "x" * 3_000_000, name="fetch", effect="read")])
    with Sandbox(tools, limits=Limits(value_bytes=4_000_000)) as sandbox:
        result = sandbox.run(
            "kept = [frame(), frame()]\ntext = fetch()\nlen(text), float(kept[0].sum() - kept[1].sum())"
        )
        assert result.value == (3_000_000, 0.0)
        assert sandbox.run("'x' * 5_000_000").value is None, "above the limit"


@pytest.mark.parametrize("form", [[0, -1], [-40_000, 40_000], [2**40, 40_000], [0, 2**40], [0, 10], [0.0, 40_000], [0]])
@pytest.mark.parametrize("tag", [TEXT, BYTES])
def test_a_text_that_lies_elsewhere_than_it_may_is_refused(form: list[Any], tag: int) -> None:
    memory = HostMemory(arena.size_for(1_000_000))
    try:
        with pytest.raises(UnsupportedValue):
            unpack({tag: form}, take=memory.take)
        with pytest.raises(UnsupportedValue):
            unpack({tag: [0, 40_000]})
    finally:
        memory.close()


def test_what_is_no_text_is_refused() -> None:
    memory = HostMemory(arena.size_for(1_000_000))
    try:
        memory.mapped[:40_000] = b"\xff" * 40_000
        with pytest.raises(UnsupportedValue, match="cannot be made"):
            unpack({TEXT: [0, 40_000]}, take=memory.take)
        assert unpack({BYTES: [0, 40_000]}, take=memory.take) == b"\xff" * 40_000
    finally:
        memory.close()
