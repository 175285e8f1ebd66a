"""The built wheel holds every module and every data file, and setup.cfg names every package."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = {
    "codeact": ROOT / "sdk/codeact",
    "codeact_envs": ROOT / "envs/codeact_envs",
    "codeact_adapters": ROOT / "tool_adapters/codeact_adapters",
}


def _modules_and_data() -> set[str]:
    """Paths inside the wheel of all files that belong to the three packages."""
    return {
        f"{name}/{file.relative_to(folder)}"
        for name, folder in ROOTS.items()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_setup_names_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    named = set(config["options"]["packages"].split())
    there = {
        ".".join((name, *file.parent.relative_to(folder).parts))
        for name, folder in ROOTS.items()
        for file in folder.rglob("__init__.py")
    }
    assert named == there


@pytest.mark.slow
def test_wheel_holds_every_file(tmp_path: Path) -> None:
    source = tmp_path / "source"  # a copy, so that no build folder of an earlier run can lend a missing file
    for name in ("sdk", "envs", "tool_adapters"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(source)],
        check=True,
        timeout=240,
    )
    (wheel,) = tmp_path.glob("codeact-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert _modules_and_data() <= names, sorted(_modules_and_data() - names)


@pytest.mark.parametrize("package", ["codeact", "codeact_envs", "codeact_adapters"])
def test_importing_a_top_level_package_loads_nothing_heavy(package: str) -> None:
    heavy = {"numpy", "pydantic", "torch", "transformers", "pybullet", "httpx", "gymnasium"}
    code = f"import sys, {package}; print(' '.join(sorted({heavy!r} & set(sys.modules))))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert loaded.strip() == ""


def test_arrows_run_one_way() -> None:
    """sdk knows neither environments nor adapters; environments know no adapters and the reverse."""
    forbidden = {
        "codeact": ("codeact_envs", "codeact_adapters"),
        "codeact_envs": ("codeact_adapters",),
        "codeact_adapters": ("codeact_envs",),
    }
    wrong = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for name, folder in ROOTS.items()
        for file in folder.rglob("*.py")
        for line in file.read_text().splitlines()
        for other in forbidden[name]
        if line.strip().startswith((f"import {other}", f"from {other}"))
    ]
    assert wrong == []


def test_the_rooms_of_the_robot_side_are_layers() -> None:
    """Each room of `codeact_envs.bullet` loads only what stands before it here, and may name the rest."""
    layers = ["geometry", "robots", "bodies", "engine", "motion", "arms", "vehicles", "world"]
    layers += ["servo", "perception", "handling", "tools"]
    home = ROOTS["codeact_envs"] / "bullet"
    wrong = [
        f"{file.relative_to(ROOT)}: {line}"
        for place, layer in enumerate(layers)
        for file in ([home / "world.py"] if layer == "world" else (home / layer).rglob("*.py"))
        for line in file.read_text().splitlines()
        for later in layers[place + 1 :]
        if line.startswith(f"from codeact_envs.bullet.{later}")
    ]
    assert wrong == []
