"""`codeact doctor`: what is installed, what this machine can do, and how to mend what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import BROKE
from codeact.episode.plain import printable
from codeact.requirements import requirements

State = Literal["ok", "optional", "missing"]
_MARKS: dict[State, tuple[str, str]] = {"ok": ("✓", "green"), "optional": ("–", "yellow"), "missing": ("✗", "red")}
EXTRAS = {
    "local": "models on this machine",
    "bullet": "the robot arm and its video",
    "ray": "evaluation on many machines",
    "mcp": "tools of MCP servers",
    "ros": "robots that speak ROS",
    "train": "fine-tuning",
    "workspace": "libraries for programs with a workspace",
    "dev": "tests and examples",
}
LEAST_FREE_BYTES = 2_000_000_000
"""The embedded model takes about 0.5 GB while it is unpacked, and an evaluation with traces some hundred megabytes."""


@dataclass(frozen=True)
class Finding:
    """One line of the report. `missing` fails the examination, `optional` does not."""

    state: State
    what: str
    found: str
    mend: str = ""


def examine() -> None:
    """Print all findings. Exits with 1 when something that codeact needs is missing."""
    console = Console(highlight=False)
    healthy = True
    for title, look in SECTIONS.items():
        console.print(Text(title, style="bold"))
        grid = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
        grid.add_column(width=1)
        grid.add_column(no_wrap=True, min_width=16)
        grid.add_column(overflow="fold")
        for finding in _looked(look):
            healthy &= finding.state != "missing"
            mark, style = _MARKS[finding.state]
            found = Text(printable(finding.found))
            if finding.mend:
                found.append(f"\n→ {printable(finding.mend)}", style="yellow")
            grid.add_row(Text(mark, style=style), Text(finding.what), found)
        console.print(grid)
        console.print()
    if not healthy:
        console.print(Text("Something that codeact needs is missing: see the lines with ✗.", style="bold red"))
        raise typer.Exit(BROKE)
    console.print(Text("All that codeact needs is here.", style="bold green"))


def _looked(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A part that breaks is a finding, too; the others are looked at all the same."""
    try:
        yield from look()
    except Exception as error:
        yield Finding("missing", look.__name__.strip("_"), f"could not be looked at: {type(error).__name__}: {error}")


def _machine() -> Iterator[Finding]:
    yield Finding("ok", "Python", f"{platform.python_version()}, {sys.executable}")
    system = f"{platform.system()} {platform.release()}, {platform.machine()}, {len(_cores())} cores"
    if platform.system() == "Linux":
        yield Finding("ok", "system", system)
    else:
        yield Finding(
            "missing",
            "system",
            system,
            "the wall of the sandbox needs Linux: use a Linux machine or container",
        )
    free = shutil.disk_usage(Path.cwd()).free
    yield Finding(
        "ok" if free >= LEAST_FREE_BYTES else "optional",
        "disk",
        f"{free / 1e9:.1f} GB free in {Path.cwd()}",
        "" if free >= LEAST_FREE_BYTES else "make room: traces, videos and models are kept on disk",
    )


def _cores() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def _packages() -> Iterator[Finding]:
    yield Finding("ok", "codeact", metadata.version("codeact"))
    needs = requirements()
    missing = [name for name in needs.pop("", []) if not _installed(name)]
    if missing:
        yield Finding("missing", "required", f"not installed: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    for extra, purpose in EXTRAS.items():
        names = needs.get(extra, [])
        missing = [name for name in names if not _installed(name)]
        if not missing:
            versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
            yield Finding("ok", f"extra {extra}", f"{purpose}: {versions}")
        else:
            yield Finding(
                "optional",
                f"extra {extra}",
                f"{purpose}: not installed: {', '.join(missing)}",
                f'pip install "codeact[{extra}]"',
            )


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _models() -> Iterator[Finding]:
    if util.find_spec("torch") is None:
        yield Finding("optional", "device", "no torch: only models behind a server", 'pip install "codeact[local]"')
    else:
        import torch

        from codeact.models.device import choose_device, choose_weight_type

        device = choose_device()
        name = torch.cuda.get_device_name() if device.startswith("cuda") else platform.processor() or platform.machine()
        kind = choose_weight_type(device)
        yield Finding("ok", "device", f"{device} ({name}), weights as {kind}, torch {torch.__version__}")
    from codeact.models.cache import cache_folder

    folder = cache_folder()
    models = sorted(path.name for path in (folder / "models").glob("*") if path.is_dir() and path.name[0] != ".")
    if models:
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        yield Finding("ok", "model cache", f"{folder}: {', '.join(models)} ({size / 1e6:.0f} MB)")
    else:
        yield Finding(
            "optional",
            "model cache",
            f"{folder} is empty",
            "python -m codeact.models.embedded fetches the embedded model",
        )


def _environments() -> Iterator[Finding]:
    from codeact.evaluation.selection import registered_tasks

    tasks = registered_tasks()
    if tasks:
        yield Finding("ok", "tasks", f"{len(tasks)} in Gymnasium's registry: codeact tasks")
    else:
        yield Finding("missing", "tasks", "none in Gymnasium's registry", "install codeact again: pip install -e .")
    if util.find_spec("av") is None:
        yield Finding("optional", "video", "no PyAV: episodes are not filmed", 'pip install "codeact[bullet]"')
    else:
        import av

        encoder = "libx264" if "libx264" in av.codecs_available else ""
        mend = "" if encoder else "pip install --force-reinstall av brings a build with libx264"
        yield Finding(
            "ok" if encoder else "optional",
            "video",
            f"PyAV {av.__version__} with {encoder or 'no H.264 encoder'}; no ffmpeg program is needed",
            mend,
        )
    yield Finding("ok", "OpenGL", "not needed: pictures are drawn by the processor, with no display")


def _sandbox() -> Iterator[Finding]:
    from codeact.sandbox import level

    for layer in level().layers:
        if layer.reached:
            yield Finding("ok", layer.name, layer.detail)
        else:
            yield Finding("missing", layer.name, layer.detail, layer.remedy)


SECTIONS: dict[str, Callable[[], Iterator[Finding]]] = {
    "Machine": _machine,
    "Packages": _packages,
    "Models": _models,
    "Environments": _environments,
    "Sandbox": _sandbox,
}
