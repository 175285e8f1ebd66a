"""Secret messages: an inbox, a book of keys, and what undoes one layer of a cipher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase as LETTERS

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question, ReadingService

PAGE = 5  # messages
LAYERS = ("caesar", "vigenere", "reversed", "hex")

SENDERS = Vocabulary(
    seen=("Ada", "Boris", "Chidi", "Dara", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas"),
    unseen=("Kalinda", "Leandro", "Mireille", "Nikolai", "Oksana", "Priyanka"),
)
GOODS = Vocabulary(
    seen=("APPLES", "BOLTS", "CANDLES", "DRUMS", "ENGINES", "FLUTES", "GLOVES", "HAMMERS", "KETTLES", "LAMPS"),
    unseen=("MIRRORS", "NETS", "ORANGES", "PUMPS", "ROPES", "SADDLES"),
)
PORTS = Vocabulary(
    seen=("GENOA", "LISBON", "OSLO", "PIRAEUS", "ROTTERDAM", "SPLIT", "TALLINN", "VALENCIA"),
    unseen=("BUSAN", "CALLAO", "DURBAN", "MOMBASA", "YOKOHAMA"),
)
KEYS = ("LANTERN", "ORCHARD", "COMPASS", "VELVET", "GRANITE", "HARVEST", "PILGRIM", "TIMBER", "WALNUT", "SIGNAL")


class UnknownMessage(LookupError):
    """There is no message with this number, or no such page."""


class UnknownSender(LookupError):
    """The book of keys has no entry for this name."""


class NotInThisCipher(ValueError):
    """The text cannot be in this cipher, or the key cannot be one of it."""


@dataclass(frozen=True)
class Heading:
    """What the inbox tells of a message."""

    number: int
    sender: str


@dataclass(frozen=True)
class InboxPage:
    """Some of the messages; `pages` is how many pages there are."""

    headings: list[Heading]
    page: int
    pages: int


@dataclass(frozen=True)
class Message:
    """A message as it came. `layers` are the ciphers that are still on its text, in the order to take them off."""

    number: int
    sender: str
    layers: list[str]
    text: str


@dataclass(frozen=True)
class Keys:
    """A sender's keys: how far the letters are moved in `caesar`, and the word of `vigenere`."""

    shift: int
    word: str


@dataclass(frozen=True)
class Post:
    """The data of an episode: the messages by number, and the book of keys."""

    messages: Mapping[int, Message]
    keys: Mapping[str, Keys]


