"""Hand over to vLLM: this process becomes its server, with the arguments that mean the same."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from codeact.cli.failures import UsageError
from codeact.errors import ModelError
from codeact.models.cache import say
from codeact.models.loading import is_embedded

if TYPE_CHECKING:
    from codeact.serving.running import ServeOptions


def hand_over(options: ServeOptions, token: str | None) -> NoReturn:
    """Replace this process by `vllm serve`. The token goes by the environment, where no list of processes shows it.

    Raises:
        ModelError: vLLM is not installed. UsageError: an option that vLLM has no word for.
    """
    command = arguments(options)
    beside = Path(sys.executable).parent / "vllm"
    program = str(beside) if beside.is_file() else shutil.which("vllm")
    if program is None:
        raise ModelError("there is no vllm: pip install vllm (Linux, with a GPU), or leave out --engine vllm")
    environment = dict(os.environ)
    if token is not None:
        environment["VLLM_API_KEY"] = token
    say(f"handing over: {program} {' '.join(command)}")
    os.execve(program, [program, *command], environment)


def arguments(options: ServeOptions) -> list[str]:
    """The arguments of `vllm` that mean what `options` say.

    Raises:
        UsageError: an option that vLLM has no word for.
    """
    from codeact.serving.running import ServeOptions

    name = options.model.removeprefix("hf:")
    if is_embedded(name):
        raise UsageError("the embedded model is for this machine's own engines; name a hub repository or a folder")
    unsaid = ServeOptions(options.model)
    own_limits = ("most_waiting", "most_tokens", "most_bytes", "grace")
    if any(getattr(options, limit) != getattr(unsaid, limit) for limit in own_limits):
        raise UsageError("--max-waiting, --max-tokens, --max-body-kb and --grace are limits of this server, not vLLM's")
    if options.device is not None or options.threads is not None:
        raise UsageError("--device and --threads are not for vLLM; choose GPUs by CUDA_VISIBLE_DEVICES")
    if options.quantization is not None:
        raise UsageError("--quantization is not for vLLM: name a repository whose weights are quantized")
    own = Path(name).resolve().name if Path(name).is_dir() else name
    command = ["serve", name, "--host", options.host, "--port", str(options.port)]
    command += ["--served-model-name", *(options.names or (own,))]
    command += ["--tensor-parallel-size", str(options.tensor_parallel)]
    command += ["--data-parallel-size", str(options.data_parallel)]
    if options.dtype is not None:
        command += ["--dtype", options.dtype]
    if options.rows is not None:
        command += ["--max-num-seqs", str(options.rows)]
    if options.adapters:
        command += ["--enable-lora", "--max-loras", str(len(options.adapters))]
        command += ["--lora-modules", *(f"{name}={folder}" for name, folder in options.adapters.items())]
    if options.tls_certificate is not None:
        command += ["--ssl-certfile", str(options.tls_certificate), "--ssl-keyfile", str(options.tls_key)]
    return command
