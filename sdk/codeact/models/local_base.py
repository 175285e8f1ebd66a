"""What every model of this process has: a tokenizer, a context that ends, and one generation at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from codeact.errors import ModelError
from codeact.models.chat_prompt import whole_characters
from codeact.models.local_weights import first_lines
from codeact.models.protocol import ContextOverflow, GenerationOptions, StopGeneration


class LocalBase:
    """A model that runs in this process, however it does.

    Args:
        name: how traces and reports call the model. device: where it runs.
        tokenizer: of transformers.
        context_tokens: tokens of prompt and reply together; None: unknown.
    """

    def __init__(self, name: str, device: str, tokenizer: Any, context_tokens: int | None) -> None:
        self.name = name
        self.device = device
        self.context_tokens = context_tokens
        self._tokenizer = tokenizer
        self._busy = threading.Lock()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone; a message costs a few more for its marks."""
        return len(self._tokenizer(whole_characters(text), add_special_tokens=False, verbose=False).input_ids)

    def room(self, prompt_tokens: int, options: GenerationOptions) -> int:
        """How many tokens the reply to so long a prompt may have.

        Raises:
            ContextOverflow: prompt and one token of reply do not fit `context_tokens`.
        """
        if self.context_tokens is None:
            return options.max_tokens
        if prompt_tokens >= self.context_tokens:
            raise ContextOverflow(
                f"the conversation has {prompt_tokens} tokens, and {self.name} reads at most "
                f"{self.context_tokens - 1}; leave out old messages or pictures, or shorten them"
            )
        return min(options.max_tokens, self.context_tokens - prompt_tokens)

    def explain(self, error: BaseException) -> ModelError:
        """The error of another library as one of ours."""
        import torch

        if isinstance(error, torch.OutOfMemoryError):
            return ModelError(f"{self.device} is out of memory: {first_lines(error)}")
        return ModelError(f"{self.name} failed: {type(error).__name__}: {first_lines(error)}")

    def _decode(self, tokens: list[int]) -> str:
        text = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        assert isinstance(text, str)
        return text

    @contextmanager
    def _alone(self, options: GenerationOptions) -> Iterator[None]:
        """Wait for the generation of another thread, as long as the options do not say to end.

        Raises:
            StopGeneration: they do.
        """
        while not self._busy.acquire(timeout=0.05):
            if options.interrupted():
                raise StopGeneration
        try:
            yield
        finally:
            self._busy.release()
