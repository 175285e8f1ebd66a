"""One conversation of an agent: the model is asked until there is a program to run, or it ends."""

from __future__ import annotations

import copy
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codeact.agent.budget import Spending
from codeact.agent.candidates import Candidate, best_of
from codeact.agent.conversation_file import Journal, Said, SavedConversation, write_conversation
from codeact.agent.formats import Answer, Broken, Format, Program, Prose, Reply
from codeact.agent.gate import Gate
from codeact.agent.memory import Memory
from codeact.agent.pictures import in_words, shrunk
from codeact.agent.protocol import Action
from codeact.agent.rehearsing import Outcome, Rehearses, objection
from codeact.agent.repeats import Repeats
from codeact.agent.settings import AgentSettings
from codeact.agent.summarising import summary
from codeact.agent.templates import say, shorten
from codeact.agent.without_action import why_nothing_ran
from codeact.errors import CodeActError
from codeact.events import ActionChosen, EventSink, ModelReplied, ModelText, Rehearsed, Summarised
from codeact.models.protocol import (
    Completion,
    ContextOverflow,
    GenerationOptions,
    Model,
    PicturesRefused,
    StopGeneration,
    count_tokens,
    takes_images,
)

if TYPE_CHECKING:
    from codeact.values import Image


KEPT_OF_A_FAILED_REPLY = 400  # characters: enough to see what was wrong, and not an example to follow


@dataclass(frozen=True)
class KeptConversation:
    """How a conversation stood at one moment."""

    memory: Memory
    note_for_model: str
    actions: int
    repeats: Repeats


