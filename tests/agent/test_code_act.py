"""CodeActAgent: what it makes of a model's replies, turn by turn, and how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from codeact.agent import Action, Agent, Brief, CodeActAgent, ProgramAgent
from codeact.errors import CodeActError, ModelError
from codeact.events import ActionChosen, Event, ModelReplied, ModelText
from codeact.models import Completion, ContextOverflow, GenerationOptions, Message, ScriptedModel, StopGeneration
from codeact.models.protocol import OnText, count_tokens

BRIEF = Brief("Stack the cubes.", "def pick(name: str) -> bool:\n    '''Pick it.'''", "two cubes")


class Recorder:
    """Replays replies and keeps what it was asked; a model of one's own is no more than this."""

    name = "recorder"

    def __init__(self, *replies: str | tuple[str, str], context_tokens: int | None = None) -> None:
        self.replies = [reply if isinstance(reply, tuple) else (reply, "stop") for reply in replies]
        self.context_tokens = context_tokens
        self.asked: list[list[Message]] = []
        self.options: list[GenerationOptions] = []

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        self.asked.append(list(messages))
        self.options.append(options)
        text, reason = self.replies[min(len(self.asked), len(self.replies)) - 1]
        told = ""
        try:
            for letter in text:
                told += letter
                if on_text:
                    on_text(letter)
        except StopGeneration:
            reason = "interrupted"
        read = sum(count_tokens(self, message.content) for message in messages)
        return Completion(told, read, len(told), 0.0, reason)  # type: ignore[arg-type]


def play(agent: Agent, *observations: str, brief: Brief = BRIEF) -> tuple[list[Action], list[Event]]:
    """Turns with given observations, until the agent is done."""
    events: list[Event] = []
    agent.begin(brief, events.append)
    actions = [agent.act(None, events.append)]
    for observation in observations:
        if actions[-1].done:
            break
        actions.append(agent.act(observation, events.append))
    return actions, events


def test_the_first_prompt_holds_rules_stubs_task_and_observation() -> None:
    model = Recorder("<execute>pick('red cube')</execute>")
    play(CodeActAgent(model))
    system, user = model.asked[0]
    assert (system.role, user.role) == ("system", "user")
    assert BRIEF.stubs in system.content
    assert "<execute>" in system.content
    assert user.content.startswith("Stack the cubes.\n\nObservation:\ntwo cubes\n\nWrite one Python program")


@pytest.mark.parametrize("action_format", ["code", "json", "text"])
def test_the_built_in_prompts_are_short(action_format: str) -> None:
    model = Recorder("<answer>x</answer>")
    play(CodeActAgent(model, action_format=action_format))
    assert len(model.asked[0][0].content) < 2000


def test_programs_run_and_observations_come_back_as_user_messages() -> None:
    model = Recorder("Look.\n<execute>print(1)</execute>", "<execute>finish(1)</execute>")
    actions, events = play(CodeActAgent(model), "1\n")
    assert [action.code for action in actions] == ["print(1)", "finish(1)"]
    assert [message.role for message in model.asked[1]] == ["system", "user", "assistant", "user"]
    assert model.asked[1][2].content == "Look.\n<execute>print(1)</execute>"
    assert model.asked[1][3].content == "Observation:\n1\n"
    assert [event.turn for event in events if isinstance(event, ActionChosen)] == [1, 2]
    replied = [event for event in events if isinstance(event, ModelReplied)]
    assert "".join(event.text for event in events if isinstance(event, ModelText)) == "".join(r.text for r in replied)


def test_the_model_need_not_write_on_after_its_program() -> None:
    model = Recorder("```python\nprint(1)\n```\nObservation: 1\n" + "blah " * 1000)
    (action,), events = play(CodeActAgent(model))
    assert action.code == "print(1)"
    (replied,) = (event for event in events if isinstance(event, ModelReplied))
    assert replied.completion_tokens < 40


def test_a_model_of_ones_own_need_not_know_how_a_reply_is_ended() -> None:
    class Plain:
        name, context_tokens = "plain", None

        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
            text = "Well.\n<execute>\nfinish(6 * 7)\n</execute>\nThat is it."
            for piece in text.splitlines(keepends=True):
                on_text(piece)
            return Completion(text, 1, 1, 0.0, "stop")

    with CodeActAgent(Plain()) as agent:
        assert agent.chat("What is 6 * 7?") == "42"
        assert agent.spent is not None
        assert agent.spent.prompt_tokens > 100
        assert agent.spent.completion_tokens > 10


