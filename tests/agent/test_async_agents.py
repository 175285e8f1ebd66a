"""Agents that are awaited, and many of them in one process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from test_streaming import CountTo

from codeact import CodeActAgent, Toolbox, tool
from codeact.errors import CodeActError, ModelError
from codeact.events import ActionChosen, EpisodeEnded, EpisodeStarted, Event
from codeact.models import Completion, ScriptedModel

COUNTING = ["<execute>print(count())</execute>", "<execute>while count() < 3: pass</execute>"]


@pytest.fixture
def env() -> Iterator[CountTo]:
    env = CountTo()
    yield env
    env.close()


async def ticking(until: asyncio.Event) -> int:
    """How often the event loop came round meanwhile."""
    ticks = 0
    while not until.is_set():
        await asyncio.sleep(0.001)
        ticks += 1
    return ticks


def test_a_chat_is_awaited_while_the_loop_goes_on() -> None:
    async def main() -> tuple[str, int]:
        over = asyncio.Event()
        others = asyncio.create_task(ticking(over))
        with CodeActAgent(ScriptedModel(["<execute>finish(sum(range(2_000_000)))</execute>"])) as agent:
            answer = await agent.achat("?")
        over.set()
        return answer, await others

    answer, ticks = asyncio.run(main())
    assert answer == "1999999000000"
    assert ticks > 3


def test_cancelling_a_chat_ends_its_program() -> None:
    chosen = threading.Event()

    async def main() -> None:
        with CodeActAgent(ScriptedModel(["<execute>while True: pass</execute>", "Ready."])) as agent:
            talk = asyncio.create_task(
                agent.achat("?", on_event=lambda event: chosen.set() if isinstance(event, ActionChosen) else None)
            )
            while not chosen.is_set():
                await asyncio.sleep(0.01)
            talk.cancel()
            with pytest.raises(asyncio.CancelledError):
                await talk
            assert await agent.achat("And now?") == "Ready."

    asyncio.run(asyncio.wait_for(main(), 60))


def test_an_episode_is_awaited(env: CountTo) -> None:
    told: list[Event] = []
    episode = asyncio.run(CodeActAgent(ScriptedModel(COUNTING)).aplay(env, seed=3, on_event=told.append))
    assert (episode.success, episode.turns, episode.seed) == (True, 2, 3)
    assert isinstance(told[0], EpisodeStarted)
    assert isinstance(told[-1], EpisodeEnded)


def test_what_ends_an_episode_is_raised_where_it_is_awaited(env: CountTo) -> None:
    with pytest.raises(ModelError, match="has run out"):
        asyncio.run(CodeActAgent(ScriptedModel(COUNTING[:1])).aplay(env))


def test_an_asynchronous_stream_that_is_left_stops_the_program(env: CountTo) -> None:
    async def main() -> None:
        agent = CodeActAgent(ScriptedModel(["<execute>while True: pass</execute>"]))
        async with aclosing(agent.astream(env)) as events:
            async for event in events:
                if isinstance(event, ActionChosen):
                    break

    asyncio.run(asyncio.wait_for(main(), 60))
    assert env.interrupted.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "codeact-episode"]


def test_one_chat_has_one_task_at_a_time() -> None:
    with CodeActAgent(ScriptedModel(["<execute>\nagain()\n</execute>", "Done."])) as agent:

        @tool
        def again() -> None:
            """Ask the agent that calls this."""
            agent.chat("And this?")

        told: list[str] = []
        assert agent.chat("Go.", Toolbox([again]), on_event=lambda event: told.append(str(event))) == "Done."
        assert "still at its last message" in " ".join(told)


def test_a_new_agent_that_two_tasks_speak_to_at_once_answers_one() -> None:
    refused = threading.Event()

    class Waiting(ScriptedModel):
        def generate(self, *arguments: Any) -> Completion:
            assert refused.wait(60)
            return super().generate(*arguments)

    async def main() -> None:
        with CodeActAgent(Waiting(["Hello."])) as agent:
            boxes = Toolbox(), Toolbox()
            both = {asyncio.create_task(agent.achat("?", tools=box)) for box in boxes}
            first, others = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            refused.set()
            assert [str(task.exception())[:33] for task in first] == ["this chat is still at its last me"]
            assert [await task for task in others] == ["Hello."]

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_chat_is_neither_undone_nor_begun_anew_while_a_task_goes_on() -> None:
    with CodeActAgent(ScriptedModel(["<execute>\nkept = [undo(), reset()]\n</execute>", "Done."])) as agent:
        refused: list[str] = []

        def refuses(act: Callable[[], object]) -> None:
            try:
                act()
            except CodeActError as error:
                refused.append(str(error))

        @tool
        def undo() -> None:
            """Undo."""
            refuses(session.undo)

        @tool
        def reset() -> None:
            """Reset."""
            refuses(session.reset)

        session = agent.open_chat(Toolbox([undo, reset]), undo=1)
        assert agent.chat("Go.") == "Done."
        assert [text[:18] for text in refused] == ["this chat is still"] * 2
        assert session.undo().text == "Go."


def test_many_agents_in_one_process_share_nothing() -> None:
    """Each has its own variables, budget, conversation, policy and tools, whatever the others do."""
    number_of_agents = 8

    def agent_of(number: int) -> tuple[CodeActAgent, Toolbox]:
        @tool
        def mine() -> int:
            """Return the number of this agent."""
            return number

        replies = ["<execute>\nx = mine()\nprint(x)\n</execute>"]
        replies += ["<execute>\nassert x == mine()\nx = x\nprint('again', x)\n</execute>"] * number
        model = ScriptedModel([*replies, "<execute>finish([x, mine()])</execute>"])
        return CodeActAgent(model, max_turns=number + 2, max_calls=number + 2), Toolbox([mine])

    async def talk(number: int) -> tuple[str, Any, int]:
        agent, tools = agent_of(number)
        try:
            answer = await agent.achat(f"I am {number}.", tools)
            assert agent._chat is not None
            messages = agent._chat.conversation.memory.messages()
            others = [m for m in messages for n in range(number_of_agents) if n != number and f"I am {n}." in m.content]
            return answer, agent.spent, len(others)
        finally:
            agent.close()

    async def main() -> list[tuple[str, Any, int]]:
        return await asyncio.gather(*map(talk, range(number_of_agents)))

    began = time.monotonic()
    for number, (answer, spent, others) in enumerate(asyncio.run(main())):
        assert answer == f"[{number}, {number}]"
        assert (spent.turns, spent.calls, others) == (number + 2, number + 2, 0)
    assert time.monotonic() - began < 60
