"""The options of a model's agent, which several commands share: each is defined here once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from codeact.cli.failures import UsageError
from codeact.cli.options import ActionFormat, StubsForm

if TYPE_CHECKING:
    from codeact.agent import AgentSettings
    from codeact.agent.settings import AgentKeywords

PANEL = "The model's agent"


class Compaction(StrEnum):
    """What becomes of the oldest turns when the context is full."""

    drop = "drop"
    summarise = "summarise"


def _option(*names: str, **how: Any) -> Any:
    return typer.Option(*names, rich_help_panel=PANEL, **how)


@dataclass(frozen=True, kw_only=True)
class PromptOptions:
    """What shapes a model's prompt. None: not given."""

    action_format: Annotated[
        ActionFormat | None,
        _option("--format", help="How the model acts: programs (code), or one call a turn, for comparison."),
    ] = None
    stubs: Annotated[
        StubsForm | None,
        _option(help="The tools in the prompt: whole, or one line each for a small model; by default as it prefers."),
    ] = None
    examples: Annotated[
        int | None, _option(min=0, help="Worked examples in the prompt; by default 1, and 0 beside short stubs.")
    ] = None
    prompt: Annotated[
        Path | None,
        _option(metavar="FILE", help="A Jinja template in place of the built-in prompt, which it may include."),
    ] = None
    skills: Annotated[
        list[Path] | None,
        _option(
            "--skill", metavar="FILE", help="A function of an earlier episode that programs may call; may be repeated."
        ),
    ] = None

    def changes(self) -> AgentKeywords:
        """What was given, as keywords of `CodeActAgent`."""
        given: dict[str, Any] = {
            "action_format": self.action_format and self.action_format.value,
            "stubs": self.stubs and self.stubs.value,
            "examples": self.examples,
            "system_prompt": self.prompt,
            "skills": self.skills,
        }
        given = {name: value for name, value in given.items() if value is not None}
        return given  # type: ignore[return-value]

    def settings(self, usual: AgentSettings | None = None) -> AgentSettings:
        """The settings that were asked for.

        Args:
            usual: those that hold where nothing was given.

        Raises:
            CodeActError: they mean nothing, or a file cannot be read.
        """
        from codeact.agent import AgentSettings

        return (usual or AgentSettings()).but(**self.changes())


@dataclass(frozen=True, kw_only=True)
class AgentOptions(PromptOptions):
    """How a model's agent acts, and what it may cost. None: not given."""

    max_turns: Annotated[int | None, _option(min=1, help="Replies of the model to one task; by default 10.")] = None
    max_tokens: Annotated[
        int | None, _option(min=1, help="Tokens in one reply of the model; by default 512, and 1024 in a chat.")
    ] = None
    max_total_tokens: Annotated[
        int | None, _option(min=1, help="Tokens that the model reads and writes for one task, over all replies.")
    ] = None
    max_seconds: Annotated[float | None, _option(help="Wall time for one task, in seconds.")] = None
    max_calls: Annotated[
        int | None, _option(min=1, help="Calls of tools for one task. One more is refused, and the task ends.")
    ] = None
    max_cost: Annotated[float | None, _option(help="What one task may cost, by --prices.")] = None
    prices: Annotated[
        str | None,
        _option(metavar="READ,WRITTEN", help="What a million tokens cost that the model reads, and that it writes."),
    ] = None
    temperature: Annotated[
        float | None, _option(min=0.0, max=10.0, help="Of a model's words; 0, the default, takes the likeliest.")
    ] = None
    rehearse: Annotated[
        bool, _option("--rehearse", help="Try each program in the simulation, and undo it, before it is run.")
    ] = False
    best_of: Annotated[
        int | None,
        _option(
            min=1,
            help="Sample so many programs a turn, try each in the simulation, and run the best; with --temperature.",
        ),
    ] = None
    compaction: Annotated[
        Compaction | None,
        _option(
            help="When the model's context is full: drop the oldest turns, which is the default, or let the model "
            "summarise them."
        ),
    ] = None
    max_observation_chars: Annotated[
        int | None, _option(min=100, help="Longer observations lose their middle; by default 4000.")
    ] = None
    check_skills: Annotated[
        bool, _option("--check-skills", help="First run the tests of each --skill, where nothing can happen by them.")
    ] = False

    def changes(self) -> AgentKeywords:
        more: dict[str, Any] = {
            "max_turns": self.max_turns,
            "max_tokens": self.max_tokens,
            "max_total_tokens": self.max_total_tokens,
            "max_seconds": self.max_seconds,
            "max_calls": self.max_calls,
            "max_cost": self.max_cost,
            "prices": None if self.prices is None else prices_of(self.prices),
            "temperature": self.temperature,
            "rehearse": self.rehearse or None,
            "best_of": self.best_of,
            "compaction": self.compaction and self.compaction.value,
            "max_observation_chars": self.max_observation_chars,
        }
        given = {**super().changes(), **{name: value for name, value in more.items() if value is not None}}
        return given  # type: ignore[return-value]


def prices_of(text: str) -> tuple[float, float]:
    """Prices such as `0.15,0.6`.

    Raises:
        UsageError: they are no two numbers.
    """
    try:
        read, written = map(float, text.split(","))
    except ValueError:
        raise UsageError(
            f"--prices {text}: it takes two numbers, what a million tokens cost that are read and that are written, "
            "such as 0.15,0.6"
        ) from None
    return read, written


def with_shared_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of each parameter that is `PromptOptions` or `AgentOptions`; it gets them whole."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[PromptOptions]] = {}
    for parameter in inspect.signature(command).parameters.values():
        kind = hints[parameter.name]
        if not (isinstance(kind, type) and issubclass(kind, PromptOptions)):
            parameters.append(parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        groups[parameter.name] = kind
        options = get_type_hints(kind, include_extras=True)
        parameters += [
            inspect.Parameter(
                each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=options[each.name]
            )
            for each in fields(kind)
        ]

    @wraps(command)
    def called(**given: Any) -> None:
        whole = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)}) for name, kind in groups.items()
        }
        command(**given, **whole)

    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called
