"""Which processor runs a local model, in which number format, on how many threads."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

from codeact.errors import ModelError

WeightType = Literal["bfloat16", "float16", "float32"]
DEVICES = ("cuda", "mps", "cpu")


def choose_device(wanted: str | None = None) -> str:
    """`wanted` if this machine has it, else the best there is: `cuda`, `mps` or `cpu`. `cuda:1` names the second GPU.

    Raises:
        ModelError: the wanted device is unknown or not here.
    """
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted is None:
        return next(name for name in DEVICES if here[name])
    kind, _, number = wanted.partition(":")
    if kind not in here:
        raise ModelError(f"unknown device {wanted!r}; one of {', '.join(DEVICES)}, or cuda:<number>")
    if not here[kind]:
        raise ModelError(f"the device {wanted!r} is not available here; torch {torch.__version__} sees none")
    if kind == "cuda" and number and not (number.isdecimal() and int(number) < torch.cuda.device_count()):
        raise ModelError(f"there is no device {wanted!r}; this machine has {torch.cuda.device_count()} CUDA devices")
    return wanted


def choose_weight_type(device: str) -> WeightType:
    """`bfloat16` where the device multiplies it in hardware; else `float16` on CUDA and `float32` on a CPU.

    On a CPU with such instructions bfloat16 reads prompts faster than float32, which is most of an agent's work:
    `benchmarks/models.py` prints both for this machine.
    """
    import torch

    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    if device == "mps":
        return "bfloat16"
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return "float32"
    return "bfloat16" if flags & {"avx512_bf16", "amx_bf16", "bf16"} else "float32"


def limit_threads(threads: int | None = None) -> None:
    """Set the number of threads torch computes with: `threads`, or one less than the CPUs this process may use.

    Torch's threads wait for each other by spinning. When something else needs one of their cores, as the simulator and
    the sandbox do here, each step waits for the slowest, and a model on all cores writes many times slower than on all
    but one. The number holds for the whole process. Without `threads`, an `OMP_NUM_THREADS` in the environment is left
    in force.

    Raises:
        ModelError: `threads` is not positive.
    """
    import torch

    if threads is not None:
        if threads < 1:
            raise ModelError(f"threads is {threads}; it must be at least 1")
        torch.set_num_threads(threads)
    elif "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, min(torch.get_num_threads(), _cpus() - 1)))


def give_back_memory() -> None:
    """Return to the system what the C library (glibc) holds of freed memory; nothing where it is another.

    What grows with each token is copied into new memory each time, and the freed piece is too small for the next one:
    many conversations at once hold many times the memory that they use.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _cpus() -> int:
    """CPUs that this process may run on, or those that its control group grants if they are fewer."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _cpu_share()
    return allowed if share is None else min(allowed, share)


def _cpu_share() -> int | None:
    """Whole CPUs that the control group grants (Linux, cgroup v2 `cpu.max`: quota and period in microseconds)."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return None
