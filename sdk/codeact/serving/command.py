"""`codeact serve`: the command and its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codeact.cli.failures import UsageError, reported

if TYPE_CHECKING:
    from codeact.models.local_weights import Quantization


class Bits(StrEnum):
    """Bits a weight."""

    eight = "8bit"
    four = "4bit"


_BITS: dict[Bits, Quantization] = {Bits.eight: "8bit", Bits.four: "4bit"}


class EngineName(StrEnum):
    """What writes the replies."""

    auto = "auto"
    rows = "rows"
    continuous = "continuous"
    vllm = "vllm"


def serve(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="`embedded`, `embedded-base`, or a hub repository or folder.")
    ],
    name: Annotated[
        list[str] | None, typer.Option(help="Under which clients ask for it; by default MODEL; more than once.")
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FOLDER", help="A LoRA adapter over it, asked for by NAME; more than once."),
    ] = None,
    engine: Annotated[
        EngineName,
        typer.Option(help="`rows`, which is usual on a CPU; `continuous`, usual on CUDA; `vllm`: an installed vLLM."),
    ] = EngineName.auto,
    host: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 for other machines, too.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 for any that is free.")] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(help="Holds what clients send as their API key; without it, CODEACT_SERVE_TOKEN is taken."),
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="Serve other machines although there is no token.")
    ] = False,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file of the certificate and its chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file of its key.")] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=1, help="Replies written at once; by default 16, and on CUDA as many as its memory holds."),
    ] = None,
    max_waiting: Annotated[int, typer.Option(min=0, help="Replies that may wait; more are answered 429.")] = 256,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="The most tokens of a reply; a request for more gets so many.")
    ] = 2048,
    max_body_kb: Annotated[int, typer.Option(min=1, help="Largest body of a request, in kB.")] = 4000,
    grace: Annotated[float, typer.Option(min=1.0, help="Seconds for what runs to finish after SIGTERM.")] = 300.0,
    device: Annotated[str | None, typer.Option(help="cuda, cuda:1, mps or cpu; by default the best there is.")] = None,
    dtype: Annotated[str | None, typer.Option(help="bfloat16, float16 or float32; by default the fastest.")] = None,
    quantization: Annotated[
        Bits | None,
        typer.Option(help="Rounded weights, which give other replies. 8bit on a CPU needs no other library."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="On a CPU; by default as many as there are cores, but one.")
    ] = None,
    tensor_parallel: Annotated[int, typer.Option(min=1, help="With vLLM: GPUs that share one copy.")] = 1,
    data_parallel: Annotated[int, typer.Option(min=1, help="With vLLM: copies of the model.")] = 1,
) -> None:
    """Serve a local model to any client of the OpenAI API: chat and plain completions, streamed or not.

    Ends on Ctrl-C or SIGTERM, when what runs is finished. `/health` and Prometheus' `/metrics` are there, too.

    Examples:

        codeact serve embedded

        codeact serve Qwen/Qwen2.5-Coder-1.5B-Instruct --lora robot=adapters/robot --port 9000

        CODEACT_SERVE_TOKEN=... codeact serve embedded --host 0.0.0.0 --tls-certificate cert.pem --tls-key key.pem

        codeact run CodeAct/Stack2-v0 --model openai:http://127.0.0.1:8000/v1#embedded
    """
    with reported():
        from codeact.serving.running import ServeOptions
        from codeact.serving.running import serve as run

        if engine is not EngineName.vllm and (tensor_parallel, data_parallel) != (1, 1):
            raise UsageError("--tensor-parallel and --data-parallel are for --engine vllm")
        run(
            ServeOptions(
                model=model,
                names=tuple(name or ()),
                adapters=_adapters(lora or []),
                engine=engine.value,
                host=host,
                port=port,
                token_file=token_file,
                everyone=everyone,
                tls_certificate=tls_certificate,
                tls_key=tls_key,
                rows=rows,
                most_waiting=max_waiting,
                most_tokens=max_tokens,
                most_bytes=max_body_kb * 1000,
                grace=grace,
                device=device,
                dtype=dtype,
                quantization=None if quantization is None else _BITS[quantization],
                threads=threads,
                tensor_parallel=tensor_parallel,
                data_parallel=data_parallel,
            )
        )


def _adapters(given: list[str]) -> dict[str, str]:
    adapters: dict[str, str] = {}
    for one in given:
        name, equals, folder = one.partition("=")
        if not (name and equals and folder):
            raise UsageError(f"--lora {one}: write NAME=FOLDER")
        if name in adapters:
            raise UsageError(f"--lora {one}: the name {name} is given twice")
        adapters[name] = folder
    return adapters
