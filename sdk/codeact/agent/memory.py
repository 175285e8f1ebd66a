"""What an agent remembers of a conversation: linear in its turns, and within the model's context."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codeact.agent.conversation_file import Journal, Said
from codeact.agent.templates import say, shorten
from codeact.models.protocol import Message, Role

if TYPE_CHECKING:
    from codeact.values import Image

MOST_PICTURES = 4  # in all that is sent at once
PICTURE_TOKENS = 1_000  # of one, about: servers count 255 to 1,400 for 1024 x 1024 pixels
MESSAGE_MARKS = 8  # tokens that a chat template spends on each message, rounded up
KEPT_AFTER_DROPPING = 0.75  # of the room; dropping a little each turn would mean reading everything anew each turn
SHORTEST = 200  # characters; what is shorter is not shortened further


@dataclass
class _Entry:
    role: Role
    content: str
    tokens: int
    pinned: bool
    images: tuple[Image, ...] = ()


class Memory:
    """System message, then what was said. Old turns are dropped when room runs out, the pinned ones (the task) never.

    Args:
        system: the system message.
        count: tokens of a text.
    """

    def __init__(self, system: str, count: Callable[[str], int]) -> None:
        self._count = count
        self._entries: list[_Entry] = []
        self._tokens = 0
        self._system = Message("system", system)
        self._system_tokens = count(system) + MESSAGE_MARKS
        self._dropped = 0
        self._sent: list[Message] | None = None  # made anew only when something was dropped
        self._note_tokens = count(say("left_out", count=10**6)) + MESSAGE_MARKS
        self._summary = ""
        self._added = 0
        self.journal: Journal | None = None

    @property
    def system(self) -> str:
        """The system message."""
        return self._system.content

    @property
    def summary(self) -> str:
        """What the dropped turns said; empty where nobody has summed it up."""
        return self._summary

    @summary.setter
    def summary(self, text: str) -> None:
        self._summary = text
        self._note_tokens = self._count(self._note(10**6)) + MESSAGE_MARKS
        self._sent = None

    def _note(self, count: int) -> str:
        return say("summarised", count=count, text=self._summary) if self._summary else say("left_out", count=count)

    @property
    def left_out(self) -> int:
        """How many messages were dropped."""
        return self._dropped

    def said(self) -> list[Said]:
        """All that is remembered, without the system message."""
        return [Said(entry.role, entry.content, entry.pinned) for entry in self._entries]

    def recall(self, said: Iterable[Said], left_out: int = 0, summary: str = "") -> None:
        """Remember what was said in an earlier conversation."""
        for each in said:
            self.add(each.role, each.content, pinned=each.task)
        self._dropped = left_out
        self.summary = summary

    def continue_as(self, other: Memory) -> Memory:
        """`other`, a memory that is to take the place of this one, with this one's journal."""
        fork = other.fork()
        fork.journal = self.journal
        if fork.journal is not None:
            fork.journal.back_to(fork._added)
        return fork

    def fork(self) -> Memory:
        """A memory of the same, which goes its own way from here."""
        other = copy.copy(self)
        other._entries = [copy.copy(entry) for entry in self._entries]
        other._sent = other.journal = None
        return other

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def tokens(self) -> int:
        """Tokens of all that would be sent, as counted here."""
        return self._system_tokens + self._tokens + (self._note_tokens if self._dropped else 0)

    def add(self, role: Role, content: str, *, pinned: bool = False, images: tuple[Image, ...] = ()) -> None:
        """Remember a message. `pinned`: it is a task, and stays; an earlier task becomes an ordinary message.

        Of all `images` the newest are sent, `MOST_PICTURES` at most; no file keeps them.
        """
        self._remember(role, content, pinned, images)
        if images:
            self.forget_pictures(MOST_PICTURES)
        if self.journal is not None:
            self.journal.add(Said(role, content, pinned))

    def forget_pictures(self, kept: int = 0) -> None:
        """Send no pictures from now on but the `kept` newest; the words about them stay."""
        for entry in reversed(self._entries):
            images = entry.images[-kept:] if kept else ()
            if len(images) < len(entry.images):
                self._sent = None
                spared = PICTURE_TOKENS * (len(entry.images) - len(images))
                entry.images, entry.tokens, self._tokens = images, entry.tokens - spared, self._tokens - spared
            kept -= len(images)

    def _remember(self, role: Role, content: str, pinned: bool, images: tuple[Image, ...] = ()) -> None:
        self._added += 1
        if pinned:
            for entry in self._entries:
                entry.pinned = False
        tokens = self._count(content) + MESSAGE_MARKS + PICTURE_TOKENS * len(images)
        self._entries.append(_Entry(role, content, tokens, pinned, images))
        self._tokens += tokens
        if self._sent is not None:
            _join(self._sent, role, content, images)

    def fit(self, room: int) -> list[Said]:
        """Drop the oldest turns, and if need be shorten the newest message, until at most `room` tokens are left.

        If the system message and the task alone are longer, they stay, and the model will refuse. Returns what was
        dropped.
        """
        if self.tokens <= room:
            return []
        dropped = self._drop(until=int(room * KEPT_AFTER_DROPPING))
        while self.tokens > room and self._shorten_newest():
            pass
        return dropped

    def drop_half(self) -> list[Said] | None:
        """Make room although the count said that there was: the model refused.

        Returns what was dropped, nothing where the newest message was shortened; None if nothing can go.
        """
        dropped = self._drop(until=self.tokens // 2)
        return dropped if dropped or self._shorten_newest() else None

    def messages(self) -> list[Message]:
        """What is sent: roles alternate, and a note stands where turns were dropped."""
        if self._sent is None:
            self._sent = self._made()
        return list(self._sent)

    def _made(self) -> list[Message]:
        messages = [self._system]
        for entry in self._entries:
            _join(messages, entry.role, entry.content, entry.images)
        if self._dropped:
            note = self._note(self._dropped)
            if len(messages) > 1 and messages[1].role == "user":
                messages[1] = Message("user", f"{messages[1].content}\n\n{note}", messages[1].images)
            else:
                messages.insert(1, Message("user", note))
        return messages

    def _drop(self, until: int) -> list[Said]:
        """Drop the oldest entries that are not pinned, with the user's message that follows a dropped reply."""
        place = 0
        dropped = []
        while self.tokens > until and place < len(self._entries) - 1:
            if self._entries[place].pinned:
                place += 1
                continue
            dropped.append(self._remove(place))
            follower = place < len(self._entries) - 1 and not self._entries[place].pinned
            if dropped[-1].role == "assistant" and follower and self._entries[place].role == "user":
                dropped.append(self._remove(place))
        return dropped

    def _remove(self, place: int) -> Said:
        entry = self._entries.pop(place)
        self._sent = None
        self._tokens -= entry.tokens
        self._dropped += 1
        return Said(entry.role, entry.content, entry.pinned)

    def _shorten_newest(self) -> bool:
        newest = self._entries[-1] if self._entries else None
        if newest is None or newest.pinned or len(newest.content) <= SHORTEST:
            return False
        content = shorten(newest.content, max(SHORTEST // 2, len(newest.content) // 2))
        if len(content) >= len(newest.content):
            return False
        self._sent = None
        self._tokens -= newest.tokens
        newest.content = content
        newest.tokens = self._count(content) + MESSAGE_MARKS + PICTURE_TOKENS * len(newest.images)
        self._tokens += newest.tokens
        return True


def _join(messages: list[Message], role: Role, content: str, images: tuple[Image, ...]) -> None:
    """Add a message, or add to the last one if that has the same role."""
    if messages[-1].role == role:
        messages[-1] = Message(role, f"{messages[-1].content}\n\n{content}", messages[-1].images + images)
    else:
        messages.append(Message(role, content, images))
