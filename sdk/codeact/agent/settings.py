"""How an agent acts, as one value: budgets, prompt, sampling, memory. It is handed on whole, and kept with results."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from codeact.agent.budget import Budget, Prices
from codeact.agent.formats import find_format
from codeact.agent.skills import Skill, load_skill
from codeact.agent.templates import worked_examples
from codeact.errors import CodeActError
from codeact.tools.wording import did_you_mean


@dataclass(frozen=True)
class AgentSettings:
    """How an agent acts. `CodeActAgent` takes them as keywords, too.

    Files that are named are read at once, so that settings say the same wherever they are handed on to.

    Attributes:
        max_turns: replies of the model for one task.
        max_tokens: tokens of one reply.
        max_total_tokens: tokens read and written for one task. None: no limit.
        max_seconds: wall time for one task. None: no limit. After it calls are refused, and the task ends.
        max_calls: tool calls for one task. None: no limit. One more is refused, and the task ends.
        max_cost: for one task, in the currency of `prices`. None: no limit.
        prices: what a million tokens cost that the model reads, and that it writes.
        action_format: `code`, or for comparison `json` or `text` (one call a turn).
        system_prompt: a Jinja template in place of the built-in one, or the path of its file; see `docs/agent.md`.
        skills: functions of earlier episodes that programs may call, or their files; see `docs/agent.md`.
        stubs: how the prompt shows the tools: `full` as Python stubs with rules and an example, or `short` in one line
            each after a few sentences, for small models. None: what the model prefers by its attribute `stubs`, else
            `full`.
        examples: how many worked examples the prompt shows, or texts of your own in place of them. None: one, and none
            beside short stubs.
        name: how traces and reports call the agent; None takes the model's name, the format if it is not `code`, and
            the skills.
        temperature: 0 is greedy.
        seed: makes sampling repeatable; the turn is added to it. None: different each time.
        max_observation_chars: longer observations lose their middle, with a note.
        compaction: what becomes of the oldest turns when the context is full: `drop` leaves them out, `summarise` lets
            the model sum them up first, for tokens that count.
        rehearse: in an episode whose environment can (it has `rehearse(code)`), try each program there first. One that
            ends in an error or breaks a hard constraint is not run; the model reads why, and its next reply counts as a
            turn like any other.
        best_of: above 1, so many replies are sampled in each turn, each program is rehearsed and the best one acted: of
            those that pass, the one with the environment's highest score. A turn counts once; tokens, time and cost
            count all of them. It needs a `temperature` above 0.

    Raises:
        CodeActError: an unknown format, a budget that is not positive, `best_of` without a temperature, or a file that
            cannot be read.
    """

    max_turns: int = 10
    max_tokens: int = 512
    max_total_tokens: int | None = None
    max_seconds: float | None = None
    max_calls: int | None = None
    max_cost: float | None = None
    prices: tuple[float, float] | None = None
    action_format: str = "code"
    system_prompt: str | os.PathLike[str] | None = None
    skills: Sequence[Skill | str | os.PathLike[str]] = ()
    stubs: Literal["full", "short"] | None = None
    examples: int | Sequence[str] | None = None
    name: str | None = None
    temperature: float = 0.0
    seed: int | None = 0
    max_observation_chars: int = 4000
    compaction: Literal["drop", "summarise"] = "drop"
    rehearse: bool = False
    best_of: int = 1

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  a misspelt key of a suite must not be left out

    def __post_init__(self) -> None:
        if self.max_tokens < 1 or self.max_observation_chars < 100:
            raise CodeActError("max_tokens must be at least 1, and max_observation_chars at least 100")
        if self.compaction not in ("drop", "summarise"):
            raise CodeActError(f"compaction is 'drop' or 'summarise', not {self.compaction!r}")
        if self.stubs not in (None, "full", "short"):
            raise CodeActError(f"stubs is 'full' or 'short', not {self.stubs!r}")
        if self.best_of < 1 or (self.best_of > 1 and self.temperature == 0):
            raise CodeActError(
                f"best_of is {self.best_of} and temperature {self.temperature:g}: it must be at least 1, and above 1 "
                "replies are sampled, so give a temperature such as 0.7"
            )
        find_format(self.action_format)
        put = object.__setattr__
        put(self, "prices", None if self.prices is None else _pair(self.prices))
        put(self, "skills", tuple(each if isinstance(each, Skill) else load_skill(Path(each)) for each in self.skills))
        if isinstance(self.system_prompt, os.PathLike):
            put(self, "system_prompt", _read(Path(self.system_prompt)))
        if not isinstance(self.examples, int | None):
            if isinstance(self.examples, str):
                raise CodeActError("examples is a number, or a list of texts")
            put(self, "examples", tuple(self.examples))
        self.shown_examples(self.stubs or "full")
        self.budget  # noqa: B018  it refuses what means nothing

    @cached_property
    def budget(self) -> Budget:
        """What one task may cost."""
        prices = None if self.prices is None else Prices(*self.prices)
        return Budget(self.max_turns, self.max_total_tokens, self.max_seconds, self.max_calls, self.max_cost, prices)

    @property
    def template(self) -> str | None:
        """The text of `system_prompt`."""
        return None if self.system_prompt is None else str(self.system_prompt)

    @property
    def known_skills(self) -> tuple[Skill, ...]:
        """The skills, all of them read."""
        return tuple(each for each in self.skills if isinstance(each, Skill))

    def shown_examples(self, stubs: str) -> tuple[str, ...]:
        """The worked examples that a prompt shows beside such stubs.

        Raises:
            CodeActError: there are not so many.
        """
        examples = (1 if stubs == "full" else 0) if self.examples is None else self.examples
        if not isinstance(examples, int):
            return tuple(examples)
        there = worked_examples(self.action_format)
        if not 0 <= examples <= len(there):
            raise CodeActError(
                f"examples is {examples}; there are {len(there)} worked examples, or give texts of your own"
            )
        return there[:examples]

    def but(self, **changes: Unpack[AgentKeywords]) -> AgentSettings:
        """The same settings, but for some. None leaves those as they are that must have a value.

        Raises:
            TypeError: there is no setting of a name.
            CodeActError: they mean nothing.
        """
        for name in changes:
            if name not in AgentKeywords.__annotations__:
                near = did_you_mean(name, AgentKeywords.__annotations__)
                raise TypeError(f"an agent has no setting {name!r}{near}")
        given = {name: value for name, value in changes.items() if value is not None or name in _MAY_BE_NONE}
        return replace(self, **given)  # type: ignore[arg-type]

    def unusual_names(self) -> list[str]:
        """The names of the settings that differ from the usual."""
        usual = AgentSettings()
        return [each.name for each in fields(self) if getattr(self, each.name) != getattr(usual, each.name)]

    def unusual(self) -> dict[str, Any]:
        """What differs from the usual, by name, as results name it: values of JSON, and hashes in place of texts."""
        told = {name: getattr(self, name) for name in self.unusual_names()}
        if "system_prompt" in told:
            told["prompt_sha256"] = hashlib.sha256(str(told.pop("system_prompt")).encode()).hexdigest()
        if "skills" in told:
            told["skills"] = [skill.identity for skill in self.known_skills]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}

    def as_data(self) -> dict[str, Any]:
        """All of it, as values of JSON, for another process; `of_data` reads it."""
        return asdict(self)

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> AgentSettings:
        """Settings from what `as_data` gave."""
        return AgentSettings(**{**data, "skills": [Skill(**each) for each in data["skills"]]})


class AgentKeywords(TypedDict, total=False):
    """The keywords by which `CodeActAgent` and `evaluate` take the settings of `AgentSettings`."""

    max_turns: int | None
    max_tokens: int | None
    max_total_tokens: int | None
    max_seconds: float | None
    max_calls: int | None
    max_cost: float | None
    prices: tuple[float, float] | None
    action_format: str
    system_prompt: str | os.PathLike[str] | None
    skills: Sequence[Skill | str | os.PathLike[str]]
    stubs: Literal["full", "short"] | None
    examples: int | Sequence[str] | None
    name: str | None
    temperature: float
    seed: int | None
    max_observation_chars: int
    compaction: Literal["drop", "summarise"]
    rehearse: bool
    best_of: int


_MAY_BE_NONE = {each.name for each in fields(AgentSettings) if each.default is None} | {"seed"}


def _pair(prices: Sequence[float]) -> tuple[float, float]:
    if len(prices) != 2:
        raise CodeActError(f"prices are two, of what is read and of what is written, not {len(prices)}")
    return float(prices[0]), float(prices[1])


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CodeActError(f"the prompt {file} cannot be read: {error}") from error
