"""`codeact run`."""

from __future__ import annotations

import os
import shlex
import signal
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from codeact.cli.printer import EpisodePrinter
from codeact.errors import CodeActError, TaskError
from codeact.evaluation.errors import SelectionError

if TYPE_CHECKING:
    import gymnasium

    from codeact.cli.agent_options import AgentOptions


def run_episode(
    task: str,
    seed: int,
    agent: str,
    *,
    out: Path,
    tier: str | None = None,
    perception: str | None = None,
    perturb: str | None = None,
    values: str | None = None,
    phrasing: str | None = None,
    names: str | None = None,
    tools: str | None = None,
    video: bool,
    window: bool = False,
    approve: tuple[str, ...],
    stop_key: bool,
    options: AgentOptions,
) -> None:
    """Play, print and say where the files are.

    With `window` the robot is watched as it moves (Gymnasium's render mode `human`), and not filmed.

    `tools` names tools that programs get beside the task's own, which are closed at the end.

    With `stop_key`, and where nobody is asked about calls, a key pressed at the terminal is an emergency stop, and ends
    the episode as Ctrl-C does.

    Raises:
        CodeActError: with the message that the user should read.
        KeyboardInterrupt: after the summary was printed.
    """
    from codeact.cli.approving import asks, policy_of
    from codeact.cli.asking import Asking
    from codeact.cli.skill_checks import check_skills
    from codeact.cli.toolboxes import load_toolbox
    from codeact.episode import EpisodeInterrupted, emergency_stop_on_key, play
    from codeact.evaluation.agents import make_agent
    from codeact.evaluation.selection import find_tasks

    console = Console(highlight=False, soft_wrap=True)
    found = find_tasks([task])
    if len(found) != 1:
        raise SelectionError(f"{task!r} matches {len(found)} tasks; `codeact eval` plays many, `codeact run` one")
    asking = Asking()
    stop_key = stop_key and not asks(approve)
    with ExitStack() as opened:
        box = load_toolbox(tools, asking.of_tools) if tools is not None else None
        if box is not None:
            opened.callback(box.close)
            stop_key = stop_key and not any(tool.approvals for tool in box)  # a person is asked, and answers by keys
        env = make_environment(
            found[0],
            video=video and not window,
            render_mode="human" if window else None,
            tier=tier,
            perception=perception,
            perturb=perturb,
            values=values,
            phrasing=phrasing,
            names=names,
            extra_tools=box,
        )
        opened.callback(env.close)
        settings = options.settings()
        policy = policy_of(approve, asking)
        if policy is not None or box is not None:  # tools of one's own may want to be asked about, too
            policy = asking.watching(policy)
        player = make_agent(agent, settings, approve=policy)
        if options.check_skills:
            check_skills(settings, env=env, seed=seed)
        printer = EpisodePrinter(console)
        try:
            with emergency_stop_on_key(lambda: _stop(env)) if stop_key else nullcontext(False) as listens:
                if listens:
                    console.print("any key: emergency stop", style="dim")
                episode = play(player, env, seed, out=out, on_event=printer)
        except EpisodeInterrupted as interrupt:
            _print_files(console, interrupt.episode.directory)
            raise KeyboardInterrupt("interrupted: the robot was stopped, and what was written is kept") from None
    _print_files(console, episode.directory)


def _stop(env: gymnasium.Env[Any, Any]) -> None:
    with suppress(Exception):  # not every environment has one
        env.unwrapped.emergency_stop()  # type: ignore[attr-defined]
    os.kill(os.getpid(), signal.SIGINT)


def make_environment(task: str, *, video: bool, **options: object) -> gymnasium.Env[Any, Any]:
    """The environment, filming when that is wanted and possible, with those options that are given.

    Raises:
        TaskError: it cannot be made, or takes no such option.
    """
    import importlib.util

    import gymnasium

    from codeact.evaluation.selection import make_environment as make

    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    films = video and importlib.util.find_spec("av") is not None
    if video and not films:
        Console(stderr=True).print(
            "no video: the package `av` is missing (pip install 'codeact[bullet]')", style="yellow", markup=False
        )
    try:
        # An environment that cannot film would only warn when it is asked to.
        films = films and "rgb_array_list" in _render_modes(task)
        if films:
            given["render_mode"] = "rgb_array_list"
        return make(task, given)
    except CodeActError:
        raise
    except (gymnasium.error.Error, ImportError) as error:
        raise TaskError(f"{task} cannot be made: {error}. `codeact doctor` says what is missing.") from error


def _render_modes(task: str) -> list[str]:
    from codeact.evaluation.selection import environment_class

    creator, _ = environment_class(task)
    return list(getattr(creator, "metadata", {}).get("render_modes", ()))


def _print_files(console: Console, directory: Path | None) -> None:
    """Name the files, and how to play the episode again."""
    if directory is None:
        return
    for file in sorted(directory.iterdir()):
        console.print(Text(f"  {file}", style="dim"))
    console.print(Text(f"  play it again with: codeact replay {shlex.quote(str(directory))}", style="dim"))
