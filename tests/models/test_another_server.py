"""Our client of the OpenAI chat protocol, and an agent, over a real server that is not ours: `transformers serve`."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from codeact import CodeActAgent
from codeact.models import GenerationOptions, Message, OpenAICompatibleModel, check_model

PROGRAM = Path(sys.executable).with_name("transformers")


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> Iterator[OpenAICompatibleModel]:
    import_utils = pytest.importorskip("transformers.utils.import_utils")
    if not PROGRAM.exists() or not import_utils.is_serve_available():
        pytest.skip("transformers cannot serve here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [PROGRAM, "serve", tiny_folder, *where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 200
        while not _healthy(port):
            if process.poll() is not None:
                pytest.fail(f"transformers serve ended with exit code {process.returncode}")
            assert time.monotonic() < until
            time.sleep(0.2)
        yield OpenAICompatibleModel(f"http://127.0.0.1:{port}/v1", str(tiny_folder))
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_it_does_what_every_model_must_do(model: OpenAICompatibleModel) -> None:
    assert check_model(model) == []


def test_replies_are_counted_and_cut_by_the_server(model: OpenAICompatibleModel) -> None:
    talk = [Message("system", "Be brief."), Message("user", "Hello")]
    done = model.generate(talk, GenerationOptions(max_tokens=7))
    assert (done.completion_tokens, done.finish_reason, done.estimated) == (7, "length", False)
    assert done.prompt_tokens > 20


def test_an_agent_talks_to_it(model: OpenAICompatibleModel) -> None:
    with CodeActAgent(model, max_turns=2, max_tokens=8, system_prompt="Be brief.") as agent:
        assert agent.chat("Hello")
        assert agent.spent is not None
        assert agent.spent.turns >= 1
