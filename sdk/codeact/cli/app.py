"""The commands, their options and their help. What they do is in the modules beside this one, loaded when needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.agent_options import AgentOptions, PromptOptions, with_shared_options
from codeact.cli.chat_command import chat
from codeact.cli.collecting import collect
from codeact.cli.failures import reported
from codeact.cli.options import (
    Agent,
    Approve,
    Model,
    Names,
    Perception,
    Perturb,
    Phrasing,
    Tier,
    Values,
)
from codeact.cli.plugged import PluggedGroup
from codeact.cli.sandbox_command import open_sandbox
from codeact.cli.task_commands import tasks_app
from codeact.serving.command import serve
from codeact.training.command import train

app = typer.Typer(
    name="codeact",
    cls=PluggedGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Agents that act by writing Python, run inside a sandbox, against a robot arm or your own tools.\n\n"
        "Exit codes: 0 it ran through; 1 it did not; 2 it was asked for wrongly; 124 it ran out of time; "
        "130 it was interrupted."
    ),
)
app.add_typer(tasks_app, name="tasks")
tools_app = typer.Typer(help="Look at tools.", pretty_exceptions_enable=False, no_args_is_help=True)
app.add_typer(tools_app, name="tools")


@app.callback(invoke_without_command=True)
def _codeact(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(version_of("codeact"))
        raise typer.Exit


@app.command()
@with_shared_options
def run(
    task: Annotated[str, typer.Argument(help="A Gymnasium id, such as CodeAct/Stack2-v0.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed is the same scene.")] = 0,
    model: Model = None,
    agent: Agent = None,
    out: Annotated[Path, typer.Option(help="Folder in which the episode gets a folder of its own.")] = Path("runs"),
    tier: Tier = None,
    perception: Perception = None,
    perturb: Perturb = None,
    values: Values = None,
    phrasing: Phrasing = None,
    names: Names = None,
    options: AgentOptions = AgentOptions(),  # noqa: B008  frozen
    tools: Annotated[
        str | None,
        typer.Option(
            metavar="TOOLS",
            help="Tools beside the task's own: a `tools.yaml`, or a Toolbox as `MODULE:NAME` or `FILE.py:NAME`.",
        ),
    ] = None,
    video: Annotated[bool, typer.Option(help="Film the episode.")] = True,
    window: Annotated[
        bool,
        typer.Option("--window", help="Watch the robot in a window, at the pace of the clock, in place of a film."),
    ] = False,
    approve: Approve = None,
    stop_key: Annotated[bool, typer.Option(help="At a terminal, any key is an emergency stop.")] = True,
) -> None:
    """Play one episode and show it as it happens.

    Leaves a folder with `trace.jsonl`, `episode.html` and `episode.mp4`. The exit code is 0 when the episode ran
    through, whatever its score. Ctrl-C, and at a terminal any key, stops the robot and keeps what was written.

    Examples:

        codeact run CodeAct/Stack2-v0 --agent oracle

        codeact run CodeAct/PickPlace-v0 --tier low --agent oracle

        codeact run CodeAct/Stack2-v0 --agent oracle --perturb push,failed_grasp

        codeact run CodeAct/Push-v0 --seed 7 --model hf:Qwen/Qwen2.5-Coder-1.5B-Instruct

        codeact run CodeAct/Lift-v0 --model openai:http://localhost:8000/v1#my-model --approve ask

        codeact run CodeAct/Stack2-v0 --model embedded --tools tools.yaml
    """
    with reported():
        from codeact.cli.running import run_episode

        _only_one(model, agent)
        run_episode(
            task,
            seed,
            agent or model or "embedded",
            out=out,
            tier=tier,
            perception=perception,
            perturb=perturb,
            values=values,
            phrasing=phrasing,
            names=names,
            options=options,
            tools=tools,
            video=video,
            window=window,
            approve=tuple(approve or ()),
            stop_key=stop_key,
        )


app.command()(chat)


@app.command()
def replay(
    run: Annotated[Path, typer.Argument(help="A folder that `codeact run` left, or a trace file.")],
    show: Annotated[bool, typer.Option(help="Show programs, output and calls, too.")] = False,
    live: Annotated[
        str | None,
        typer.Option(
            metavar="TOOLS",
            help="Call the tools of `codeact run --tools` again, named as there, instead of answering as recorded.",
        ),
    ] = None,
) -> None:
    """Play a trace again and compare every state hash.

    Tools that reach outside, from `codeact run --tools`, are not called: they answer as was recorded. The exit code is
    0 when all is equal.

    Examples:

        codeact replay runs/20260101-120000-Stack2-v0-0

        codeact replay results/traces/CodeAct_Stack2-v0-0.jsonl --show
    """
    with reported():
        from codeact.cli.replaying import replay_run

        replay_run(run, show, live)


@app.command("eval")
@with_shared_options
def evaluate(
    out: Annotated[Path, typer.Option(help="Folder for results.jsonl and the traces.")],
    tasks: Annotated[
        list[str] | None,
        typer.Option("--tasks", "-t", metavar="GLOB", help="Ids or patterns; may be given more than once."),
    ] = None,
    seeds: Annotated[str | None, typer.Option(help="Such as 0-19,25; by default 0-19.")] = None,
    tier: Tier = None,
    perception: Perception = None,
    perturb: Perturb = None,
    values: Values = None,
    phrasing: Phrasing = None,
    names: Names = None,
    suite: Annotated[
        Path | None,
        typer.Option(help="A YAML file with tasks, seeds, tier and so on, in place of these."),
    ] = None,
    model: Model = None,
    agent: Agent = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play at the same time.")] = 2,
    resume: Annotated[bool, typer.Option(help="Go on with what is in the folder.")] = False,
    options: AgentOptions = AgentOptions(),  # noqa: B008  frozen
    traces: Annotated[bool, typer.Option(help="Keep the trace of each episode.")] = True,
) -> None:
    """Play many episodes and say how often they succeed.

    One line of JSON an episode goes to `results.jsonl` as it ends. A run that was stopped or killed goes on with
    `--resume`. The exit code is 0 when every episode ran through, whatever its score.

    Examples:

        codeact eval --tasks "CodeAct/*" --seeds 0-19 --agent oracle --out results/oracle

        codeact eval --tasks CodeAct/PickPlace-v0 --tier low --perception noisy --agent oracle --out results/low

        codeact eval --tasks CodeAct/Lift-v0 --phrasing unseen --names unseen --agent oracle --out results/unseen

        codeact eval --suite suite.yaml --agent oracle --out results/suite

        codeact eval --tasks CodeAct/Stack2-v0 --seeds 0-4,10 --model embedded --max-turns 3 --out results --resume
    """
    with reported():
        from codeact.cli.evaluating import evaluate_agent, suite_of

        _only_one(model, agent)
        evaluate_agent(
            suite_of(
                suite,
                tasks=tasks,
                seeds=seeds,
                tier=tier,
                perception=perception,
                perturb=perturb,
                values=values,
                phrasing=phrasing,
                names=names,
            ),
            agent or model or "embedded",
            out=out,
            workers=workers,
            resume=resume,
            options=options,
            traces=traces,
        )


@app.command("prompt")
@with_shared_options
def show_prompt(
    task: Annotated[str, typer.Argument(help="A Gymnasium id, such as CodeAct/Stack2-v0.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed is the same scene.")] = 0,
    options: PromptOptions = PromptOptions(),  # noqa: B008  frozen
    tier: Tier = None,
    perception: Perception = None,
    values: Values = None,
    phrasing: Phrasing = None,
    names: Names = None,
    tools: Annotated[
        str | None,
        typer.Option(metavar="TOOLS", help="Tools beside the task's own, as `codeact run` takes them."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Count tokens as this model does; else they are estimated.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the messages as one JSON array.")] = False,
) -> None:
    """Show what a model reads at the beginning of an episode, and how long that is.

    Examples:

        codeact prompt CodeAct/Stack2-v0

        codeact prompt CodeAct/Lift-v0 --format json --examples 3 --model embedded
    """
    with reported():
        from codeact.cli.prompting import show_prompt as show

        show(
            task,
            seed,
            model,
            as_json=json,
            tools=tools,
            settings=options.settings(),
            environment={
                "tier": tier,
                "perception": perception,
                "values": values,
                "phrasing": phrasing,
                "names": names,
            },
        )


@tools_app.callback()
def _tools() -> None:
    """Look at tools."""


@tools_app.command("show")
def show_tools(
    tools: Annotated[
        str, typer.Argument(metavar="TOOLS", help="A `tools.yaml`, or a Toolbox as `MODULE:NAME` or `FILE.py:NAME`.")
    ],
    stubs: Annotated[bool, typer.Option(help="Print all that a model reads, or only the list.")] = True,
) -> None:
    """Show tools as a model reads them, their effects, and how long that is.

    Examples:

        codeact tools show tools.yaml

        codeact tools show my_tools.py:box --no-stubs
    """
    with reported():
        from codeact.cli.showing import show_tools as show

        show(tools, stubs)


app.command("sandbox", context_settings={"allow_interspersed_args": False})(open_sandbox)
app.command("serve")(serve)
app.command("collect")(collect)
app.command("train")(train)


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for another program to read.")] = False,
) -> None:
    """Say what is installed, what this machine can do, and how to mend what is missing.

    The sandbox's level is `full wall`, `reduced: without ...` or `none: ...`, and two programs try it out. The exit
    code is 0 when the sandbox reaches its full wall and nothing that codeact itself needs is missing, else 1.

    Examples:

        codeact doctor

        codeact doctor --json
    """
    with reported():
        from codeact.cli.doctor import examine

        examine(as_json=json)


def _only_one(model: str | None, agent: str | None) -> None:
    if model is not None and agent is not None:
        raise typer.BadParameter("give --model or --agent, not both", param_hint="--model")
