"""A tiny but real model, and a real server that also misbehaves."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build_tiny_model(
    folder: Path,
    *,
    template: str | None = TEMPLATE,
    context: int = 512,
    seed: int = 0,
    heads: int = 4,
    window: int | None = None,
) -> Path:
    """A random Llama of two layers with a byte tokenizer: every text can be read and written.

    With a `window` it is a Mistral, each of whose tokens looks at so many.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        LlamaConfig,
        LlamaForCausalLM,
        MistralConfig,
        MistralForCausalLM,
        PreTrainedTokenizerFast,
    )

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(letters)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    tokenizer.add_tokens(["<tool_call>"])  # a control token that is not marked as special, as some models have
    tokenizer.chat_template = template + "{# <tool_call> #}" if template else None
    torch.manual_seed(seed)
    config = (LlamaConfig if window is None else MistralConfig)(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=context,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **({} if window is None else {"sliding_window": window}),
    )
    model = (LlamaForCausalLM if window is None else MistralForCausalLM)(config)
    with torch.no_grad():  # far from uniform, so that rounding cannot change which token is likeliest
        model.lm_head.weight.mul_(30.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_builder() -> Callable[..., Path]:
    return build_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_model(tiny_folder: Path) -> Any:
    from codeact.models import TransformersModel

    return TransformersModel(tiny_folder, device="cpu", dtype="float32")


REFUSED = {
    "thinker": ("max_tokens", "temperature", "stop"),
    "thinker-in-words": ("max_tokens", "temperature", "stop"),
    "no-limit": ("max_tokens", "max_completion_tokens"),
}


class Server:
    """Speaks the OpenAI chat protocol on loopback. The model's name chooses how it behaves."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.hung_up = threading.Event()
        self.url = ""

    def count(self, model: str) -> int:
        return sum(request["model"] == model for request in self.requests)

    def app(self) -> FastAPI:
        app = FastAPI()

        def chunk(text: str, finish: str | None = None) -> str:
            choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
            return f"data: {json.dumps({'choices': [choice]})}\n\n"

        async def good(request: dict[str, Any]) -> AsyncIterator[str]:
            yield ": keep-alive\n\n"
            yield 'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}\n\n'
            for piece in ("Grüße, ", "the last message was: ", request["messages"][-1]["content"]):
                yield chunk(piece)
            yield chunk("", "length" if request["max_tokens"] < 5 else "stop")
            if request.get("stream_options", {}).get("include_usage"):
                yield 'data: {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7}}\n\n'
            yield "data: [DONE]\n\n"

        async def endless() -> AsyncIterator[str]:
            try:
                while True:
                    yield chunk("tick ")
                    await asyncio.sleep(0.02)
            finally:
                self.hung_up.set()

        async def of(*events: str) -> AsyncIterator[str]:
            for event in events:
                yield event

        async def broken() -> AsyncIterator[str]:
            yield chunk("half a ")
            raise ConnectionResetError  # uvicorn drops the connection in the middle of the chunked body

        async def slow() -> AsyncIterator[str]:
            yield chunk("first")
            await asyncio.sleep(30)

        @app.post("/v1/chat/completions")
        async def completions(request: Request) -> Response:
            body = await request.json()
            self.requests.append(body)
            self.headers.append(dict(request.headers))
            self.times.append(time.monotonic())
            model = body["model"]
            tries = self.count(model)

            def stream(events: AsyncIterator[str]) -> Response:
                return StreamingResponse(events, media_type="text/event-stream")

            match model:
                case "good":
                    return stream(good(body))
                case "endless":
                    return stream(endless())
                case "busy-once":
                    if tries == 1:
                        return JSONResponse({"error": {"message": "slow down"}}, 429, {"Retry-After": "1"})
                    return stream(good(body))
                case "flaky":
                    return PlainTextResponse("boom", 503) if tries < 3 else stream(good(body))
                case "always-busy":
                    return JSONResponse({"error": {"message": "no quota"}}, 429, {"Retry-After": "86400"})
                case "always-down":
                    return PlainTextResponse("boom", 500)
                case "echo-key":
                    return JSONResponse({"error": {"message": f"bad key {request.headers.get('authorization')}"}}, 401)
                case "too-long":
                    return JSONResponse({"error": {"message": "This model's maximum context length is 8 tokens"}}, 400)
                case "thinker" | "thinker-in-words" | "no-limit":
                    refused = next((name for name in REFUSED[model] if name in body), None)
                    if refused is None:
                        return stream(good({**body, "max_tokens": body["max_completion_tokens"]}))
                    said = {"message": f"Unsupported parameter: '{refused}' is not supported with this model."}
                    if model != "thinker-in-words":
                        said |= {"param": refused, "code": "unsupported_parameter"}
                    return JSONResponse({"error": said}, 400)
                case "nested" | "nested-refusal":
                    return Response("[" * 100_000, 200 if model == "nested" else 400, media_type="application/json")
                case "redirect":
                    return Response(status_code=307, headers={"Location": "/elsewhere"})
                case "html":
                    return PlainTextResponse("<html>hello</html>")
                case "broken-json":
                    return stream(of("data: {not json\n\n"))
                case "wrong-json":
                    return stream(of('data: {"choices": [{"delta": {"content": 5}}]}\n\n'))
                case "wrong-choices":
                    return stream(of('data: {"choices": {"first": 1}}\n\n'))
                case "wrong-counts":
                    return stream(of(chunk("a", "stop"), 'data: {"usage": {"prompt_tokens": "3"}}\n\n'))
                case "null-error":
                    return stream(
                        of('data: {"error": null, "choices": [{"delta": {"content": "a"}}]}\n\n', chunk("", "stop"))
                    )
                case "list-json":
                    return stream(of("data: [1, 2]\n\n"))
                case "error-in-stream":
                    return stream(of(chunk("a"), 'data: {"error": {"message": "out of memory"}}\n\n'))
                case "no-done":
                    return stream(of(chunk("all of it"), chunk("", "stop")))
                case "cut":
                    return stream(of(chunk("half a ")))
                case "reset":
                    return stream(broken())
                case "slow":
                    return stream(slow())
                case "not-streamed":
                    choice = {"message": {"role": "assistant", "content": "in one piece"}, "finish_reason": "stop"}
                    usage = {"prompt_tokens": 3, "completion_tokens": 4}
                    return JSONResponse({"choices": [choice], "usage": usage})
            return JSONResponse({"error": {"message": f"The model `{model}` does not exist"}}, 404)

        return app


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = Server()
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        runner = uvicorn.Server(uvicorn.Config(server.app(), log_level="critical", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=runner.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + 20
        while not runner.started and time.monotonic() < until:
            time.sleep(0.01)
        assert runner.started
        yield server
        runner.should_exit = True
        thread.join(timeout=10)
