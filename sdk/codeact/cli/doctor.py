"""`codeact doctor`: what is installed, what this machine can do, and how to mend what is missing."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import BROKE
from codeact.cli.wall_words import level_in_words
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


def examine(as_json: bool = False) -> None:
    """Print all findings, for a reader or as one JSON object. Exits with 1 when something needed is missing."""
    sections = {title: list(_looked(look)) for title, look in SECTIONS.items()} if as_json else {}
    if as_json:
        healthy = _healthy(finding for findings in sections.values() for finding in findings)
        print(json.dumps({"healthy": healthy, "sandbox": _level_data(), "sections": _plain(sections)}, indent=2))
    else:
        healthy = _print()
    if not healthy:
        raise typer.Exit(BROKE)


def _healthy(findings: Iterable[Finding]) -> bool:
    return all(finding.state != "missing" for finding in findings)


def _plain(sections: dict[str, list[Finding]]) -> dict[str, list[dict[str, str]]]:
    return {title: [asdict(finding) for finding in findings] for title, findings in sections.items()}


def _print() -> bool:
    """Print section by section, as each is looked at. Returns whether all that codeact needs is here."""
    console = Console(highlight=False)
    healthy = True
    for title, look in SECTIONS.items():
        console.print(Text(title, style="bold"))
        grid = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
        grid.add_column(width=1)
        grid.add_column(no_wrap=True, min_width=16)
        grid.add_column(overflow="fold")
        for finding in _looked(look):
            healthy &= _healthy([finding])
            mark, style = _MARKS[finding.state]
            found = Text(printable(finding.found))
            if finding.mend:
                found.append(f"\n→ {printable(finding.mend)}", style="yellow")
            grid.add_row(Text(mark, style=style), Text(finding.what), found)
        console.print(grid)
        console.print()
    console.print(
        Text("✓ here   – not here, and only needed for what the line says   ✗ needed, and missing", style="dim")
    )
    if healthy:
        console.print(Text("All that codeact needs is here (exit status 0).", style="bold green"))
    else:
        console.print(
            Text("Something that codeact needs is missing (exit status 1): see the lines with ✗.", style="bold red")
        )
    return healthy


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
    from codeact.models.embedded import own_adapter

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
    adapter = own_adapter()
    said = "no adapter comes with this package: `embedded` is its base" if adapter is None else f"adapter {adapter}"
    yield Finding("ok", "embedded model", said)


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

    layers = level().layers
    missing = [layer.name for layer in layers if not layer.reached and not layer.workspace_only]
    words = level_in_words(missing)
    if missing:
        mend = "mend the lines with ✗ below"
        if "process" not in missing:
            names = ", ".join(f"{name!r}" for name in missing)
            mend += f"; or go on without, at your own risk: Sandbox(without=[{names}]), codeact sandbox " + " ".join(
                f"--without {name}" for name in missing
            )
        yield Finding("missing", "level", f"{words}; a sandbox refuses to start", mend)
    else:
        yield Finding(
            "ok", "level", f"{words}: every layer that a session needs stands; docs/safety.md says what that promises"
        )
    for layer in layers:
        if layer.reached:
            yield Finding("ok", layer.name, layer.detail)
        else:
            yield Finding("optional" if layer.workspace_only else "missing", layer.name, layer.detail, layer.remedy)
    if "process" not in missing:
        yield from _trial(missing)


def _level_data() -> dict[str, object]:
    from codeact.sandbox import level

    layers = level().layers
    missing = [layer.name for layer in layers if not layer.reached and not layer.workspace_only]
    words = level_in_words(missing)
    return {"level": words.split()[0].rstrip(":"), "in_words": words, "layers": [asdict(layer) for layer in layers]}


ATTEMPTS = """
import os

def attempt(action):
    try:
        action()
    except (OSError, PermissionError):
        return False
    return True

def start():
    if os.fork() == 0:
        os._exit(0)

done = {
    "read a file": lambda: os.open(FILE, os.O_RDONLY),
    "write a file": lambda: os.open(FILE, os.O_WRONLY),
    "list a folder": lambda: os.listdir("/"),
    "start a process": start,
    "signal another process": lambda: os.kill(HOST, 0),
}
[name for name, action in done.items() if attempt(action)]
"""
"""What a program does that the filter does not hold back: each must fail at the wall."""


def _trial(missing: list[str]) -> Iterator[Finding]:
    """Run two programs: one as usual, and one without the filter that tries what the kernel must refuse."""
    import tempfile
    import time

    from codeact.episode.plain import duration
    from codeact.sandbox import Sandbox

    began = time.perf_counter()
    with Sandbox(without=missing) as sandbox:
        first = sandbox.run("6 * 7")
    spent = duration(time.perf_counter() - began)
    if first.value != 42:
        why = first.error.message if first.error is not None else f"it gave {first.value!r}"
        yield Finding("missing", "a program", f"it did not run: {why}", "report it with the output of codeact doctor")
        return
    yield Finding(
        "ok", "a program", f"ran in a worker of its own; the first takes {spent}, with starting what workers come from"
    )
    with tempfile.NamedTemporaryFile() as file, Sandbox(without={*missing, "filter"}) as bare:
        os.chmod(file.name, 0o666)
        tried = bare.run(f"FILE, HOST = {file.name!r}, {os.getpid()}\n{ATTEMPTS}")
    if tried.value == []:
        yield Finding(
            "ok", "a hostile one", "without the filter it could not read, write, list, start or signal anything"
        )
    else:
        could = ", ".join(tried.value) if isinstance(tried.value, list) else "not be tried: " + tried.observation()
        mend = "do not run programs here that you do not trust"
        yield Finding("missing", "a hostile one", f"without the filter it could {could}", mend)


SECTIONS: dict[str, Callable[[], Iterator[Finding]]] = {
    "Machine": _machine,
    "Packages": _packages,
    "Models": _models,
    "Environments": _environments,
    "Sandbox": _sandbox,
}
