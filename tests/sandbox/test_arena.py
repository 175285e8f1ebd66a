"""Large arrays cross through shared memory: exactly, in any order, and never more of them than there is room for."""

from __future__ import annotations

import os

import numpy as np
import pytest

from codeact.errors import UnsupportedValue
from codeact.sandbox import Limits, Sandbox
from codeact.sandbox.arena import LEAST_BYTES, HostMemory, Rooms
from codeact.tools import Toolbox, tool

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
    ("offset", "count"), [(-8, 10_000), (1 << 20, 10_000), ((1 << 20) - 8, 10_000), (0, 1 << 20), (0, 0), (0, 8)]
)
def test_what_a_worker_names_has_to_lie_inside(memory: HostMemory, offset: int, count: int) -> None:
    shape, dtype, size = floats(count)
    with pytest.raises(UnsupportedValue):
        memory.take(offset, shape, dtype, size)


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
    assert memory.put(np.zeros(LEAST_BYTES // 8)) == 0