class MessageService(ReadingService):
    """An inbox and tools to decode what is in it."""

    def __init__(self) -> None:
        names = ["inbox", "read_message", "look_up_keys", "caesar", "vigenere", "reverse", "from_hex"]
        self.toolbox = Toolbox.of(self, allow=names, errors=[UnknownMessage, UnknownSender, NotInThisCipher])
        self.load(Post({}, {}))

    def load(self, data: Post) -> None:
        self._post = data

    def shown(self) -> str:
        return f"An inbox with {len(self._post.messages)} messages."

    @tool(effect="read")
    def inbox(self, page: int = 1) -> InboxPage:
        """List messages, five on a page.

        Raises UnknownMessage when there is no such page.
        """
        numbers = sorted(self._post.messages)
        pages = max(1, -(-len(numbers) // PAGE))
        if not 1 <= page <= pages:
            raise UnknownMessage(f"there is no page {page}; pages are 1 to {pages}")
        shown = numbers[(page - 1) * PAGE : page * PAGE]
        return InboxPage([Heading(number, self._post.messages[number].sender) for number in shown], page, pages)

    @tool(effect="read")
    def read_message(self, number: int) -> Message:
        """Read a message as it came, with the ciphers that are on it.

        Raises UnknownMessage when there is none with this number.
        """
        if number not in self._post.messages:
            raise UnknownMessage(f"there is no message {number}; inbox() lists those that there are")
        return self._post.messages[number]

    @tool(effect="read")
    def look_up_keys(self, sender: str) -> Keys:
        """Look up the keys of a sender in the book.

        Raises UnknownSender when the book has none.
        """
        if sender not in self._post.keys:
            raise UnknownSender(f"the book has no keys of {sender!r}; it has those of {', '.join(self._post.keys)}")
        return self._post.keys[sender]

    @tool(effect="read")
    def caesar(self, text: str, shift: int) -> str:
        """Undo a Caesar cipher: move each capital letter back by `shift` places, from 1 to 25.

        Raises NotInThisCipher when there is no such shift.
        """
        if not 1 <= shift <= 25:
            raise NotInThisCipher(f"a shift is 1 to 25, not {shift}")
        return "".join(_moved(letter, -shift) for letter in text)

    @tool(effect="read")
    def vigenere(self, text: str, word: str) -> str:
        """Undo a Vigenère cipher: move the capital letters back by the places of the word's letters, A by 0, in turn.

        What is no capital letter stays, and uses up no letter of the word.
        Raises NotInThisCipher when the word is not of capital letters.
        """
        if not word or set(word) - set(LETTERS):
            raise NotInThisCipher(f"the word of a Vigenère cipher is of capital letters, not {word!r}")
        found, at = [], 0
        for letter in text:
            found.append(_moved(letter, -LETTERS.index(word[at % len(word)])))
            at += letter in LETTERS
        return "".join(found)

    @tool(effect="read")
    def reverse(self, text: str) -> str:
        """Turn a text round: its last character comes first."""
        return text[::-1]

    @tool(effect="read")
    def from_hex(self, text: str) -> str:
        """Read a text that was written as the hexadecimal codes of its characters, two digits each.

        Raises NotInThisCipher when it is not.
        """
        try:
            return bytes.fromhex(text).decode("ascii")
        except ValueError:
            raise NotInThisCipher(f"{text[:20]!r} is not a row of hexadecimal codes") from None


def _moved(letter: str, places: int) -> str:
    return LETTERS[(LETTERS.index(letter) + places) % 26] if letter in LETTERS else letter


# Data, written the other way round: from the plain text outwards


def _hidden(text: str, layers: list[str], keys: Keys) -> str:
    for layer in reversed(layers):
        if layer == "caesar":
            table = str.maketrans(LETTERS, LETTERS[keys.shift :] + LETTERS[: keys.shift])
            text = text.translate(table)
        elif layer == "vigenere":
            steps = (ord(keys.word[place % len(keys.word)]) - 65 for place in range(len(text)))
            text = "".join(
                chr((ord(character) - 65 + next(steps)) % 26 + 65) if character.isalpha() else character
                for character in text
            )
        elif layer == "reversed":
            text = "".join(reversed(text))
        else:
            text = "".join(f"{ord(character):02x}" for character in text)
    return text


def _keys(draw: Draw) -> Keys:
    return Keys(draw.choice([shift for shift in range(2, 25) if shift != 13]), draw.choice(KEYS))


def _order(draw: Draw) -> tuple[int, str, str]:
    return draw.between(12, 988), draw.word(GOODS), draw.word(PORTS)


def _filler(draw: Draw, number: int, sender: str, keys: Keys) -> Message:
    amount, goods, port = _order(draw)
    layers = [draw.choice(LAYERS)]
    return Message(number, sender, layers, _hidden(f"SEND {amount} CRATES OF {goods} TO {port}", layers, keys))


def _one_layer(draw: Draw) -> Case:
    sender, other = draw.sample(draw.words(SENDERS), 2)
    keys = _keys(draw)
    amount, goods, port = _order(draw)
    text = f"SEND {amount} CRATES OF {goods} TO {port}"
    number = draw.between(100, 999)
    message = Message(number, sender, ["caesar"], _hidden(text, ["caesar"], keys))
    messages = {number: message, number + 1: _filler(draw, number + 1, other, keys)}
    return Case(Post(messages, {}), {"number": number, "shift": keys.shift}, text)


def _two_layers(draw: Draw) -> Case:
    sender, other = draw.sample(draw.words(SENDERS), 2)
    keys = _keys(draw)
    amount, goods, port = _order(draw)
    text = f"SEND {amount} CRATES OF {goods} TO {port}"
    layers = draw.shuffled([draw.choice(["caesar", "vigenere"]), draw.choice(["reversed", "hex"])])
    if layers[-1] == "hex":  # letters are moved outside of it, and hexadecimal digits are none
        layers.reverse()
    number = draw.between(100, 999)
    messages = {number: Message(number, sender, layers, _hidden(text, layers, keys))}
    messages[number + 1] = _filler(draw, number + 1, other, keys)
    book = {sender: keys, other: _keys(draw)}
    return Case(Post(messages, book), {"number": number}, text)


def _all_of_a_sender(draw: Draw) -> Case:
    wanted, *others = draw.sample(draw.words(SENDERS), 4)
    book = {sender: _keys(draw) for sender in draw.shuffled([wanted, *others])}
    senders = draw.shuffled([wanted] * draw.between(4, 6) + [draw.choice(others) for _ in range(draw.between(5, 8))])
    ports, goods = draw.sample(draw.words(PORTS), 3), draw.word(GOODS)
    number, messages = draw.between(100, 900), {}
    totals: dict[str, int] = {}
    for sender in senders:
        number += draw.between(1, 7)
        amount, port = draw.between(12, 988), draw.choice(ports)
        layers = [draw.choice(LAYERS)]
        text = f"SEND {amount} CRATES OF {goods} TO {port}"
        messages[number] = Message(number, sender, layers, _hidden(text, layers, book[sender]))
        if sender == wanted:
            totals[port] = totals.get(port, 0) + amount
    return Case(Post(messages, book), {"sender": wanted}, totals)


def _chain(draw: Draw) -> Case:
    senders = draw.sample(draw.words(SENDERS), 4)
    book = {sender: _keys(draw) for sender in senders}
    numbers = draw.sample(range(100, 1000), draw.between(8, 10))
    length = draw.between(4, 6)  # of the chain; the other messages are no part of it
    amount, goods, port = _order(draw)
    last = f"SEND {amount} CRATES OF {goods} TO {port}"
    texts = [*(f"SEE MESSAGE {after}" for after in numbers[1:length]), last]
    messages = {}
    for place, number in enumerate(numbers):
        sender = draw.choice(senders)
        if place < length:
            layers = [draw.choice(LAYERS)]
            messages[number] = Message(number, sender, layers, _hidden(texts[place], layers, book[sender]))
        else:
            messages[number] = _filler(draw, number, sender, book[sender])
    return Case(Post(messages, book), {"number": numbers[0]}, last)


_TAKE_OFF = """
def plain(message, keys):
    text = message.text
    for layer in message.layers:
        if layer == "caesar":
            text = caesar(text, keys.shift)
        elif layer == "vigenere":
            text = vigenere(text, keys.word)
        elif layer == "reversed":
            text = reverse(text)
        else:
            text = from_hex(text)
    return text
"""

_FIND = """
import re

found, page, pages = [], 1, 1
while page <= pages:
    shown = inbox(page)
    pages = shown.pages
    found += [heading.number for heading in shown.headings if heading.sender == sender]
    page += 1
keys = look_up_keys(sender)
totals = {}
for number in found:
    amount, port = re.match(r"SEND (\\d+) CRATES OF \\w+ TO (\\w+)", plain(read_message(number), keys)).groups()
"""

GENERATOR = Generator(
    name="messages",
    title="Decode secret messages",
    open=MessageService,
    vocabularies={"senders": SENDERS, "goods": GOODS, "ports": PORTS},
    grades={
        1: (
            Question(
                name="one_layer",
                pose=_one_layer,
                templates=(
                    "Message {number} is in a Caesar cipher with shift {shift}. What does it say?",
                    "Decode message {number}: its letters were moved on by {shift} places (Caesar).",
                    "What is the plain text of message {number}? It was written with a Caesar shift of {shift}.",
                    "Somebody moved each letter of message {number} by {shift} places, after Caesar. Undo that.",
                    "With the Caesar shift {shift}, message {number} can be read. Read it.",
                ),
                form="Call finish() with the plain text.",
                oracle="finish(caesar(read_message(number).text, shift))",
                opposite="finish(caesar(read_message(number).text, 26 - shift))",
            ),
        ),
        2: (
            Question(
                name="two_layers",
                pose=_two_layers,
                templates=(
                    "Message {number} lies under two ciphers. Its sender's keys are in the book. What does it say?",
                    "Take all layers off message {number}, with the keys of whoever sent it.",
                    "Message {number} was enciphered twice; the book has the keys of its sender. Give the plain text.",
                    "Find out what the sender of message {number} wrote, before two ciphers went over it.",
                    "Decode message {number} completely. Look up the keys that belong to its sender.",
                ),
                form="Call finish() with the plain text.",
                oracle=_TAKE_OFF
                + """
message = read_message(number)
finish(plain(message, look_up_keys(message.sender)))
""",
                opposite="finish(read_message(number).text[::-1])",
            ),
        ),
        3: (
            Question(
                name="all_of_a_sender",
                pose=_all_of_a_sender,
                templates=(
                    "How many crates does {sender} ask to be sent to each port, over all messages from {sender}?",
                    "Add up, port by port, the crates in all the messages that {sender} sent.",
                    "Each message orders crates for a port. Sum those that {sender} ordered, for each port.",
                    "Read everything from {sender} in the inbox: how many crates are to go to each port in all?",
                    "For the ports named in messages of {sender}, work out how many crates each is to get altogether.",
                ),
                form="Call finish() with a dict from port, as spelled in the messages, to the exact number of crates.",
                oracle=_TAKE_OFF + _FIND + "    totals[port] = totals.get(port, 0) + int(amount)\nfinish(totals)",
                opposite=_TAKE_OFF + _FIND + "    totals[port] = totals.get(port, 0) + 1\nfinish(totals)",
            ),
            Question(
                name="chain",
                pose=_chain,
                templates=(
                    "Message {number} sends its reader on to another message, and so on. What does the last one order?",
                    "Start with message {number} and go where each text points. Give the text of the last message.",
                    "Follow the trail of hidden messages that begins with {number}, and tell what stands at its end.",
                    "From message {number} on, each text names the next message, until one orders crates. Which order?",
                    "Read message {number}, then the one it names, to the end of the line. What is written there?",
                ),
                form="The book has the keys of all senders. Call finish() with the plain text of the last message.",
                oracle=_TAKE_OFF
                + """
while True:
    message = read_message(number)
    text = plain(message, look_up_keys(message.sender))
    if not text.startswith("SEE MESSAGE "):
        break
    number = int(text.split()[-1])
finish(text)
""",
                opposite=_TAKE_OFF
                + """
message = read_message(number)
finish(plain(message, look_up_keys(message.sender)))
""",
            ),
        ),
    },
)