class Conversation:
    """Keeps the memory and finds the next action. In a chat plain words are the answer; in an episode they are not.

    With a `stage`, each program is rehearsed there, and one that fails goes back to the model.
    """

    def __init__(
        self,
        model: Model,
        action_format: Format,
        settings: AgentSettings,
        system: str,
        *,
        chat: bool,
        stage: Rehearses | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._gate = gate or Gate()
        self._model = model
        self._format = action_format
        self._settings = settings
        self._chat = chat
        self._stage = stage
        self._interrupt = threading.Event()
        self._note_for_model = ""
        self._repeats = Repeats()
        self.memory = Memory(system, lambda text: count_tokens(model, text))
        self.spending = Spending(settings.budget)
        self._sees = takes_images(model)
        self._limit = settings.max_tokens
        self._actions = 0
        self._replies = 0
        self.program = ""  # that runs, or is rehearsed

    def ask(self, task: str) -> None:
        """Begin a task, with a new budget."""
        self.go_on()
        self.memory.add("user", task, pinned=True)

    def go_on(self) -> None:
        """Take the task up again, with a new budget."""
        self.spending = Spending(self._settings.budget)
        self._interrupt.clear()
        self._gate.begin()

    @property
    def begun(self) -> bool:
        """Whether anything was said."""
        return len(self.memory) > 0

    def keep(self) -> KeptConversation:
        """How it stands now, for `return_to`."""
        return KeptConversation(self.memory.fork(), self._note_for_model, self._actions, copy.copy(self._repeats))

    def return_to(self, kept: KeptConversation) -> None:
        """Go back to how it stood."""
        self.memory = self.memory.continue_as(kept.memory)
        self._note_for_model, self._actions, self._repeats = kept.note_for_model, kept.actions, copy.copy(kept.repeats)

    def fork(self, gate: Gate) -> Conversation:
        """Another one that stands as this does, and goes its own way from here, by a gate of its own."""
        other = copy.copy(self)
        other._gate = gate
        other.memory = self.memory.fork()
        other.spending, other._repeats = copy.copy(self.spending), copy.copy(self._repeats)
        other._interrupt = threading.Event()
        return other

    def save(self, path: Path) -> None:
        """Write it to a file; see `conversation_file`.

        Raises:
            CodeActError: it cannot be written.
        """
        memory = self.memory
        write_conversation(
            path,
            SavedConversation(self._format.name, memory.system, memory.said(), memory.left_out, memory.summary),
        )

    def recall(self, saved: SavedConversation) -> None:
        """Go on with a conversation of an earlier session, whose variables are gone.

        Raises:
            CodeActError: the model acted in another format there.
        """
        self._require_format(saved)
        self.memory.recall(saved.said, saved.left_out, saved.summary)
        if saved.said:
            self.memory.add("user", say("variables_lost"))

    def journal(self, journal: Journal) -> None:
        """Keep it in a file from now on. Where the file is met for the first time, go on with what it holds.

        Raises:
            CodeActError: the file cannot be read or written, or the model acted in another format there.
        """
        saved = journal.open(self._format.name, self.memory.system)
        if saved is not None:
            self._require_format(saved)
            self.memory.recall(saved.said, saved.left_out, saved.summary)
        self.memory.journal = journal
        if saved is not None and saved.said:
            self.memory.add("user", say("variables_lost"))

    def _require_format(self, saved: SavedConversation) -> None:
        if saved.action_format != self._format.name:
            raise CodeActError(
                f"the conversation was held with action_format={saved.action_format!r}, and this is one with "
                f"{self._format.name!r}"
            )

    def observe(self, observation: str, images: tuple[Image, ...] = ()) -> None:
        """What the last program led to. A model that takes no pictures reads how large they are."""
        text = shorten(observation, self._observation_limit()) if observation.strip() else say("no_output")
        if images:
            text = f"{text}\n{in_words(images)}"
            if self._sees:
                images = tuple(map(shrunk, images))
            else:
                text, images = f"{text}\n{say('blind')}", ()
        count = self._repeats.observed(observation)
        notes = [self._note_for_model, say("repeated", count=count) if count > 1 else ""]
        if note := "; ".join(each for each in notes if each):
            self.memory.add("user", say("noted_observation", note=note, text=text), images=images)
        else:
            self.memory.add("user", say("observation", text=text), images=images)
        self._note_for_model = ""

    def interrupt(self) -> None:
        """From another thread: end the reply that is being written; the next action is to stop."""
        self._interrupt.set()

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` was called since the task began."""
        return self._interrupt.is_set()

    def note(self, text: str) -> None:
        """Something that the model should know when it reads the next observation."""
        self._note_for_model = "; ".join(each for each in (self._note_for_model, text) if each)

    def pass_gate(self, before: str) -> None:
        """Wait as long as the agent is paused. That time does not count."""
        self.spending.paused(self._gate.wait(before))

    def next_action(self, on_event: EventSink) -> Action:
        """Ask the model until there is a program to run, or the conversation's end.

        Raises:
            ModelError: the model did not answer.
        """
        without_action = 0
        while True:
            self.pass_gate("the next reply")
            if self._interrupt.is_set():
                return _end(self._broken_off())
            if exhausted := self.spending.exhausted():
                return _end(exhausted)
            candidate = self._candidate(on_event)
            completion, reply = candidate.completion, candidate.reply
            text = completion.text
            if completion.finish_reason == "interrupted" and not self._format.is_complete(text):
                ended = self._interrupt.is_set()
                return _end(self._broken_off() if ended else self.spending.exhausted() or "interrupted", text)
            match reply:
                case Program():
                    if self._passes(reply, candidate, on_event):
                        return self._act(reply, candidate, on_event)
                    without_action = 0
                    continue
                case Answer(answer):
                    self.memory.add("assistant", text)
                    return _end("finished", text, answer)
                case Prose(answer) if answer and self._chat:
                    self.memory.add("assistant", text)
                    if completion.finish_reason == "length":
                        answer = say("answer_cut", answer=answer, tokens=completion.completion_tokens)
                    return _end("finished", text, answer)
                case Prose(answer) as prose:
                    if completion.finish_reason == "length" and not prose.unmarked:
                        reply = Broken("There was no action.", cut=True)
                    without_action += 1
                    if without_action == 2:
                        self.memory.add("assistant", text)
                        return _end("gave up", text, answer or None)
            self._answer_back(text, reply)

    def _candidate(self, on_event: EventSink) -> Candidate:
        """The next reply, or the best of several, of which each is rehearsed."""
        count = self._settings.best_of
        if count == 1 or self._stage is None:
            completion = self._generate(on_event)
            return Candidate(completion, self._read(completion))
        found: list[Candidate] = []
        for number in range(1, count + 1):
            completion = self._generate(on_event, turn=number == 1)
            reply = self._read(completion)
            if completion.finish_reason == "interrupted" and not self._format.is_complete(completion.text):
                if self._interrupt.is_set() or not found:
                    return Candidate(completion, reply)
                break  # the time is up, and there are others
            outcome = self._rehearse(self._stage, reply.code, number, on_event) if isinstance(reply, Program) else None
            found.append(Candidate(completion, reply, outcome, number))
            if self._interrupt.is_set() or self.spending.exhausted(in_turn=True):
                break
            self.pass_gate("the next reply")
        return best_of(found)

    def _read(self, completion: Completion) -> Reply:
        return self._format.parse(completion.text, cut=completion.finish_reason == "length")

    def _rehearse(self, stage: Rehearses, code: str, number: int, on_event: EventSink) -> Outcome:
        self.spending.rehearsing = True
        self.program = code
        try:
            outcome = stage.rehearse(code)
        finally:
            self.spending.rehearsing = False
        error = outcome.execution.error
        if error is not None and error.type == "Interrupted":
            self._interrupt.set()
        told = self._objection(outcome)
        on_event(
            Rehearsed(code, not told, told, outcome.simulated_seconds, outcome.score, tuple(outcome.violations), number)
        )
        return outcome

    def _objection(self, outcome: Outcome) -> str:
        return shorten(objection(outcome), self._observation_limit())

    def _passes(self, program: Program, candidate: Candidate, on_event: EventSink) -> bool:
        """Whether nothing speaks against running it. The model is told what does."""
        if self._stage is None:
            return True
        outcome = candidate.outcome or self._rehearse(self._stage, program.code, 0, on_event)
        told = self._objection(outcome)
        if told:
            self.memory.add("assistant", program.kept)
            answer = say("rehearsed", text=told, how=self._format.how)
            count = self._repeats.replied(program.code)
            self.memory.add("user", f"{answer} {say('repeated_reply', count=count)}" if count > 1 else answer)
        return not told

    def _act(self, program: Program, candidate: Candidate, on_event: EventSink) -> Action:
        self._actions += 1
        self.spending.late = candidate.number > 0 and self.spending.out_of_time()
        self._repeats.acted(program.code)
        self.program = program.code
        self.memory.add("assistant", program.kept)
        if program.dropped:
            self.note(program.note)
        on_event(ActionChosen(self._actions, program.code, program.note, candidate.number))
        self.pass_gate("the program")
        return Action(program.code, candidate.completion.text, program.note)

    def _broken_off(self) -> str:
        return "stopped" if self._gate.stopped else "interrupted"

    def _answer_back(self, text: str, reply: Broken | Prose) -> None:
        """Tell the model why nothing was run."""
        self.memory.add("assistant", shorten(text, KEPT_OF_A_FAILED_REPLY) or "(empty)")
        told = why_nothing_ran(reply, self._format, self._limit, chat=self._chat)
        count = self._repeats.replied(text)
        self.memory.add("user", f"{told} {say('repeated_reply', count=count)}" if count > 1 else told)

    def _generate(self, on_event: EventSink, *, turn: bool = True) -> Completion:
        options = self._options()
        self._limit = options.max_tokens
        written, begun = "", time.perf_counter()

        def on_text(piece: str) -> None:
            nonlocal written
            written += piece
            on_event(ModelText(piece))
            if self._format.is_complete(written):
                raise StopGeneration

        if self._model.context_tokens is not None:
            room = self._model.context_tokens - options.max_tokens
            dropped = self.memory.fit(room)
            if dropped and self._settings.compaction == "summarise":
                self._summarise(dropped, room, on_event)
        while True:
            try:
                completion = self._model.generate(self.memory.messages(), options, on_text)
                break
            except StopGeneration:  # of `on_text`, which the model hands on
                completion = self._ended(written, time.perf_counter() - begun)
                break
            except ContextOverflow:
                refused = self.memory.drop_half()
                if refused is None:
                    raise
                if refused and self._settings.compaction == "summarise":
                    self._summarise(refused, self.memory.tokens, on_event)
            except PicturesRefused:
                if not self._sees:
                    raise
                self._sees = False
                self.memory.forget_pictures()
                self.memory.add("user", say("blind"))
        self._replies += 1
        self.spending.add(completion.prompt_tokens, completion.completion_tokens, turn=turn)
        on_event(
            ModelReplied(
                completion.text,
                completion.prompt_tokens,
                completion.completion_tokens,
                completion.seconds,
                completion.finish_reason,
            )
        )
        return completion

    def _ended(self, written: str, seconds: float) -> Completion:
        """A reply that ended with its program, of a model that does not count it."""
        read = sum(count_tokens(self._model, message.content) for message in self.memory.messages())
        return Completion(written, read, count_tokens(self._model, written), seconds, "interrupted", estimated=True)

    def _summarise(self, dropped: list[Said], room: int, on_event: EventSink) -> None:
        """Let the model sum up what was dropped. Where it does not answer, that stays left out."""
        completion = summary(self._model, self.memory.summary, dropped, room, self._options())
        if completion is None:
            return
        self.spending.add_tokens(completion.prompt_tokens, completion.completion_tokens)
        if completion.text:
            self.memory.summary = completion.text
        on_event(
            Summarised(
                len(dropped),
                self.memory.summary,
                completion.prompt_tokens,
                completion.completion_tokens,
                completion.seconds,
            )
        )

    def _options(self) -> GenerationOptions:
        settings = self._settings
        max_tokens = settings.max_tokens
        left = self.spending.tokens_left()
        if left is not None:
            max_tokens = max(1, min(max_tokens, left))
        if self._model.context_tokens is not None:
            max_tokens = max(1, min(max_tokens, self._model.context_tokens // 2))
        return GenerationOptions(
            max_tokens=max_tokens,
            temperature=settings.temperature,
            stop=self._format.stop,
            seed=None if settings.seed is None else settings.seed + self._replies,
            interrupt=lambda: self._interrupt.is_set() or self.spending.out_of_time(),
        )

    def _observation_limit(self) -> int:
        """A quarter of the context at most, at about three characters a token."""
        context = self._model.context_tokens
        limit = self._settings.max_observation_chars
        return limit if context is None else min(limit, max(200, context * 3 // 4))


def _end(reason: str, text: str = "", answer: object = None) -> Action:
    return Action(None, text, done=True, answer=answer, reason=reason)