def test_only_the_first_program_runs_and_the_model_is_told() -> None:
    class Deaf(Recorder):
        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
            return super().generate(messages, options, None)  # a model that does not stream

    model = Deaf("<execute>a()</execute>\n<execute>b()</execute>", "<answer>x</answer>")
    actions, events = play(CodeActAgent(model), "done")
    assert actions[0].code == "a()"
    assert "only the first program" in actions[0].note
    assert [event.note for event in events if isinstance(event, ActionChosen)] == [actions[0].note]
    assert "b()" not in model.asked[1][2].content
    assert model.asked[1][3].content.startswith("Note: only the first program of the reply was run")


def test_a_stop_string_is_used_and_not_required() -> None:
    model = Recorder("<execute>\na()\n", "<answer>x</answer>")
    actions, _ = play(CodeActAgent(model), "done")
    assert model.options[0].stop == ("</execute>",)
    assert (actions[0].code, actions[0].note) == ("a()", "")
    assert model.asked[1][2].content == "<execute>\na()\n</execute>"


def test_a_reply_cut_inside_its_program_is_not_run_and_the_model_is_told() -> None:
    model = Recorder(("<execute>\nfor i in", "length"), "<execute>short()</execute>")
    (action,), _ = play(CodeActAgent(model, max_tokens=77))
    assert action.code == "short()"
    assert model.asked[1][-1].content == (
        "Your reply was cut at its limit of 77 tokens before the program was complete. "
        "Nothing was run. Write a shorter one."
    )


def test_prose_is_answered_once_and_then_ends_the_episode() -> None:
    model = Recorder("I would pick it.", "Really, I would.")
    (action,), _ = play(CodeActAgent(model))
    assert (action.code, action.done, action.reason) == (None, True, "gave up")
    assert action.answer == "Really, I would."
    assert "held nothing to run" in model.asked[1][-1].content


def test_prose_is_forgiven_once_a_program_comes() -> None:
    model = Recorder("Hm.", "<execute>a()</execute>", "Hm.", "<execute>b()</execute>")
    actions, _ = play(CodeActAgent(model), "x")
    assert [action.code for action in actions] == ["a()", "b()"]


def test_an_empty_reply_is_like_prose() -> None:
    (action,), _ = play(CodeActAgent(Recorder("", "")))
    assert (action.reason, action.answer) == ("gave up", None)


def test_an_answer_ends_the_episode() -> None:
    (action,), _ = play(CodeActAgent(Recorder("<answer>the red one</answer>")))
    assert (action.done, action.reason, action.answer, action.code) == (True, "finished", "the red one", None)


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ({"max_turns": 2}, "budget: 2 turns"),
        ({"max_total_tokens": 300}, "budget: 300 tokens"),
        ({"max_seconds": 0.2}, "budget: 0.2 seconds"),
    ],
)
def test_every_budget_ends_the_episode_with_its_name(budget: dict[str, Any], reason: str) -> None:
    agent = CodeActAgent(Recorder("<execute>a()</execute>"), **{"max_turns": 100, **budget})
    agent.begin(BRIEF, lambda event: None)
    action = agent.act(None, lambda event: None)
    for _ in range(50):
        if action.done:
            break
        time.sleep(0.02)
        action = agent.act("nothing", lambda event: None)
    assert (action.done, action.reason, action.code) == (True, reason, None)


def test_the_time_budget_ends_a_reply_that_goes_on_and_on() -> None:
    class Slow(Recorder):
        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
            until = time.monotonic() + 20
            while not options.interrupted() and time.monotonic() < until:
                time.sleep(0.01)
            return Completion("", 1, 0, 0.0, "interrupted")

    started = time.monotonic()
    (action,), _ = play(CodeActAgent(Slow("x"), max_seconds=0.2))
    assert action.reason == "budget: 0.2 seconds"
    assert time.monotonic() - started < 15


