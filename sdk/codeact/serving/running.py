"""Run a server: load the model, choose the engine, listen, and end when what runs is finished."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.cli.failures import UsageError
from codeact.models.cache import say

if TYPE_CHECKING:
    from codeact.models.local_weights import Quantization

TOKEN_VARIABLE = "CODEACT_SERVE_TOKEN"
ROWS = 16  # replies at once of the engine `rows`


@dataclass(frozen=True)
class ServeOptions:
    """What `codeact serve` was asked for.

    Attributes:
        model: `embedded`, `embedded-base`, or a hub repository or folder, also as `hf:<...>`.
        names: under which clients ask for it; none: its own.
        adapters: names of LoRA adapters, and their folders.
        token_file: holds the bearer token; else it is taken from `CODEACT_SERVE_TOKEN`.
        everyone: serve other machines without a token, too.
        rows: replies at once; None: 16 with the engine `rows`, and what fits into a GPU's memory with `continuous`.
        quantization: bits a weight, as `TransformersModel` has them: `8bit` or `4bit`.
        grace: seconds that running requests have to finish after SIGTERM.
    """

    model: str
    names: tuple[str, ...] = ()
    adapters: dict[str, str] | None = None
    engine: str = "auto"
    host: str = "127.0.0.1"
    port: int = 8000
    token_file: Path | None = None
    everyone: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    rows: int | None = None
    most_waiting: int = 256
    most_tokens: int = 2048
    most_bytes: int = 4_000_000
    grace: float = 300.0
    device: str | None = None
    dtype: str | None = None
    quantization: Quantization | None = None
    threads: int | None = None
    tensor_parallel: int = 1
    data_parallel: int = 1


def serve(options: ServeOptions) -> None:
    """Serve until SIGINT or SIGTERM; what runs then is finished first, a second SIGINT ends it at once.

    Raises:
        UsageError: no token for an address that others reach, or half of a TLS pair.
        ModelError: the model or an adapter cannot be loaded.
    """
    token = token_of(options)
    _check_tls(options)
    if options.engine == "vllm":
        from codeact.serving.vllm import hand_over

        hand_over(options, token)
    require_libraries()
    from codeact.serving.app import Access, Desk

    access = Access(token, options.most_bytes, options.most_waiting)
    app = Desk(load_served(options), access).app()
    run(_announcing(configured(app, options), options))


def configured(app: Any, options: ServeOptions, head_seconds: float = 20.0) -> Any:
    """The settings of uvicorn's server.

    Args:
        head_seconds: in which a request's first line and headers must have come; after them it is answered 408.
    """
    import uvicorn

    from codeact.serving.heads import protocol

    return uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        http=protocol(head_seconds),
        ssl_certfile=options.tls_certificate,
        ssl_keyfile=options.tls_key,
        timeout_graceful_shutdown=max(1, round(options.grace)),
        server_header=False,
    )


def run(server: Any) -> None:
    """Run a uvicorn server to its end; the signal that ended it is not raised once more."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run()
    except SystemExit as stopped:  # uvicorn's way to say that it could not bind
        if stopped.code:
            raise UsageError(
                "the server could not listen; see the line above (another program has the port?)"
            ) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announcing(config: Any, options: ServeOptions) -> Any:
    import uvicorn

    class Announcing(uvicorn.Server):
        """Says where it listens once it does."""

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            for server in getattr(self, "servers", ()):
                for socket in server.sockets:
                    host, port = socket.getsockname()[:2]
                    scheme = "https" if options.tls_certificate else "http"
                    say(f"serving {options.model} at {scheme}://{f'[{host}]' if ':' in host else host}:{port}/v1")

    return Announcing(config)


def load_served(options: ServeOptions) -> Any:
    """The model, loaded, with its engine.

    Raises:
        UsageError: the options do not go together. ModelError: something cannot be loaded.
    """
    from codeact.models.device import choose_device
    from codeact.models.embedded import load_embedded_model
    from codeact.models.loading import EMBEDDED
    from codeact.models.local_weights import rounds_itself
    from codeact.models.transformers_model import TransformersModel
    from codeact.serving.engine import Engine
    from codeact.serving.rows import RowsEngine
    from codeact.serving.served import Served

    name = options.model.removeprefix("hf:")
    if "?" in name:
        raise UsageError(
            f"{options.model}: there is nothing behind a question mark here; use --device, --dtype, --quantization, "
            "--rows, --threads and --lora"
        )
    names = options.names or (name if not Path(name).is_dir() else Path(name).resolve().name,)
    adapters = options.adapters or {}
    if both := sorted(set(names) & set(adapters)):
        raise UsageError(f"--lora {both[0]}: the model itself has that name; choose another")
    if adapters and rounds_itself(options.quantization, choose_device(options.device)):
        raise UsageError("--lora needs whole weights on a CPU; leave out --quantization")
    settings: dict[str, Any] = {
        "device": options.device,
        "dtype": options.dtype,
        "quantization": options.quantization,
        "name": names[0],
        "threads": options.threads,
    }
    if name in EMBEDDED:
        model = load_embedded_model(base=name != EMBEDDED[0], **settings)
    else:
        model = TransformersModel(name, **settings)
    kind = options.engine
    if kind == "auto":  # adapters differ by row, which continuous batching does not know
        kind = "continuous" if model.device.startswith("cuda") and not adapters else "rows"
    if kind == "continuous" and adapters:
        raise UsageError("--lora needs --engine rows or vllm: continuous batching writes with one set of weights")
    engine: Engine
    if kind == "continuous":
        from codeact.serving.continuous import ContinuousEngine

        engine = ContinuousEngine(model, options.rows)
    else:
        engine = RowsEngine(model, options.rows or ROWS, adapters)
    at_once = "" if kind == "continuous" and options.rows is None else f", {options.rows or ROWS} replies at once"
    rounded = f", {options.quantization} weights" if options.quantization else ""
    say(f"{names[0]} on {model.device} in {model.dtype}{rounded}, engine {kind}{at_once}")
    return Served(model, engine, names, tuple(adapters), options.most_tokens)


def token_of(options: ServeOptions) -> str | None:
    """The bearer token, from its file or the environment.

    Raises:
        UsageError: the file cannot be read or is empty, or others can reach the server and there is no token.
    """
    if options.token_file is not None:
        try:
            token = options.token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--token-file {options.token_file}: {error}") from error
        if not token:
            raise UsageError(f"--token-file {options.token_file}: the file is empty")
    else:
        token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token.isascii() or any(letter.isspace() for letter in token):
        raise UsageError("the token must be one word of ASCII letters, as it is sent in a header")
    if not token and not options.everyone and not _is_loopback(options.host):
        raise UsageError(
            f"others can reach {options.host}: set {TOKEN_VARIABLE} or give --token-file, "
            "or say --everyone to serve whoever asks"
        )
    return token or None


def require_libraries() -> None:
    """Raises ModelError, saying what to install, if the server's libraries are missing."""
    from importlib.util import find_spec

    from codeact.errors import ModelError

    if missing := [name for name in ("starlette", "uvicorn", "prometheus_client") if find_spec(name) is None]:
        raise ModelError(f'codeact serve needs {" and ".join(missing)}: pip install "codeact[serve]"')


def _check_tls(options: ServeOptions) -> None:
    pair = {"--tls-certificate": options.tls_certificate, "--tls-key": options.tls_key}
    if None in pair.values() and any(pair.values()):
        raise UsageError("TLS needs both --tls-certificate and --tls-key")
    for name, file in pair.items():
        if file is not None and not file.is_file():
            raise UsageError(f"{name} {file}: there is no such file")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
