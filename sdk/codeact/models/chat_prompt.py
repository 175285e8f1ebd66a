"""Messages to tokens by a model's own chat template, with their content kept inert.

A chat template marks turns by control tokens such as `<|im_end|>`. If a tool's output or a web page holds that text, a
plain tokenizer turns it into the control token itself, and the text can end its turn and speak as somebody else. Here
such text is taken out before the template is applied, and put back as ordinary letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from codeact.errors import ModelError
from codeact.models.protocol import Message

# For models that bring no template: what base models have seen most of.
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:{% endif %}"
)
PLAIN_STOP = ("\nUser:", "\nSystem:", "\nAssistant:")


class ChatPrompt:
    """Encodes conversations for one tokenizer. `stop` are the strings that end a turn when there is no template."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._template: str | None = None if tokenizer.chat_template else PLAIN_TEMPLATE
        self.stop: tuple[str, ...] = () if self._template is None else PLAIN_STOP
        template_text = str(tokenizer.chat_template or "")
        added = tokenizer.added_tokens_decoder.items()
        self._control: dict[str, int] = {
            token.content: number
            for number, token in added
            if token.content.strip() and (token.special or token.content in template_text)
        }
        self._control_texts = list(self._control)
        longest_first = sorted(self._control_texts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Token ids of the whole conversation, ending where the assistant's reply begins.

        Raises:
            ModelError: there is no message, or the template refuses the messages.
        """
        if not messages:
            raise ModelError("there is no message to reply to")
        mark = _unused_mark([message.content for message in messages])
        inert = [Message(message.role, self._take_out(message.content, mark)) for message in messages]
        text = self._render(_joined(inert))
        ids: list[int] = []
        # re.split with one group gives text, number, text, number, ..., text
        for place, part in enumerate(re.split(f"{mark}(\\d+);", text)):
            if place % 2:
                ids += self._spelled_out(self._control_texts[int(part)])
            elif part:
                ids += self._tokenizer(part, add_special_tokens=False, verbose=False).input_ids
        begin = self._tokenizer.bos_token_id
        if self._template is not None and begin is not None and getattr(self._tokenizer, "add_bos_token", False):
            ids.insert(0, begin)
        return ids

    def opening(self, messages: Sequence[Message], ids: Sequence[int]) -> int:
        """How many of the tokens of a conversation are those of its system message, whatever follows; 0 if unclear."""
        if len(messages) < 2 or messages[0].role != "system" or messages[1].role == "system":
            return 0
        try:
            alone = self.encode(messages[:1])
        except ModelError:  # a template that wants a question
            return 0
        return common_beginning(alone, ids)

    def _take_out(self, content: str, mark: str) -> str:
        content = whole_characters(content)
        if self._pattern is None:
            return content
        return self._pattern.sub(lambda found: f"{mark}{self._control_texts.index(found.group())};", content)

    def _spelled_out(self, text: str) -> list[int]:
        """The tokens of a control token's text, without the control token."""
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
        if self._control[text] in ids:  # not marked as special, so the tokenizer finds it all the same
            ids = [number for letter in text for number in self._tokenizer(letter, add_special_tokens=False).input_ids]
        return ids

    def _render(self, messages: list[Message]) -> str:
        """Some templates know no system message; then it goes in front of the first question."""
        ways = [messages]
        if messages[0].role == "system" and len(messages) > 1 and messages[1].role == "user":
            merged = Message("user", f"{messages[0].content}\n\n{messages[1].content}")
            ways.append([merged, *messages[2:]])
        refusals: list[Exception] = []
        for way in ways:
            try:
                return self._apply(way)
            except Exception as refusal:  # a template raises what it likes
                refusals.append(refusal)
        roles = ", ".join(message.role for message in messages)
        raise ModelError(f"the model's chat template refuses these messages ({roles}): {refusals[-1]}") from refusals[0]

    def _apply(self, messages: list[Message]) -> str:
        rendered: str = self._tokenizer.apply_chat_template(
            [{"role": message.role, "content": message.content} for message in messages],
            chat_template=self._template,
            add_generation_prompt=True,
            tokenize=False,
        )
        return rendered


def whole_characters(text: str) -> str:
    """A text without halves of surrogate pairs, which no tokenizer reads: two halves are joined, one becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unused_mark(texts: Sequence[str]) -> str:
    """A string of private-use characters that no text holds."""
    number = 0
    while any((mark := f"\ue000{number}\ue001") in text for text in texts):
        number += 1
    return mark


def _joined(messages: list[Message]) -> list[Message]:
    """Neighbours of one role made one message: many templates demand that roles alternate."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return joined


def common_beginning(first: Sequence[int], second: Sequence[int]) -> int:
    """Length of the common beginning."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))
