"""Several programs rehearsed, the best one acted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium
import pytest

import codeact_envs  # noqa: F401
from codeact import CodeActAgent
from codeact.agent.candidates import Candidate, best_of
from codeact.agent.formats import Program, Prose
from codeact.episode import play, read_trace
from codeact.errors import CodeActError
from codeact.events import ActionChosen, ModelReplied, Rehearsed
from codeact.models import Completion, ScriptedModel


class Sampled:
    """Gives one reply after the other, as if sampled, and remembers how it was asked."""

    name, context_tokens = "sampled", None

    def __init__(self, replies: Sequence[str]) -> None:
        self._replies = list(replies)
        self.asked: list[Any] = []

    def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
        self.asked.append((len(messages), options))
        return Completion(self._replies.pop(0), 100, 10, 0.0, "stop")


def program(code: str) -> str:
    return f"<execute>\n{code}\n</execute>"


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    made = gymnasium.make("CodeAct/Reach-v0")
    yield made
    made.close()


@pytest.fixture(scope="module")
def right(env: Any) -> str:
    env.reset(seed=0)
    return str(env.unwrapped.oracle())


def test_the_best_program_is_acted_and_the_trace_tells_all(env: Any, right: str, tmp_path: Path) -> None:
    model = Sampled([program("objects("), "I think.", program(right), program("move_to(0.45, 0.1, 0.3)")])
    agent = CodeActAgent(model, best_of=4, temperature=0.7, max_turns=1)
    episode = play(agent, env, seed=0, out=tmp_path)
    assert (episode.success, episode.turns, episode.tokens) == (True, 1, 440)
    assert [count for count, _ in model.asked] == [2] * 4, "the candidates do not read each other"
    assert {options.temperature for _, options in model.asked} == {0.7}
    assert len({options.seed for _, options in model.asked}) == 4
    tried = [event for event in episode.trace if isinstance(event, Rehearsed)]
    assert [(event.candidate, event.passed, event.score == 1.0) for event in tried] == [
        (1, False, False),
        (3, True, True),
        (4, True, False),
    ]
    assert sum(isinstance(event, ModelReplied) for event in episode.trace) == 4
    (chosen,) = (event for event in episode.trace if isinstance(event, ActionChosen))
    assert (chosen.candidate, chosen.code) == (3, right.strip("\n"))
    alone = play(CodeActAgent(ScriptedModel([program(right)])), env, seed=0)
    assert episode.state_hash == alone.state_hash, "the rehearsals left no trace"
    assert episode.directory is not None
    lines = [line for line in read_trace(episode.directory).lines if type(line).__name__ == "Rehearsed"]
    assert [line.candidate for line in lines] == [1, 3, 4]
    page = (episode.directory / "episode.html").read_text()
    assert "Candidate 4, rehearsed: score" in page
    assert "Candidate 3 is run." in page


def test_where_none_passes_none_is_run_and_the_model_reads_why(env: Any, right: str) -> None:
    model = Sampled([program("first_mistake()"), program("move_to(9.0, 0.0, 0.3)"), program(right), program(right)])
    episode = play(CodeActAgent(model, best_of=2, temperature=1.0), env, seed=0)
    assert episode.success
    assert episode.turns == 1, "one program was run"
    assert [count for count, _ in model.asked] == [2, 2, 4, 4]


def test_a_used_up_budget_of_tokens_leaves_what_there_is(env: Any, right: str) -> None:
    model = Sampled([program(right), program(right), program(right)])
    agent = CodeActAgent(model, best_of=3, temperature=1.0, max_total_tokens=150)
    episode = play(agent, env, seed=0)
    assert episode.success
    assert len(model.asked) == 2


def test_without_a_temperature_or_a_stage_it_is_an_error() -> None:
    with pytest.raises(CodeActError, match=r"give a temperature such as 0\.7"):
        CodeActAgent(Sampled([]), best_of=2)
    agent = CodeActAgent(Sampled([]), best_of=2, temperature=1.0)
    with pytest.raises(CodeActError, match="needs an environment that can try programs and undo them"):
        agent.chat("?")
    agent.close()


def candidate(number: int, score: float, violations: int = 0, error: bool = False, seconds: float = 1.0) -> Candidate:
    execution = SimpleNamespace(error=SimpleNamespace(type="E") if error else None, observation=lambda: "it failed")
    outcome: Any = SimpleNamespace(
        score=score,
        violations=("rule",) * violations,
        execution=execution,
        simulated_seconds=seconds,
        unrehearsed=None,
    )
    return Candidate(Completion("", 0, 0, 0.0, "stop"), Program("", ""), outcome, number)


@pytest.mark.parametrize(
    ("candidates", "best"),
    [
        ([candidate(1, 0.2), candidate(2, 0.5), candidate(3, 0.5)], 2),
        ([candidate(1, 0.9, violations=1), candidate(2, 0.1)], 2),
        ([candidate(1, 0.5, violations=2), candidate(2, 0.5, violations=1)], 2),
        ([candidate(1, 0.5, violations=1, error=True), candidate(2, 0.5, violations=1, seconds=9.0)], 2),
        ([candidate(1, 0.5, seconds=3.0), candidate(2, 0.5, seconds=2.0)], 2),
        ([candidate(1, 0.5, error=True), candidate(2, 0.0)], 2),
    ],
)
def test_what_is_best(candidates: list[Candidate], best: int) -> None:
    assert best_of(candidates).number == best


def test_without_a_program_the_first_reply_counts() -> None:
    words = [Candidate(Completion(text, 0, 0, 0.0, "stop"), Prose(text), None, 1) for text in "ab"]
    assert best_of(words) is words[0]
