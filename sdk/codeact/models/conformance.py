"""Does a model do what every model must do? It is asked a few times, and never for a certain text."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from codeact.errors import ModelError
from codeact.models.protocol import Completion, GenerationOptions, Message, Model, StopGeneration

QUESTION = (Message("system", "Answer in one sentence."), Message("user", "Name three colours."))
_REASONS = ("stop", "length", "interrupted")
_PATIENCE_S = 60.0


def check_model(
    model: Model, *, messages: Sequence[Message] = QUESTION, max_tokens: int = 16, heeds_limit: bool = True
) -> list[str]:
    """Hold a model against what every model must do: `assert check_model(MyModel()) == []` in its tests.

    It is asked for some ten replies to `messages`. Nothing is said about their text.

    Args:
        model: the model.
        messages: a conversation that it answers with some text.
        max_tokens: of each reply; small, so that the check is fast and cheap.
        heeds_limit: whether it heeds `max_tokens`. A script does not.

    Returns:
        What is wrong, one sentence each; empty when nothing is.
    """
    found = _face(model)
    if found:
        return found
    check = _Check(model, tuple(messages), GenerationOptions(max_tokens=max_tokens))
    for look in (check.reply, check.stopping, check.failing, check.interrupting, check.threads, check.counting):
        try:
            look()
        except ModelError as error:
            check.found.append(f"{look.__name__}: the model did not answer: {error}")
        except Exception as error:
            check.found.append(f"{look.__name__}: {type(error).__name__} came out, which is no ModelError: {error}")
    if heeds_limit and check.longest > max_tokens:
        check.found.append(f"a reply has {check.longest} tokens although max_tokens is {max_tokens}")
    return check.found


def _face(model: object) -> list[str]:
    if not isinstance(model, Model):
        return ["it needs `name`, `context_tokens` and `generate(messages, options, on_text=None)`"]
    found = []
    if not isinstance(model.name, str) or not model.name.strip():
        found.append(f"name is {model.name!r}; it must be a text that tells models apart")
    context = model.context_tokens
    if context is not None and (type(context) is not int or context < 1):
        found.append(f"context_tokens is {context!r}; it must be a positive int, or None where it is unknown")
    return found


class _Check:
    def __init__(self, model: Model, messages: tuple[Message, ...], options: GenerationOptions) -> None:
        self._model, self._messages, self._options = model, messages, options
        self.found: list[str] = []
        self.longest = 0

    def reply(self) -> None:
        """Streamed and not; the messages are left as they were."""
        given = list(self._messages)
        self._look_at(self._model.generate(given, self._options), "without on_text")
        if given != list(self._messages):
            self.found.append("the messages that it was given were changed")
        pieces: list[str] = []
        here = threading.get_ident()
        elsewhere: list[int] = []

        def listen(piece: str) -> None:
            pieces.append(piece)
            if threading.get_ident() != here:
                elsewhere.append(1)

        completion = self._model.generate(self._messages, self._options, listen)
        self._look_at(completion, "with on_text")
        if not all(isinstance(piece, str) for piece in pieces) or "".join(pieces) != completion.text:
            self.found.append("the pieces that on_text was told are not together the text of the completion")
        if elsewhere:
            self.found.append("on_text was called in another thread than the one that called generate")
        if not completion.text:
            self.found.append("the reply is empty; check it with messages that it answers with some text")

    def stopping(self) -> None:
        """`StopGeneration` out of on_text ends the reply with what was told."""
        told: list[str] = []

        def stop(piece: str) -> None:
            told.append(piece)
            raise StopGeneration

        completion = self._model.generate(self._messages, self._options, stop)
        if len(told) > 1:
            self.found.append("on_text was called again after it had raised StopGeneration")
        if told and (completion.finish_reason != "interrupted" or completion.text != "".join(told)):
            self.found.append(
                "after StopGeneration the completion must be `interrupted` and hold what was told; it is "
                f"{completion.finish_reason!r} with {completion.text!r}"
            )

    def failing(self) -> None:
        """Another exception of on_text passes through, and the next reply is as usual."""

        class Ours(Exception):
            pass

        told = False

        def fail(piece: str) -> None:
            nonlocal told
            told = True
            raise Ours

        try:
            self._model.generate(self._messages, self._options, fail)
            if told:
                self.found.append("an exception that on_text raised did not come out of generate")
        except Ours:
            pass
        self._look_at(self._model.generate(self._messages, self._options), "after on_text had failed")

    def interrupting(self) -> None:
        """`interrupt` is asked before the first token."""
        now = GenerationOptions(max_tokens=self._options.max_tokens, interrupt=lambda: True)
        completion = self._model.generate(self._messages, now)
        if completion.finish_reason != "interrupted" or completion.text:
            self.found.append(
                "with an interrupt that says yes at once, the completion must be `interrupted` and empty; it is "
                f"{completion.finish_reason!r} with {completion.text!r}"
            )

    def threads(self) -> None:
        """Two threads may ask at once, whether they are answered together or in turn."""
        given: list[object] = []

        def ask() -> None:
            try:
                given.append(self._model.generate(self._messages, self._options))
            except Exception as error:
                given.append(error)

        asking = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(_PATIENCE_S)
        if len(given) < len(asking):
            self.found.append(f"two threads that asked at once had no answer after {_PATIENCE_S:.0f} s")
        for one in given:
            if isinstance(one, Completion):
                self._look_at(one, "for two threads at once")
            else:
                self.found.append(f"asked by two threads at once, it raised {type(one).__name__}: {one}")

    def counting(self) -> None:
        """`count_tokens` is optional."""
        count = getattr(self._model, "count_tokens", None)
        if count is None:
            return
        counted = count("one two three " * 20)
        if type(counted) is not int or counted < 1:
            self.found.append(f"count_tokens gave {counted!r} for a text; it must give a positive int")
        if (nothing := count("")) != 0:
            self.found.append(f"count_tokens gave {nothing!r} for no text; it must give 0")

    def _look_at(self, completion: Any, when: str) -> None:
        if not isinstance(completion, Completion):
            self.found.append(f"{when}, generate gave a {type(completion).__name__} and not a Completion")
            return
        self.longest = max(self.longest, completion.completion_tokens)
        text: object = completion.text
        if not isinstance(text, str):
            self.found.append(f"{when}, the text is a {type(text).__name__}")
        if completion.finish_reason not in _REASONS:
            self.found.append(f"{when}, finish_reason is {completion.finish_reason!r}; one of {', '.join(_REASONS)}")
        for name in ("prompt_tokens", "completion_tokens"):
            count = getattr(completion, name)
            if type(count) is not int or count < 0:
                self.found.append(f"{when}, {name} is {count!r}; it must be an int, 0 or more")
        if not isinstance(completion.seconds, int | float) or completion.seconds < 0:
            self.found.append(f"{when}, seconds is {completion.seconds!r}; it must be 0 or more")
