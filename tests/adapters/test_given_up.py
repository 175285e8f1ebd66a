"""A request that is under way when its program is stopped: it is dropped at once, and nobody waits for its end."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.sandbox import Execution, Limits, Sandbox
from codeact.tools import Tool, Toolbox
from codeact_adapters import openapi, sql, web

PATIENCE_S = 20.0  # for what takes milliseconds on a machine with nothing else to do


class Silent:
    """A server that takes requests and does not answer, and notes when its caller hangs up."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.asked, self.left = threading.Event(), threading.Event()
        self.asked_times = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.asked_times += 1
                self.asked.set()
                while connection.recv(65536):
                    pass
            self.left.set()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.close()


def rest(silent: Silent) -> Toolbox:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Slow", "version": "1"},
        "servers": [{"url": f"http://127.0.0.1:{silent.port}"}],
        "paths": {"/x": {"get": {"operationId": "ask", "responses": {"200": {"description": "It"}}}}},
    }
    return openapi(document, base_url=f"http://127.0.0.1:{silent.port}", timeout_s=60)


def pages(silent: Silent) -> Toolbox:
    asked = web([f"127.0.0.1:{silent.port}"], timeout_s=60)
    return Toolbox([Tool(lambda: asked.tools["fetch"](f"http://127.0.0.1:{silent.port}/"), name="ask", effect="read")])


def of_an_object(silent: Silent) -> Toolbox:
    """A request that moves something: its stop path comes first."""
    return rest(silent).with_effects({"ask": "physical"})


BOXES = pytest.mark.parametrize("make", [rest, pages, of_an_object])


def running(sandbox: Sandbox, program: str) -> tuple[threading.Thread, list[Execution]]:
    results: list[Execution] = []
    thread = threading.Thread(target=lambda: results.append(sandbox.run(program)), daemon=True)
    thread.start()
    return thread, results


def ended(thread: threading.Thread, results: list[Execution]) -> str:
    thread.join(PATIENCE_S)
    assert results, "the program's end waits for the request"
    assert results[0].error is not None
    return results[0].error.type


@BOXES
def test_an_interrupt_drops_it(silent: Silent, make: object) -> None:
    with make(silent) as box, Sandbox(box) as sandbox:  # type: ignore[operator]
        thread, results = running(sandbox, "ask()")
        assert silent.asked.wait(PATIENCE_S)
        sandbox.interrupt()
        assert silent.left.wait(PATIENCE_S)
        assert ended(thread, results) == "Interrupted"
    assert silent.asked_times == 1, "it was sent again"


@BOXES
def test_a_time_limit_drops_it(silent: Silent, make: object) -> None:
    with make(silent) as box, Sandbox(box, limits=Limits(tool_s=1.0)) as sandbox:  # type: ignore[operator]
        thread, results = running(sandbox, "ask()")
        assert silent.left.wait(PATIENCE_S)
        assert ended(thread, results) == "TimeLimit"


@BOXES
def test_the_death_of_its_worker_drops_it(silent: Silent, make: object) -> None:
    with make(silent) as box, Sandbox(box) as sandbox:  # type: ignore[operator]
        thread, results = running(sandbox, "ask()")
        assert silent.asked.wait(PATIENCE_S)
        os.kill(sandbox._held[0].pid, signal.SIGKILL)
        assert silent.left.wait(PATIENCE_S)
        assert ended(thread, results) == "WorkerLost"


def test_it_is_the_call_of_one_session_alone_that_is_dropped(silent: Silent) -> None:
    with rest(silent) as box, Sandbox(box) as sandbox, Sandbox(box) as other:
        thread, results = running(sandbox, "ask()")
        assert silent.asked.wait(PATIENCE_S)
        assert other.run("1 + 1").value == 2
        other.interrupt()
        assert not silent.left.wait(0.2)
        sandbox.interrupt()
        assert silent.left.wait(PATIENCE_S)
        assert ended(thread, results) == "Interrupted"


SLOW = """
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) SELECT count(*) AS c FROM n
"""


@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_a_statement_is_ended(tmp_path: Path, how: str) -> None:
    pytest.importorskip("sqlalchemy")
    sqlite3.connect(tmp_path / "a.db").executescript("CREATE TABLE t (a)").connection.close()
    with sql(f"sqlite:///{tmp_path}/a.db", timeout_s=60) as box:
        inside, out = threading.Event(), threading.Event()
        query = box.tools["query"].function

        def noted(statement: str) -> object:
            inside.set()
            try:
                return query(statement)
            finally:
                out.set()

        tools = Toolbox([Tool(noted, name="query", effect="read")])
        with Sandbox(tools) as sandbox:
            thread, results = running(sandbox, f"query({SLOW!r})")
            assert inside.wait(PATIENCE_S)
            time.sleep(0.2)  # it is well under way; the test holds for any other moment, too
            if how == "interrupt":
                sandbox.interrupt()
            else:
                os.kill(sandbox._held[0].pid, signal.SIGKILL)
            assert out.wait(PATIENCE_S)
            assert ended(thread, results) == ("Interrupted" if how == "interrupt" else "WorkerLost")
