"""`SandboxPool`: fresh sessions, back-pressure, and an HTTP server on it with hostile programs among the requests."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from codeact.errors import PoolFull, PoolTimeout, SandboxError
from codeact.sandbox import Limits, SandboxPool


def test_each_session_is_fresh_and_ready() -> None:
    with SandboxPool(size=2) as pool:
        for number in range(6):
            with pool.session() as sandbox:
                assert sandbox.run("x").error is not None
                assert sandbox.run(f"x = {number}\nx").value == number
            with pytest.raises(SandboxError, match="closed"):
                sandbox.run("x")
        assert pool.statistics.served == 6
        assert (pool.statistics.live, pool.statistics.waiting) == (0, 0)
    with pytest.raises(SandboxError, match="closed"), pool.session():
        pass


def test_who_comes_too_late_is_turned_away_at_once_and_who_waits_too_long_in_time() -> None:
    with SandboxPool(size=1, max_waiting=1) as pool, pool.session():
        late: list[str] = []

        def wait() -> None:
            try:
                with pool.session(timeout_s=2):
                    late.append("served")
            except PoolTimeout:
                late.append("timeout")

        thread = threading.Thread(target=wait)
        thread.start()
        while pool.statistics.waiting == 0:
            time.sleep(0.01)
        with pytest.raises(PoolFull, match="all 1 sessions"), pool.session():
            pass
        thread.join()
        assert late == ["timeout"]
        assert pool.statistics.waiting == 0


def test_waiters_are_served_in_order() -> None:
    order: list[int] = []
    with SandboxPool(size=1) as pool:
        threads = []
        with pool.session():
            for number in range(5):

                def wait(number: int = number) -> None:
                    with pool.session():
                        order.append(number)

                threads.append(threading.Thread(target=wait))
                threads[-1].start()
                while pool.statistics.waiting <= number:
                    time.sleep(0.01)
        for thread in threads:
            thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_a_closed_pool_wakes_who_waits_and_ends_what_runs() -> None:
    pool = SandboxPool(size=1, limits=Limits(wall_s=60))
    told: list[str] = []

    def use() -> None:
        with pool.session() as sandbox:
            execution = sandbox.run("while True: pass")
            told.append(execution.error.type if execution.error is not None else "whole")

    def wait() -> None:
        try:
            with pool.session():
                told.append("served")
        except SandboxError as problem:
            told.append(str(problem))

    threads = [threading.Thread(target=use)]
    threads[0].start()
    while pool.statistics.live == 0:
        time.sleep(0.01)
    threads.append(threading.Thread(target=wait))
    threads[1].start()
    while pool.statistics.waiting == 0:
        time.sleep(0.01)
    time.sleep(0.2)
    pool.close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert "the pool is closed" in told
    assert "served" not in told


def test_a_cancelled_waiter_gives_its_place_to_the_next() -> None:
    async def main() -> None:
        async with SandboxPool(size=1) as pool:

            async def one() -> object:
                async with pool.asession() as sandbox:
                    return (await sandbox.run("6 * 7")).value

            async with pool.asession():
                first, second = asyncio.ensure_future(one()), asyncio.ensure_future(one())
                await asyncio.sleep(0.1)
                first.cancel()
            assert await second == 42
            assert pool.statistics.live == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "part"),
    [({"size": 0}, "size"), ({"max_waiting": -1}, "max_waiting"), ({"workspace": "x"}, "workspace")],
)
def test_wrong_options_are_explained(options: dict[str, Any], part: str) -> None:
    with pytest.raises(SandboxError, match=part):
        SandboxPool(**options)


HOSTILE = [
    "while True: pass",
    "from itertools import count\nsum(count())",
    "x = 'a' * 10**9\ny = [x] * 10**9",
    "import os",
    "def f(): f()\nf()",
    "while True: print('x' * 1000)",
]


def test_an_http_server_under_load_with_hostile_programs() -> None:
    fastapi, uvicorn = pytest.importorskip("fastapi"), pytest.importorskip("uvicorn")
    httpx = pytest.importorskip("httpx")
    pool = SandboxPool(size=4, max_waiting=100, limits=Limits(wall_s=1))
    app = fastapi.FastAPI()

    @app.post("/run")
    async def run(body: dict[str, str]) -> dict[str, object]:
        async with pool.asession(timeout_s=60) as sandbox:
            leaked = (await sandbox.run("secret")).ok
            await sandbox.run("secret = 1")
            execution = await sandbox.run(body["code"])
            return {"value": execution.value, "ok": execution.ok, "leaked": leaked}

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=lambda: server.run(sockets=[listening]), daemon=True)
    thread.start()

    async def load() -> list[tuple[str, dict[str, Any]]]:
        programs = [code for number in range(36) for code in (f"{number} ** 2",)] + HOSTILE * 2
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:

            async def one(code: str) -> tuple[str, dict[str, Any]]:
                return code, (await client.post("/run", json={"code": code})).json()

            return list(await asyncio.gather(*[one(code) for code in programs]))

    try:
        answers = asyncio.run(load())
        for code, answer in answers:
            assert not answer["leaked"]
            if "**" in code and code[0].isdigit():
                assert answer["value"] == int(code.split()[0]) ** 2
            else:
                assert not answer["ok"], code
        assert pool.statistics.served == len(answers)
        assert pool.statistics.live == pool.statistics.waiting == 0
        assert pool.statistics.restarted >= 2
    finally:
        server.should_exit = True
        thread.join(30)
        pool.close()
        listening.close()
