"""What an agent remembers of a conversation: linear in its turns, and within the model's context."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from codeact.agent.templates import say, shorten
from codeact.models.protocol import Message, Role

MESSAGE_MARKS = 8  # tokens that a chat template spends on each message, rounded up
KEPT_AFTER_DROPPING = 0.75  # of the room; dropping a little each turn would mean reading everything anew each turn
SHORTEST = 200  # characters; what is shorter is not shortened further


@dataclass
class _Entry:
    role: Role
    content: str
    tokens: int
    pinned: bool


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

    def fork(self) -> Memory:
        """A memory of the same, which goes its own way from here."""
        other = copy.copy(self)
        other._entries = [copy.copy(entry) for entry in self._entries]
        other._sent = None
        return other

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def tokens(self) -> int:
        """Tokens of all that would be sent, as counted here."""
        return self._system_tokens + self._tokens + (self._note_tokens if self._dropped else 0)

    def add(self, role: Role, content: str, *, pinned: bool = False) -> None:
        """Remember a message. `pinned`: it is a task, and stays; an earlier task becomes an ordinary message."""
        if pinned:
            for entry in self._entries:
                entry.pinned = False
        tokens = self._count(content) + MESSAGE_MARKS
        self._entries.append(_Entry(role, content, tokens, pinned))
        self._tokens += tokens
        if self._sent is not None:
            _join(self._sent, role, content)

    def fit(self, room: int) -> None:
        """Drop the oldest turns, and if need be shorten the newest message, until at most `room` tokens are left.

        If the system message and the task alone are longer, they stay, and the model will refuse.
        """
        if self.tokens <= room:
            return
        self._drop(until=int(room * KEPT_AFTER_DROPPING))
        while self.tokens > room and self._shorten_newest():
            pass

    def drop_half(self) -> bool:
        """Make room although the count said that there was: the model refused. Returns False if nothing can go."""
        before = self.tokens
        self._drop(until=before // 2)
        return self.tokens < before or self._shorten_newest()

    def messages(self) -> list[Message]:
        """What is sent: roles alternate, and a note stands where turns were dropped."""
        if self._sent is None:
            self._sent = self._made()
        return list(self._sent)

    def _made(self) -> list[Message]:
        messages = [self._system]
        for entry in self._entries:
            _join(messages, entry.role, entry.content)
        if self._dropped:
            note = say("left_out", count=self._dropped)
            if len(messages) > 1 and messages[1].role == "user":
                messages[1] = Message("user", f"{messages[1].content}\n\n{note}")
            else:
                messages.insert(1, Message("user", note))
        return messages

    def _drop(self, until: int) -> None:
        """Drop the oldest entries that are not pinned, with the user's message that follows a dropped reply."""
        place = 0
        while self.tokens > until and place < len(self._entries) - 1:
            if self._entries[place].pinned:
                place += 1
                continue
            dropped_role = self._remove(place)
            follower = place < len(self._entries) - 1 and not self._entries[place].pinned
            if dropped_role == "assistant" and follower and self._entries[place].role == "user":
                self._remove(place)

    def _remove(self, place: int) -> Role:
        entry = self._entries.pop(place)
        self._sent = None
        self._tokens -= entry.tokens
        self._dropped += 1
        return entry.role

    def _shorten_newest(self) -> bool:
        newest = self._entries[-1] if self._entries else None
        if newest is None or newest.pinned or len(newest.content) <= SHORTEST:
            return False
        content = shorten(newest.content, max(SHORTEST // 2, len(newest.content) // 2))
        if len(content) >= len(newest.content):
            return False
        self._sent = None
        self._tokens -= newest.tokens
        newest.content, newest.tokens = content, self._count(content) + MESSAGE_MARKS
        self._tokens += newest.tokens
        return True


def _join(messages: list[Message], role: Role, content: str) -> None:
    """Add a message, or add to the last one if that has the same role."""
    if messages[-1].role == role:
        messages[-1] = Message(role, f"{messages[-1].content}\n\n{content}")
    else:
        messages.append(Message(role, content))
