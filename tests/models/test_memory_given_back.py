"""What is freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
from codeact.models.device import give_back_memory

def held_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

pieces = [bytearray(b"1") * 100_000 for _ in range(3_000)]
del pieces[:-1]  # the last one lies behind the others, so that they are not given back by themselves
before = held_mb()
give_back_memory()
print(before - held_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_memory_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=100)
    assert float(done.stdout) > 200
