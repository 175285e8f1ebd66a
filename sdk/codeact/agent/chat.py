"""A chat: free conversation with a model that may act, over a sandbox whose variables last, or an environment."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codeact.agent.conversation import Conversation, KeptConversation
from codeact.agent.gate import Gate
from codeact.agent.pictures import pictures_of
from codeact.agent.places import Kept, Place
from codeact.agent.templates import say
from codeact.errors import CodeActError
from codeact.events import Answered, CallFinished, Event, EventSink, Executed
from codeact.tools import Approve, Toolbox
from codeact.tools.some_stubs import PROMPT_CHARACTERS
from codeact.tools.wording import call_text

if TYPE_CHECKING:
    from codeact.sandbox import Execution

_AGAIN_S = 0.001

Converse = Callable[[str, Collection[str]], Conversation]
Hear = Callable[[EventSink, Toolbox], object]


class NothingToUndo(CodeActError):
    """There is no message to undo, or what followed it cannot be undone."""


@dataclass(frozen=True)
class Undone:
    """What was undone.

    Attributes:
        text: the message that was said then.
        outside: calls that did more than read since then, and are not undone, as a reader would write them.
        stays: what else is not undone, in words; empty where all of the place went back.
        files: of those that programs wrote or removed since then, the paths; they are as the programs left them.
    """

    text: str
    outside: tuple[str, ...]
    stays: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Before:
    """How everything stood before a message."""

    text: str
    conversation: KeptConversation
    place: Kept | None
    outside: int
    files: int


class ChatSession:
    """One place where programs run, and one conversation about it.

    Args:
        place: where programs run. It is closed with the session.
        converse: makes a conversation from the stubs and the names of the libraries of a workspace.
        undo: how many messages can be undone. Each holds a copy of the session's variables.
        hear: called before each task, with the sink of its events and the tools.
    """

    def __init__(
        self,
        place: Place,
        converse: Converse,
        *,
        undo: int = 0,
        hear: Hear | None = None,
    ) -> None:
        self.place = place
        self._hear = hear
        self._converse = converse
        self._undo = undo
        self._befores: list[_Before] = []
        self._outside: list[str] = []  # calls that did something, where that is not undone with the place
        self._files: list[str] = []  # paths that programs wrote or removed
        self._acting = False  # whether a program runs, or is about to be sent
        self._open = False  # whether the last task was not brought to its end
        self._busy = threading.Lock()
        self._conversation = self._begin()

    @property
    def conversation(self) -> Conversation:
        """What was said so far."""
        return self._conversation

    def _begin(self) -> Conversation:
        self._unseen = self.place.observe()
        return self._converse(self.place.toolbox.stubs(PROMPT_CHARACTERS), self.place.libraries)

    def say(self, text: str, approve: Approve | None, on_event: EventSink) -> str:
        """One task: the model acts until it has an answer, which is returned.

        Raises:
            ModelError: the model did not answer. Nothing is lost, and `go_on` asks it again.
            CodeActError: another task goes on.
        """
        with alone(self._busy):
            if self._undo:
                self._keep(text)
            if self._unseen:
                text = say("observed_task", observation=self._unseen, text=text)
                self._unseen = ""
            self._conversation.ask(text)
            return self._act(approve, on_event)

    def go_on(self, approve: Approve | None, on_event: EventSink) -> str:
        """Go on with the last task, with a new budget: after a failure of the model, an interrupt or a used-up budget.

        Raises:
            CodeActError: the last task has come to its end, or goes on.
            ModelError: the model did not answer.
        """
        with alone(self._busy):
            if not self._open:
                raise CodeActError("there is nothing to go on with: the last message was answered")
            self._conversation.go_on()
            return self._act(approve, on_event)

    def _act(self, approve: Approve | None, on_event: EventSink) -> str:
        self.place.approve = approve
        self._open = True

        def hear(event: Event) -> None:
            if isinstance(event, CallFinished):
                call = event.call
                if call.effect != "read" and call.refused is None and not self.place.undoes(call.tool):
                    self._outside.append(call_text(call.tool, call.arguments))
            elif isinstance(event, Executed):
                self._files += [*(each.path for each in event.execution.artifacts), *event.execution.removed]
            on_event(event)

        if self._hear is not None:
            self._hear(hear, self.place.toolbox)
        answered = self._answer(hear)
        on_event(answered)
        self._open = answered.reason not in ("finished", "gave up")
        return answered.text

    def _answer(self, on_event: EventSink) -> Answered:
        while True:
            action = self._conversation.next_action(on_event)
            if action.code is None:
                if action.answer is not None:
                    return Answered(_text(action.answer), action.reason)
                return Answered(f"No answer ({action.reason}).", action.reason)
            self._acting = True
            try:
                if self._conversation.interrupted:
                    continue
                execution, observation = self.place.run(action.code, on_event)
            finally:
                self._acting = False
            self._conversation.observe(observation, self.place.pictures or pictures_of(execution))
            if execution.ended:
                return Answered(_final(execution), "finished")

    def undo(self) -> Undone:
        """Go back to before the last message: conversation, variables and world.

        Where the place cannot go back, such as a workspace with its files, the conversation does alone: what stays is
        told, and the model reads of it with the next observation.

        Raises:
            NothingToUndo: there is none.
            CodeActError: a task goes on.
        """
        with alone(self._busy):
            return self._undone()

    def _undone(self) -> Undone:
        if not self._befores:
            raise NothingToUndo("there is nothing to undo")
        before = self._befores.pop()
        self._conversation.return_to(before.conversation)
        stays = ""
        if before.place is not None:
            self.place.return_to(before.place)
        else:
            stays = self.place.stays
            self._conversation.note(say("undone_in_part", stays=stays))
        if not self._conversation.begun:
            self._unseen = self.place.observe()
        self._open = False
        outside = tuple(self._outside[before.outside :])
        files = tuple(dict.fromkeys(self._files[before.files :]))
        del self._outside[before.outside :], self._files[before.files :]
        return Undone(before.text, outside, stays, files)

    def reset(self) -> None:
        """Begin anew: conversation, variables and world.

        Raises:
            CodeActError: a task goes on.
        """
        with alone(self._busy):
            self._forget(len(self._befores))
            self._outside.clear()
            self._files.clear()
            self._open = False
            self.place.reset()
            self._conversation = self._begin()

    def fork(self, converse: Callable[[Place], Converse], gate: Gate, hear: Hear) -> ChatSession:
        """Another session that stands as this one does, variables included, and goes its own way; it can undo nothing.

        Args:
            converse: gives what makes its later conversations, at its place.
            gate: that it passes.
            hear: see the class.

        Raises:
            CodeActError: the place cannot be had twice.
        """
        other = copy.copy(self)
        other.place = self.place.fork()
        other._busy = threading.Lock()
        other._converse, other._hear = converse(other.place), hear
        other._conversation = self._conversation.fork(gate)
        other._befores, other._outside, other._files = [], [], []
        return other

    def interrupt(self) -> None:
        """From another thread: end the reply that is being written and the program that is running."""
        self._conversation.interrupt()
        while not self.place.interrupt() and self._acting:
            time.sleep(_AGAIN_S)

    def close(self) -> None:
        """End the session; the variables are lost."""
        self._forget(len(self._befores))
        self.place.close()

    def _keep(self, text: str) -> None:
        self._befores.append(
            _Before(text, self._conversation.keep(), self.place.keep(), len(self._outside), len(self._files))
        )
        self._forget(len(self._befores) - self._undo)

    def _forget(self, count: int) -> None:
        for before in self._befores[: max(0, count)]:
            if before.place is not None:
                before.place.close()
        del self._befores[: max(0, count)]


@contextmanager
def alone(busy: threading.Lock) -> Iterator[None]:
    """Hold the lock of a chat while something is done with it.

    Raises:
        CodeActError: something is done with it already, in another thread or in this one.
    """
    if not busy.acquire(blocking=False):
        raise CodeActError("this chat is still at its last message: wait, or give each thread an agent of its own")
    try:
        yield
    finally:
        busy.release()


def _final(execution: Execution) -> str:
    """The answer of a program that ended by `finish`; without one, what it printed."""
    if execution.answer is not None:
        return _text(execution.answer)
    return execution.stdout.strip() or "Done."


def _text(answer: object) -> str:
    return answer if isinstance(answer, str) else repr(answer)