def test_a_reply_can_be_interrupted_from_another_thread() -> None:
    heard = threading.Event()

    class Endless(Recorder):
        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
            heard.set()
            until = time.monotonic() + 20
            while not options.interrupted() and time.monotonic() < until:
                time.sleep(0.01)
            return Completion("so far", 1, 2, 0.0, "interrupted")

    agent = CodeActAgent(Endless("x"))
    agent.begin(BRIEF, lambda event: None)
    actions: list[Action] = []
    thread = threading.Thread(target=lambda: actions.append(agent.act(None, lambda event: None)))
    thread.start()
    assert heard.wait(10)
    agent.interrupt()
    thread.join(10)
    assert [(action.done, action.reason) for action in actions] == [(True, "interrupted")]
    (fresh,), _ = play(agent_of("<execute>a()</execute>"))
    assert fresh.code == "a()"


def agent_of(*replies: str, **settings: Any) -> CodeActAgent:
    return CodeActAgent(Recorder(*replies), **settings)


def test_an_episode_forgets_the_one_before() -> None:
    model = Recorder("<execute>a()</execute>")
    agent = CodeActAgent(model, max_turns=2)
    play(agent, "x", "y")
    play(agent, "x")
    assert len(model.asked[2]) == 2


def test_long_observations_lose_their_middle() -> None:
    model = Recorder("<execute>a()</execute>", "<answer>x</answer>")
    play(CodeActAgent(model, max_observation_chars=500), "begin " + "x" * 5000 + " end")
    seen = model.asked[1][-1].content
    assert len(seen) < 600
    assert "begin" in seen
    assert seen.endswith(" end")
    assert "[4510 characters left out]" in seen


def test_the_memory_stays_inside_the_context_and_keeps_the_task() -> None:
    model = Recorder("<execute>a()</execute>", context_tokens=2000)
    play(CodeActAgent(model, max_turns=30, max_tokens=200), *(f"{turn} " + "word " * 200 for turn in range(29)))
    for messages in model.asked:
        assert sum(count_tokens(model, message.content) + 8 for message in messages) <= 1800
        assert messages[1].content.startswith("Stack the cubes.")
    assert "earlier messages were left out" in model.asked[-1][1].content
    assert model.asked[-1][-1].content.startswith("Observation:\n28 ")


def test_when_the_model_still_refuses_more_is_left_out() -> None:
    class Strict(Recorder):
        refused = 0

        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
            if sum(len(message.content) for message in messages) > 3000:
                self.refused += 1
                raise ContextOverflow("too long")
            return super().generate(messages, options, on_text)

    model = Strict("<execute>a()</execute>")
    actions, _ = play(CodeActAgent(model, max_turns=30), *("word " * 100 for _ in range(20)))
    assert len(actions) == 21
    assert model.refused > 0


def test_a_task_that_never_fits_is_an_error() -> None:
    class Tiny(Recorder):
        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
            raise ContextOverflow("too long")

    with pytest.raises(ModelError, match="too long"):
        play(CodeActAgent(Tiny("x")))


@pytest.mark.parametrize(
    ("action_format", "reply"),
    [("json", '{"tool": "pick", "args": {"name": "red"}}'), ("text", "Action: pick, red\n")],
)
def test_other_formats_make_one_call(action_format: str, reply: str) -> None:
    agent = CodeActAgent(Recorder(reply), action_format=action_format)
    (action,), _ = play(agent)
    assert action.code in ("print(pick(name='red'))", "print(pick('red'))")
    assert agent.name == f"recorder+{action_format}"


def test_broken_calls_are_answered_with_what_is_wrong() -> None:
    model = Recorder('{"tool": "pick", "arguments": {}}', '{"tool": "pick"}')
    (action,), _ = play(CodeActAgent(model, action_format="json"))
    assert action.code == "print(pick())"
    assert "unknown keys arguments" in model.asked[1][-1].content
    assert "Nothing was run" in model.asked[1][-1].content


def test_the_same_action_that_leads_to_the_same_is_noticed_and_said() -> None:
    model = Recorder("<execute>a()</execute>")
    play(CodeActAgent(model), "Refused: no", "Refused: no", "Refused: no", "Refused: now", "Refused: no")
    said = [asked[-1].content for asked in model.asked]
    assert [("in a row" in text) for text in said] == [False, False, True, True, False, False]
    assert "it was made 3 times in a row, and it led to the same: do something else" in said[3]
    assert said[3].endswith("Observation:\nRefused: no")


def test_the_same_reply_that_cannot_be_run_is_noticed_and_said() -> None:
    model = Recorder("<execute></execute>")
    play(CodeActAgent(model, max_turns=3))
    assert "in a row" not in model.asked[1][-1].content
    assert model.asked[2][-1].content.endswith("You have written the same reply 2 times in a row. Write another one.")


