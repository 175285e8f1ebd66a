"""Options that several commands share, with their help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ActionFormat(StrEnum):
    """How a model writes its actions."""

    code = "code"
    json = "json"
    text = "text"


class StubsForm(StrEnum):
    """How a prompt shows the tools."""

    full = "full"
    short = "short"


Agent = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="`oracle` plays the task's reference program; `nothing` and `opposite` are its controls; or a model.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="`embedded`, `embedded-base`, `hf:<repository or folder>`, `openai:<base url>#<model>` or "
        "`scripted:<file>`. "
        "Without --model and --agent: `embedded`.",
    ),
]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Tokens in one reply of the model.")]
Tier = Annotated[str | None, typer.Option(help="Of the tools: high or low; by default the task's own.")]
Perception = Annotated[str | None, typer.Option(help="privileged, noisy or camera; by default the task's own.")]
Approve = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        help="Before a tool call: `always` go on, `ask` you about what writes or moves, `never-physical`, `read-only`; "
        "or by effect or name `physical=ask`, `shop.*=never`, `arm.*=FILE.py:FUNCTION`. May be given more than once.",
    ),
]
Perturb = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="What goes otherwise than planned: push, dynamics, failed_grasp, camera_noise, or several with commas.",
    ),
]
Values = Annotated[
    str | None,
    typer.Option(help="What instructions are about: seen or unseen values, such as colours; by default seen."),
]
Phrasing = Annotated[
    str | None,
    typer.Option(help="Whose words instructions are in: usual, training or unseen; by default the tasks' own."),
]
Names = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Other names of tools: unseen, training:NUMBER, made_up:NUMBER, or pick=grab,place_on=put_onto.",
    ),
]
Temperature = Annotated[float, typer.Option(min=0.0, max=10.0, help="Of a model's words; 0 takes the likeliest.")]
Format = Annotated[
    ActionFormat, typer.Option("--format", help="How the model acts: programs, or one call a turn, for comparison.")
]
Tools = Annotated[
    str | None,
    typer.Option(
        metavar="TOOLS",
        help="The tools that programs may call: a `tools.yaml`, or a Toolbox as `MODULE:NAME` or `FILE.py:NAME`.",
    ),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="A limit of each run, such as wall_s=5; may be given more than once."),
]
Without = Annotated[
    list[str] | None,
    typer.Option(metavar="LAYER", help="A layer of the wall to go without; may be given more than once."),
]
Imports = Annotated[
    list[str] | None,
    typer.Option(metavar="MODULE", help="What programs may import, and no more; may be given more than once."),
]
Workspace = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A folder that programs may write to, with full libraries and no filter."),
]
Readable = Annotated[
    list[Path] | None,
    typer.Option(metavar="PATH", help="What programs may read beside the workspace; may be given more than once."),
]
