"""Worlds come and go without a trace in memory; `benchmarks/soak.py` looks at many more."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from pathlib import Path
from codeact_envs.bullet.bodies.assembly import load
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.engine.simulation import Simulation

def grown(times):
    before = resident_kb()
    for _ in range(times):
        simulation = Simulation()
        for shape in ("ball", "cylinder", "cup", "button"):
            kind = SHAPES[shape]
            load(simulation.bullet, simulation.client, kind.assembly(kind.size), kind.mass, "red")
        simulation.close()
    return resident_kb() - before

def resident_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])

grown(40)
print(grown(80))
"""


def test_bodies_of_closed_simulations_leave_no_memory_behind() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120, check=True)
    # Meshes made anew each time would leave more than 150 kB behind with each simulation.
    assert int(done.stdout.split()[-1]) < 4_000