def test_a_program_without_marks_is_told_of() -> None:
    model = Recorder("pick('red cube')", "<execute>pick('red cube')</execute>")
    (action,), _ = play(CodeActAgent(model))
    assert action.code == "pick('red cube')"
    assert "looks like a program, but was not marked as one" in model.asked[1][-1].content


def test_words_that_are_cut_at_the_limit_are_said_to_be_cut() -> None:
    model = Recorder(("First I would think about", "length"), "<execute>a()</execute>")
    (action,), _ = play(CodeActAgent(model))
    assert action.code == "a()"
    assert "was cut at its limit" in model.asked[1][-1].content


def test_ones_own_prompt_replaces_or_extends() -> None:
    model = Recorder("<answer>x</answer>")
    play(CodeActAgent(model, system_prompt="Only these: {{ stubs }}"))
    assert model.asked[0][0].content == f"Only these: {BRIEF.stubs}"
    play(CodeActAgent(model, system_prompt='{% include "system_code.md.j2" %}\n- Be careful.'))
    assert model.asked[1][0].content.endswith("</execute>\n- Be careful.")
    with pytest.raises(CodeActError, match="template is wrong"):
        play(CodeActAgent(model, system_prompt="{{ stub }}"))


def test_braces_in_texts_are_only_braces() -> None:
    model = Recorder("<execute>a()</execute>", "<answer>x</answer>")
    play(CodeActAgent(model), "{count} {{ stubs }}", brief=Brief("{why}", "def f(): ...  # {{ chat }}", "{how}"))
    assert "{{ chat }}" in model.asked[1][0].content
    assert model.asked[1][1].content.startswith("{why}\n\nObservation:\n{how}\n\nWrite one")
    assert model.asked[1][3].content == "Observation:\n{count} {{ stubs }}"


def test_sampling_settings_reach_the_model() -> None:
    model = Recorder("<execute>a()</execute>")
    play(CodeActAgent(model, temperature=0.7, seed=5, max_tokens=99), "x")
    assert [(o.temperature, o.seed, o.max_tokens) for o in model.options] == [(0.7, 5, 99), (0.7, 6, 99)]


@pytest.mark.parametrize(
    "settings",
    [{"max_turns": 0}, {"max_seconds": -1.0}, {"max_total_tokens": 0}, {"max_tokens": 0}, {"action_format": "x"}],
)
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(CodeActError):
        CodeActAgent(Recorder("x"), **settings)


def test_acting_before_the_beginning_is_an_error() -> None:
    with pytest.raises(CodeActError, match="before begin"):
        agent_of("x").act(None, lambda event: None)


def test_a_turn_costs_little_and_always_the_same() -> None:
    turns = 200
    agent = CodeActAgent(ScriptedModel(["<execute>a()</execute>"] * turns), max_turns=turns)
    agent.begin(BRIEF, lambda event: None)
    observation = "x" * 2000
    started = time.process_time()
    for turn in range(turns):
        assert agent.act(observation if turn else None, lambda event: None).code == "a()"
    assert (time.process_time() - started) / turns < 0.005


def test_given_programs_are_played_in_order() -> None:
    agent = ProgramAgent(["a()", "b()"])
    assert isinstance(agent, Agent)
    actions, events = play(agent, "x", "y")
    assert [action.code for action in actions] == ["a()", "b()", None]
    assert (actions[2].done, actions[2].reason) == (True, "gave up")
    assert events == [ActionChosen(1, "a()"), ActionChosen(2, "b()")]
    assert play(agent)[0][0].code == "a()"


def test_the_oracle_plays_the_reference_program_of_the_environment() -> None:
    class World:
        def oracle(self) -> str:
            return "solve()"

    brief = Brief("t", "s", "o", World())
    assert play(ProgramAgent("oracle"), brief=brief)[0][0].code == "solve()"
    assert ProgramAgent("oracle").name == "oracle"
    with pytest.raises(CodeActError, match="object has no reference program"):
        play(ProgramAgent(), brief=Brief("t", "s", "o", object()))
    for wrong in ([], "solve()"):
        with pytest.raises(CodeActError):
            ProgramAgent(wrong)  # type: ignore[arg-type]
