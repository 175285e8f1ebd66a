"""What one task may cost: calls and money, beside turns, tokens and time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from codeact import CodeActAgent, Toolbox, tool
from codeact.agent.budget import Budget, Prices, Spending
from codeact.errors import CodeActError
from codeact.models import ScriptedModel
from codeact.tools import Refusal


@tool(effect="read")
def double(number: int) -> int:
    """Return twice the number."""
    return 2 * number


BOX = Toolbox([double])


@pytest.fixture
def chatting() -> Iterator[Any]:
    agents: list[CodeActAgent] = []

    def start(*replies: str, **settings: Any) -> CodeActAgent:
        agents.append(CodeActAgent(ScriptedModel(list(replies)), **settings))
        return agents[-1]

    yield start
    for agent in agents:
        agent.close()


def test_calls_beyond_the_budget_are_refused_and_end_the_task(chatting: Any) -> None:
    agent = chatting("<execute>\nfor i in range(5):\n    print(double(i))\n</execute>", "6", max_calls=3)
    refused: list[str] = []
    answer = agent.chat("?", tools=BOX, on_event=lambda event: refused.append(str(event)))
    assert answer == "No answer (budget: 3 calls)."
    assert "the budget of 3 calls is used up" in " ".join(refused)


def test_calls_within_the_budget_are_made_and_each_task_has_its_own(chatting: Any) -> None:
    agent = chatting(*["<execute>\nfinish([double(i) for i in range(3)])\n</execute>"] * 2, max_calls=3)
    assert [agent.chat("?", tools=BOX), agent.chat("?")] == ["[0, 2, 4]"] * 2
    assert agent.spent.calls == 3


def test_after_the_time_calls_are_refused_and_the_task_ends(chatting: Any) -> None:
    begun: list[int] = []

    @tool
    def work() -> None:
        """Take a while."""
        begun.append(1)
        time.sleep(0.2)

    agent = chatting("<execute>\nfor i in range(50):\n    work()\n</execute>", "done", max_seconds=0.5)
    told: list[str] = []
    answer = agent.chat("?", tools=Toolbox([work]), on_event=lambda event: told.append(str(event)))
    assert answer == "No answer (budget: 0.5 seconds)."
    assert len(begun) < 4
    assert "the budget of 0.5 seconds is used up" in " ".join(told)


def test_a_program_that_was_chosen_late_may_call() -> None:
    spending = Spending(Budget(seconds=1e-9))
    assert spending.call() == "the budget of 1e-09 seconds is used up"
    spending.late = True
    assert spending.call() is None


def test_calls_are_counted_without_a_budget_of_them(chatting: Any) -> None:
    agent = chatting("<execute>\nfinish([double(i) for i in range(3)])\n</execute>")
    agent.chat("?", tools=BOX)
    assert agent.spent.calls == 3


def test_the_users_policy_is_asked_as_well(chatting: Any) -> None:
    agent = chatting("<execute>double(1)</execute>", "so", max_calls=3, approve=lambda call: Refusal("not today"))
    assert agent.chat("?", tools=BOX) == "so"
    assert "not today" in agent._chat.conversation.memory.messages()[3].content


def test_money_runs_out(chatting: Any) -> None:
    agent = chatting(*["<execute>1</execute>"] * 9, max_cost=0.001, prices=(1.0, 2.0))
    assert agent.chat("?") == "No answer (budget: a cost of 0.001)."
    spent = agent.spent
    assert spent.cost == pytest.approx((spent.prompt_tokens + 2 * spent.completion_tokens) / 1e6)
    assert spent.cost >= 0.001
    assert spent.turns < 9


def test_no_more_is_written_than_there_is_money_for() -> None:
    spending = Spending(Budget(cost=1.0, prices=Prices(0.0, 1000.0)))
    assert spending.tokens_left() == 1000
    spending.add(10**9, 400)
    assert spending.tokens_left() == 600
    spending.add(0, 700)
    assert (spending.tokens_left(), spending.exhausted()) == (0, "budget: a cost of 1")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"max_calls": 0}, "max_calls is 0"),
        ({"max_cost": 1.0}, "max_cost needs prices"),
        ({"max_cost": float("nan"), "prices": (1, 1)}, "max_cost is nan"),
        ({"prices": (-1, 1)}, "a price of a million tokens is 0 or more"),
    ],
)
def test_budgets_that_mean_nothing_are_refused(chatting: Any, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(CodeActError, match=why):
        chatting("x", **settings)


def test_what_was_spent_is_nothing_before_a_task(chatting: Any) -> None:
    agent = chatting("Hello.")
    assert agent.spent is None
    agent.chat("Hello?")
    assert (agent.spent.turns, agent.spent.cost) == (1, None)
