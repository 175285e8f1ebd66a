"""What a generator of questions is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING, Any, Protocol

from codeact.errors import TaskError
from codeact_envs.tool_use.answers import EXACT, Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary

if TYPE_CHECKING:
    from codeact.tools import Toolbox

Said = str | int | float | Sequence[str]
LEAST_TEMPLATES = 5


class Service(Protocol):
    """What the tools of a generator work on: a price list, a folder, a web server."""

    @property
    def toolbox(self) -> Toolbox:
        """The tools; the same object for the service's whole life."""
        ...

    def load(self, data: Any) -> None:
        """Begin an episode with a case's data; nothing of an earlier one is left."""
        ...

    def shown(self) -> str:
        """What stands before the reader now, in a line or two."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What tools have changed since `load`, as plain data; empty where tools only read."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` gave for the same data."""
        ...

    def close(self) -> None: ...


class ReadingService:
    """Base of services whose tools only read: there is no state but the data."""

    def state(self) -> Mapping[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Case:
    """One question with its data.

    Attributes:
        data: what the service is loaded with: dataclasses, lists, mappings, texts and numbers.
        said: what the instruction tells, by the names that its templates use.
        answer: what `finish` must be given, as the solver found it.
        left: what must be left behind: entries of `Service.state`.
    """

    data: Any
    said: Mapping[str, Said]
    answer: Any
    left: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """One kind of question.

    Attributes:
        name: short, in snake_case.
        pose: draws a case and solves it, from the data alone.
        templates: the words, at least five ways to say it; `{name}` is an entry of `Case.said`.
        form: what `finish` takes, as a sentence.
        oracle: the reference program; each entry of `Case.said` is a variable of it.
        opposite: a program with a likely mistake, which must score 0; it has the same variables.
        tolerance: of numbers in the answer.
        phrasings: further templates, `training` ones and `unseen` ones, for `phrasing=` of the environment.

    Raises:
        TaskError: there are too few templates, or they tell different things.
    """

    name: str
    pose: Callable[[Draw], Case]
    templates: tuple[str, ...]
    form: str
    oracle: str
    opposite: str
    tolerance: Tolerance = EXACT
    phrasings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.templates)) < LEAST_TEMPLATES:
            raise TaskError(f"question {self.name!r} has fewer than {LEAST_TEMPLATES} different templates")
        all_templates = [*self.templates, *(text for texts in self.phrasings.values() for text in texts)]
        told = [frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for text in all_templates]
        if len(set(told)) != 1:
            raise TaskError(f"question {self.name!r}: all templates must tell the same: {', '.join(map(str, told))}")

    def instruction(self, template: str, said: Mapping[str, Said]) -> str:
        """The words of a case, with what `finish` takes and how exact."""
        words = {name: _listed(value) for name, value in said.items()}
        return f"{template.format(**words)} {self.form} {self.tolerance}".rstrip()


@dataclass(frozen=True)
class Generator:
    """One field of questions.

    Attributes:
        name: short, in snake_case.
        title: a few words for a table.
        open: makes the service that its tools work on.
        grades: kinds of questions by grade: 1 for one or two calls that depend on one another, 2 for three to five,
            3 for six or more.
        vocabularies: the words that its questions are about, by name.
    """

    name: str
    title: str
    open: Callable[[], Service]
    grades: Mapping[int, tuple[Question, ...]]
    vocabularies: Mapping[str, Vocabulary]


def _listed(value: Said) -> str:
    if isinstance(value, (str, int, float)):
        return str(value)
    return " and ".join([", ".join(value[:-1]), value[-1]]) if len(value) > 1 else str(value[0])
