"""`codeact serve` over a real socket, asked by the clients that people use."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from codeact.cli.failures import UsageError
from codeact.errors import CodeActError
from codeact.models import GenerationOptions, Message, OpenAICompatibleModel, TransformersModel, load_model
from codeact.models.protocol import ContextOverflow
from codeact.serving.running import ServeOptions, configured, load_served, token_of

QUESTION: list[Any] = [{"role": "user", "content": "Pick up the red cube."}]
TOKEN = "a-token-of-the-tests"


class Running:
    """A server in a thread of this process."""

    def __init__(
        self,
        options: ServeOptions,
        token: str | None = None,
        most_waiting: int = 256,
        body_seconds: float = 60.0,
        head_seconds: float = 20.0,
    ) -> None:
        import uvicorn

        from codeact.serving.app import Access, Desk

        self.served = load_served(options)
        access = Access(token, most_bytes=100_000, most_waiting=most_waiting, body_seconds=body_seconds)
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{self.origin}/v1"
        self.server = uvicorn.Server(configured(Desk(self.served, access).app(), options, head_seconds))
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self._listener]}, name="server", daemon=True
        )
        self.thread.start()
        until(lambda: self.server.started)

    def client(self, token: str = TOKEN) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.url, api_key=token, max_retries=0, timeout=120)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(timeout=60)
        self._listener.close()
        assert not self.thread.is_alive()


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def running(tiny_folder: Path) -> Iterator[Running]:
    options = ServeOptions(str(tiny_folder), names=("tiny",), rows=4, device="cpu", dtype="float32", most_tokens=400)
    server = Running(options, token=TOKEN)
    yield server
    server.close()


@pytest.fixture
def post(running: Running) -> Callable[..., httpx.Response]:
    def send(content: Any, path: str = "chat/completions", **headers: str) -> httpx.Response:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}", **headers}
        body = content if isinstance(content, str | bytes) else json.dumps(content)
        return httpx.post(f"{running.url}/{path}", content=body, headers=headers, timeout=120)

    return send


def test_a_chat_says_what_the_model_says_in_process(running: Running, tiny_model: TransformersModel) -> None:
    alone = tiny_model.generate([Message("user", "Pick up the red cube.")], GenerationOptions(max_tokens=24))
    answer = running.client().chat.completions.create(model="tiny", messages=QUESTION, max_tokens=24, temperature=0)
    assert answer.choices[0].message.content == alone.text
    assert answer.choices[0].finish_reason == alone.finish_reason
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (
        alone.prompt_tokens,
        alone.completion_tokens,
    )


def test_a_stream_holds_the_same_text_and_ends_with_the_usage(running: Running) -> None:
    client = running.client()
    asked: dict[str, Any] = {"model": "tiny", "messages": QUESTION, "temperature": 0, "max_completion_tokens": 20}
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert told == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == whole.choices[0].finish_reason
    assert chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_choices_are_seeded_and_stop_strings_end_them(running: Running) -> None:
    client = running.client()
    asked: dict[str, Any] = {"model": "tiny", "messages": QUESTION, "temperature": 1.0, "seed": 7, "max_tokens": 24}
    first, again = (client.chat.completions.create(**asked, n=3) for _ in range(2))
    texts = [choice.message.content or "" for choice in first.choices]
    assert texts == [choice.message.content for choice in again.choices]
    assert len(set(texts)) == 3
    assert first.usage is not None
    assert first.usage.prompt_tokens < 2 * first.usage.completion_tokens * 3
    stop = texts[0][3:5]
    stopped = client.chat.completions.create(**asked, stop=stop)
    assert stopped.choices[0].message.content == texts[0].partition(stop)[0]
    assert stopped.choices[0].finish_reason == "stop"


def test_plain_completions_go_on_with_texts_and_tokens(running: Running) -> None:
    client = running.client()
    two = client.completions.create(model="tiny", prompt=["pick", "place"], max_tokens=6, temperature=0, n=2)
    assert [choice.index for choice in two.choices] == [0, 1, 2, 3]
    assert two.choices[0].text == two.choices[1].text
    tokens = running.served.model.prepare_text("place")
    asked: dict[str, Any] = {"model": "tiny", "prompt": tokens, "max_tokens": 6, "temperature": 0}
    assert client.completions.create(**asked).choices[0].text == two.choices[2].text
    streamed = client.completions.create(**asked, stream=True)
    assert "".join(chunk.choices[0].text for chunk in streamed) == two.choices[2].text


def test_the_models_the_health_and_the_counters(running: Running) -> None:
    models = running.client().models.list().data
    assert [model.id for model in models] == ["tiny"]
    assert running.client().models.retrieve("tiny").id == "tiny"
    assert httpx.get(f"{running.origin}/health").json() == {"status": "ok"}
    counted = httpx.get(f"{running.origin}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    lines = dict(line.rsplit(" ", 1) for line in counted.splitlines() if not line.startswith("#"))
    assert float(lines["codeact_serve_completion_tokens_total"]) > 0
    assert float(lines['codeact_serve_requests_total{path="/v1/models",status="200"}']) >= 1
    assert float(lines["codeact_serve_running"]) == 0


def test_no_token_no_answer(running: Running) -> None:
    with pytest.raises(openai.AuthenticationError):
        running.client("another").models.list()
    for path in ("/v1/models", "/metrics", "/v1/anything"):
        assert httpx.get(f"{running.origin}{path}").status_code == 401


BAD = {
    "unknown model": ({"model": "none", "messages": QUESTION}, 404, "model"),
    "no messages": ({"model": "tiny"}, 400, "messages"),
    "empty messages": ({"model": "tiny", "messages": []}, 400, "messages"),
    "text for a number": ({"model": "tiny", "messages": QUESTION, "max_tokens": "8"}, 400, "max_tokens"),
    "number for a text": ({"model": "tiny", "messages": [{"role": "user", "content": 5}]}, 400, "messages.0.content"),
    "unknown role": ({"model": "tiny", "messages": [{"role": "king", "content": "a"}]}, 400, "messages.0.role"),
    "too hot": ({"model": "tiny", "messages": QUESTION, "temperature": 99}, 400, "temperature"),
    "no penalty": ({"model": "tiny", "messages": QUESTION, "repetition_penalty": 1e-300}, 400, "repetition_penalty"),
    "too many": ({"model": "tiny", "messages": QUESTION, "n": 1000}, 400, "n"),
    "too long": ({"model": "tiny", "messages": [{"role": "user", "content": "long " * 300}]}, 400, "messages"),
    "tools": ({"model": "tiny", "messages": QUESTION, "tools": [{"type": "function"}]}, 400, "tools"),
    "not an object": ([1, 2], 400, None),
    "not JSON": ("{", 400, None),
    "not UTF-8": (b'{"model": "\xff"}', 400, None),
    "nested deep": ("[" * 50_000, 400, None),
    "image": (
        {"model": "tiny", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        400,
        "messages",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_requests_are_told_what_is_wrong(post: Callable[..., httpx.Response], name: str) -> None:
    body, status, param = BAD[name]
    answer = post(body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["param"] == param
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]


def test_large_bodies_other_types_and_other_paths(post: Callable[..., httpx.Response], running: Running) -> None:
    assert post(b" " * 100_001).status_code == 413
    assert post({}, **{"Content-Type": "text/plain"}).status_code == 415
    assert post({}, path="embeddings").status_code == 404
    gone = httpx.get(f"{running.url}/chat/completions", headers={"Authorization": f"Bearer {TOKEN}"})
    assert gone.status_code == 405
    assert gone.json()["error"]["message"]


def test_half_a_character_and_the_coldest_temperature_are_read(post: Callable[..., httpx.Response]) -> None:
    half = post(r'{"model": "tiny", "messages": [{"role": "user", "content": "\ud800 half"}], "max_tokens": 2}')
    assert half.status_code == 200
    assert post(r'{"model": "tiny", "prompt": "\ud800", "max_tokens": 2}', path="completions").status_code == 200
    asked = {"model": "tiny", "messages": QUESTION, "max_tokens": 8, "seed": 1}
    cold, greedy = (post({**asked, "temperature": temperature}).json() for temperature in (1e-300, 0))
    assert cold["choices"][0]["message"] == greedy["choices"][0]["message"]


def test_a_body_that_does_not_come_is_given_up(tiny_folder: Path) -> None:
    server = Running(ServeOptions(str(tiny_folder), device="cpu"), body_seconds=0.05)
    try:
        lines = ["POST /v1/completions HTTP/1.1", "Host: a", "Content-Type: application/json", "Content-Length: 9"]
        with socket.create_connection(server.origin.removeprefix("http://").split(":"), timeout=60) as connection:
            connection.sendall("\r\n".join([*lines, "\r\n"]).encode() + b"{")
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    finally:
        server.close()


def test_a_head_that_does_not_end_is_given_up_and_a_reply_may_take_longer(tiny_folder: Path) -> None:
    served = Running(ServeOptions(str(tiny_folder), names=("tiny",), device="cpu"), head_seconds=0.5)
    address = served.origin.removeprefix("http://").split(":")
    step = served.served.engine._step

    def slowly() -> None:
        time.sleep(0.2)
        step()

    served.served.engine._step = slowly
    answers: list[bytes] = []

    def drip() -> None:
        with socket.create_connection(address, timeout=60) as connection:
            connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\n")
            connection.settimeout(0.05)
            while True:
                try:
                    part = connection.recv(1000)
                    answers.append(part)
                    if not part:
                        return
                except TimeoutError:
                    connection.sendall(b"X-More: 1\r\n")

    try:
        slow = threading.Thread(target=drip, daemon=True)
        slow.start()
        with served.client() as client:  # both on one connection, and each takes longer than a head may
            for _ in range(2):
                reply = client.completions.create(model="tiny", prompt="pick", max_tokens=4, temperature=0)
                assert reply.usage is not None
                assert reply.usage.completion_tokens == 4
        slow.join(timeout=60)
        assert answers[0].startswith(b"HTTP/1.1 408 ")
        assert answers[-1] == b""
    finally:
        served.close()


def test_a_body_that_goes_on_after_its_answer_is_given_up(tiny_folder: Path) -> None:
    server = Running(ServeOptions(str(tiny_folder), device="cpu"), token=TOKEN, head_seconds=0.2)
    try:
        with socket.create_connection(server.origin.removeprefix("http://").split(":"), timeout=0.05) as connection:
            connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
            until(lambda: _heard(connection).startswith(b"HTTP/1.1 401 "))

            def cut_off() -> bool:
                try:
                    connection.sendall(b"x")
                    return connection.recv(1000) == b""
                except TimeoutError:
                    return False
                except OSError:
                    return True

            until(cut_off)
    finally:
        server.close()


def _heard(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1000)
    except TimeoutError:
        return b""


def test_weights_can_be_rounded(tiny_folder: Path) -> None:
    server = Running(ServeOptions(str(tiny_folder), names=("tiny",), device="cpu", quantization="8bit"))
    rounded = TransformersModel(tiny_folder, device="cpu", quantization="8bit")
    try:
        alone = rounded.generate([Message("user", "Pick up the red cube.")], GenerationOptions(max_tokens=24))
        asked: dict[str, Any] = {"model": "tiny", "messages": QUESTION, "max_tokens": 24, "temperature": 0}
        with server.client() as client:
            assert client.chat.completions.create(**asked).choices[0].message.content == alone.text
    finally:
        server.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ServeOptions("embedded?quantization=8bit"), "use --device, --dtype, --quantization"),
        (ServeOptions("a", device="cpu", quantization="8bit", adapters={"a b": "b"}), "--lora needs whole weights"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: ServeOptions, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        load_served(options)


def test_one_reply_that_cannot_be_chosen_disturbs_no_other(tiny_folder: Path) -> None:
    import torch

    from codeact.serving.engine import End, Writing
    from codeact.serving.rows import RowsEngine

    model = TransformersModel(tiny_folder, device="cpu", dtype="float32")
    engine = RowsEngine(model, 2)
    told: list[list[int | End]] = [[], []]
    for events, temperature in zip(told, (1.0, 0.0), strict=True):
        engine.submit(Writing([1, 2, 3], 4, GenerationOptions(temperature=temperature), events.append))
    engine._waiting[0].choose = lambda logits, tokens: 1 // 0
    with torch.inference_mode():
        for _ in range(5):
            engine._step()
    failed = told[0][-1]
    assert isinstance(failed, End)
    assert (failed.reason, "ZeroDivisionError" in failed.error) == ("failed", True)
    assert told[1][-1] in (End("length"), End("stop"))


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_frees_its_row(running: Running, stream: bool) -> None:
    engine = running.served.engine
    body = {"model": "tiny", "messages": QUESTION, "max_tokens": 400, "temperature": 5.0, "n": 4, "stream": stream}
    content = json.dumps(body).encode()
    lines = ["POST /v1/chat/completions HTTP/1.1", "Host: a", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(content)}", f"Authorization: Bearer {TOKEN}", "\r\n"]
    before = engine.steps
    with socket.create_connection(running.origin.removeprefix("http://").split(":")) as connection:
        connection.sendall("\r\n".join(lines).encode() + content)
        until(lambda: engine.running == 4)
    until(lambda: engine.running == 0)
    assert engine.steps - before < 390, "the replies were written to their end"


def test_two_hundred_at_once(running: Running) -> None:
    client = running.client()

    def ask(number: int) -> str:
        asked: dict[str, Any] = {"messages": [{"role": "user", "content": f"Count to {number}."}]}
        answer = client.chat.completions.create(model="tiny", max_tokens=3, temperature=0, **asked)
        return str(answer.choices[0].finish_reason)

    with ThreadPoolExecutor(200) as pool:
        reasons = list(pool.map(ask, range(200)))
    assert set(reasons) <= {"length", "stop"}


def test_a_full_queue_is_answered_429(tiny_folder: Path) -> None:
    server = Running(ServeOptions(str(tiny_folder), names=("tiny",), rows=1, device="cpu"), most_waiting=1)
    try:
        asked: dict[str, Any] = {"model": "tiny", "messages": QUESTION, "temperature": 5.0, "max_tokens": 400}
        stream = server.client().chat.completions.create(**asked, stream=True)
        next(iter(stream))
        with pytest.raises(openai.RateLimitError) as refused:
            server.client().chat.completions.create(**asked, n=2)
        assert refused.value.response.headers["retry-after"] == "1"
        stream.close()
        assert server.client().chat.completions.create(**{**asked, "max_tokens": 2}).choices
    finally:
        server.close()


def test_continuous_batching_writes_the_same_and_frees_what_is_given_up(tiny_folder: Path) -> None:
    from codeact.serving.continuous import ContinuousEngine
    from codeact.serving.engine import End, Writing

    model = TransformersModel(tiny_folder, device="cpu", dtype="float32")
    options = GenerationOptions(max_tokens=12)
    questions = [[Message("user", f"Pick up cube {number}.")] for number in range(3)]
    alone = [model.generate(question, options).text for question in questions]
    engine = ContinuousEngine(model, rows=4, blocks=16)
    engine.start()
    told: list[list[int | End]] = [[], [], [], []]
    try:
        for events, question in zip(told, questions, strict=False):
            tokens, limit = model.prepare(question, options)
            engine.submit(Writing(tokens, limit, options, events.append))
        endless = Writing(tokens, 400, GenerationOptions(temperature=5.0), told[3].append)
        engine.submit(endless)
        until(lambda: len(told[3]) > 3)
        endless.cancelled.set()
        until(lambda: all(events and isinstance(events[-1], End) for events in told))
    finally:
        engine.stop()
    assert [model._decode([token for token in events if isinstance(token, int)]) for events in told[:3]] == alone
    assert [events[-1] for events in told] == [End("length")] * 3 + [End("cancelled")]
    assert engine.refuses(GenerationOptions(min_p=0.5))
    assert not engine.alive


def test_our_own_model_drives_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEACT_API_KEY", TOKEN)
    model = OpenAICompatibleModel(running.url, "tiny")
    done = model.generate([Message("user", "Stack them.")], GenerationOptions(max_tokens=9))
    assert done.completion_tokens == 9
    assert not done.estimated
    with pytest.raises(ContextOverflow):
        model.generate([Message("user", "long " * 300)], GenerationOptions())


def test_smolagents_model_drives_it(running: Running) -> None:
    smolagents = pytest.importorskip("smolagents")
    model = smolagents.OpenAIModel(model_id="tiny", api_base=running.url, api_key=TOKEN, max_tokens=7, temperature=0)
    said = model.generate([{"role": "user", "content": [{"type": "text", "text": "Stack them."}]}])
    assert said.content
    assert said.token_usage.output_tokens == 7


def test_litellm_drives_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else importing it asks a server for prices
    litellm = pytest.importorskip("litellm")
    asked: dict[str, Any] = {"model": "openai/tiny", "api_base": running.url, "api_key": TOKEN, "max_tokens": 7}
    assert litellm.completion(messages=QUESTION, **asked).usage.completion_tokens == 7
    pieces = list(litellm.completion(messages=QUESTION, stream=True, **asked))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces)


def test_the_token_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEACT_SERVE_TOKEN", raising=False)
    file = tmp_path / "token"
    file.write_text("secret\n")
    assert token_of(ServeOptions("m", token_file=file)) == "secret"
    assert token_of(ServeOptions("m")) is None
    with pytest.raises(UsageError, match="CODEACT_SERVE_TOKEN"):
        token_of(ServeOptions("m", host="0.0.0.0"))
    assert token_of(ServeOptions("m", host="0.0.0.0", everyone=True)) is None
    monkeypatch.setenv("CODEACT_SERVE_TOKEN", "other")
    assert token_of(ServeOptions("m", host="0.0.0.0")) == "other"
    file.write_text("")
    with pytest.raises(UsageError, match="empty"):
        token_of(ServeOptions("m", token_file=file))


def make_adapter(base: Path, folder: Path, seed: int) -> str:
    import torch

    pytest.importorskip("peft")
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(base, dtype="float32")
    adapted: Any = get_peft_model(network, LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj", "v_proj"]))
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name:  # small: a large one writes one token over and over, and two such can look the same
                weight.copy_(0.1 * torch.randn(weight.shape, generator=random))
    adapted.save_pretrained(folder)
    return str(folder)


def test_each_row_is_written_with_its_own_adapter(tmp_path: Path, tiny_folder: Path) -> None:
    adapters = {name: make_adapter(tiny_folder, tmp_path / name, seed) for seed, name in enumerate(("left", "right"))}
    options = ServeOptions(
        str(tiny_folder), names=("tiny",), adapters=adapters, rows=4, device="cpu", dtype="float32", most_tokens=400
    )
    server = Running(options, token=TOKEN)
    try:
        client = server.client()
        assert [model.id for model in client.models.list()] == ["tiny", "left", "right"]

        def ask(name: str) -> str | None:
            answer = client.chat.completions.create(model=name, messages=QUESTION, max_tokens=24, temperature=0)
            return answer.choices[0].message.content

        names = ["tiny", "left", "right", "tiny", "left", "right"]
        with ThreadPoolExecutor(len(names)) as pool:
            said = list(pool.map(ask, names))
    finally:
        server.close()
    alone = {
        name: load_model(f"hf:{tiny_folder}?device=cpu&dtype=float32{adapter}")
        .generate([Message("user", QUESTION[0]["content"])], GenerationOptions(max_tokens=24))
        .text
        for name, adapter in [("tiny", ""), *((name, f"&adapter={folder}") for name, folder in adapters.items())]
    }
    assert len(set(alone.values())) == 3
    assert said == [alone[name] for name in names]


def test_an_adapter_that_is_none_is_told_at_the_start(tmp_path: Path, tiny_folder: Path) -> None:
    with pytest.raises(CodeActError, match="cannot load the adapter left="):
        load_served(ServeOptions(str(tiny_folder), adapters={"left": str(tmp_path)}, device="cpu"))
