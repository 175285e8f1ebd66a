"""`Sandbox.arun` and `AsyncSandbox`: nothing blocks the loop, async tools run on it, a cancelled run comes to rest."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import AsyncSandbox, Limits, Sandbox, stopping
from codeact.tools import Toolbox, tool

COUNT = "from itertools import count\nsum(count())"


def test_async_tools_run_on_the_callers_loop() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    @tool(effect="read")
    async def fetch(x: int) -> int:
        """Fetch."""
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return x + 1

    async def main() -> None:
        with Sandbox(Toolbox([fetch])) as sandbox:
            execution = await sandbox.arun("fetch(1) + fetch(2)")
            assert execution.value == 5
            assert loops == [asyncio.get_running_loop()] * 2
            assert sandbox.run("2").value == 2  # and the sandbox is an ordinary one besides

    asyncio.run(main())


def test_a_run_does_not_block_the_loop() -> None:
    async def main() -> None:
        async with AsyncSandbox() as sandbox:
            ticks = 0
            run = asyncio.ensure_future(sandbox.run("import time\ntime.sleep(0.5)\n7"))
            while not run.done():
                await asyncio.sleep(0.01)
                ticks += 1
            assert (await run).value == 7
            assert ticks > 5

    asyncio.run(main())


def test_many_sessions_run_side_by_side() -> None:
    async def one(number: int) -> object:
        async with AsyncSandbox() as sandbox:
            return (await sandbox.run(f"import time\ntime.sleep(0.1)\n{number} * 2")).value

    async def main() -> None:
        assert await asyncio.gather(*[one(number) for number in range(40)]) == [2 * n for n in range(40)]

    asyncio.run(main())


@pytest.mark.real_time  # a program that does not hear an interrupt within 40 ms is ended, and its variables with it
@pytest.mark.parametrize("code", ["while True: pass", "import time\ntime.sleep(60)", "hang()", "wait()"])
def test_a_timeout_interrupts_and_variables_live_on(code: str) -> None:
    ended: list[str] = []

    @tool(effect="read")
    async def hang() -> None:
        """Never returns."""
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("hang")

    @tool(effect="read")
    def wait() -> None:
        """Returns late."""
        time.sleep(3)

    async def main() -> None:
        async with AsyncSandbox(Toolbox([hang, wait]), limits=Limits(wall_s=60)) as sandbox:
            await sandbox.run("x = 5")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await sandbox.run(code)
            assert (await sandbox.run("x")).value == 5

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 30
    assert ended == (["hang"] if code == "hang()" else [])


def test_a_cancellation_stops_what_moves_and_waits_for_it() -> None:
    stop = threading.Event()
    at_rest: list[bool] = []

    @tool(effect="physical", stop=stop.set)
    def drive() -> None:
        """Drive."""
        stop.wait(60)
        time.sleep(0.2)  # braking
        at_rest.append(True)

    async def main() -> None:
        async with AsyncSandbox(Toolbox([drive])) as sandbox:
            run = asyncio.ensure_future(sandbox.run("drive()"))
            await asyncio.sleep(0.3)
            run.cancel()
            await asyncio.sleep(0)
            run.cancel()  # impatience changes nothing
            with pytest.raises(asyncio.CancelledError):
                await run
            assert at_rest == [True]
            assert (await sandbox.run("1 + 1")).value == 2

    asyncio.run(main())


def test_a_cancellation_before_the_run_has_begun_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 10.0)  # on a busy machine the worker may not even get a core in 0.04 s

    async def main() -> None:
        async with AsyncSandbox(limits=Limits(wall_s=60)) as sandbox:
            await sandbox.run("x = 1")
            for _ in range(20):
                run = asyncio.ensure_future(sandbox.run("while True: pass"))
                await asyncio.sleep(0)
                run.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await run
            assert (await sandbox.run("x")).value == 1

    started = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - started < 30


def test_what_a_cancelled_run_lost_is_told_by_the_next() -> None:
    async def main() -> None:
        async with AsyncSandbox(limits=Limits(wall_s=60)) as sandbox:
            await sandbox.run("precious = 1")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await sandbox.run(COUNT)
            execution = await sandbox.run("precious")
            assert execution.error is not None
            assert execution.error.type == "NameError"
            assert "restarted" in execution.error.text
            assert "restarted" not in (await sandbox.run("precious")).observation()

    asyncio.run(main())


def test_branch_reset_interrupt_and_close() -> None:
    async def main() -> None:
        sandbox = AsyncSandbox(limits=Limits(wall_s=60))
        await sandbox.run("x = 1")
        branch = await sandbox.branch()
        await branch.run("x += 1")
        assert (await branch.run("x")).value == 2
        assert (await sandbox.run("x")).value == 1
        await branch.close()
        run = asyncio.ensure_future(sandbox.run("while True: pass"))
        await asyncio.sleep(0.2)
        await sandbox.interrupt()
        execution = await run
        assert execution.error is not None
        assert execution.error.type == "Interrupted"
        await sandbox.reset()
        assert not (await sandbox.run("x")).ok
        await sandbox.close()
        with pytest.raises(SandboxError, match="closed"):
            await sandbox.run("1")

    asyncio.run(main())


def test_a_sandbox_that_is_closed_while_it_opens_stays_closed() -> None:
    async def main() -> None:
        sandbox = AsyncSandbox()
        opening = asyncio.ensure_future(sandbox.run("1"))
        await asyncio.sleep(0)
        await sandbox.close()
        with pytest.raises(SandboxError, match="closed"):
            await opening

    asyncio.run(main())


def test_it_takes_what_a_sandbox_takes_and_tells_what_it_does_not_at_once() -> None:
    ours, theirs = (inspect.signature(kind.__init__).parameters.values() for kind in (AsyncSandbox, Sandbox))
    assert list(ours) == list(theirs)
    with pytest.raises(TypeError, match="wal_s"):
        AsyncSandbox(wal_s=3)  # type: ignore[call-arg]
