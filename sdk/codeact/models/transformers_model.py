"""Any causal language model that the transformers library loads, run in this process."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

from codeact.errors import ModelError
from codeact.models.chat_prompt import ChatPrompt
from codeact.models.device import WeightType, choose_device, choose_weight_type, limit_threads
from codeact.models.local_weights import Quantization, first_lines, load_weights
from codeact.models.protocol import (
    Completion,
    ContextOverflow,
    FinishReason,
    GenerationOptions,
    Message,
    OnText,
    StopGeneration,
)
from codeact.models.sampling import chooser
from codeact.models.text_stream import Detokenizer, StopStrings

CHUNK = 512  # prompt tokens read at once: between chunks an interrupt is heeded, and memory stays bounded


class TransformersModel:
    """A local model: a hub repository or a folder, on CUDA, Metal or the CPU.

    Conversations are written by the model's own chat template; text in messages is never read as a control token. The
    attention state of the last prompt is kept, so that a conversation that goes on reads only what is new. One
    generation runs at a time; other threads wait. Code from a repository is never executed.

    Args:
        name_or_path: hub repository (`HuggingFaceTB/SmolLM2-1.7B-Instruct`) or folder.
        device: `cuda`, `cuda:<number>`, `mps` or `cpu`; None takes the best there is.
        dtype: `bfloat16`, `float16` or `float32`; None takes what the device is fastest with.
        name: how traces and reports call the model; None makes it from `name_or_path`.
        threads: CPU threads for the whole process; None: `OMP_NUM_THREADS`, or all CPUs but one.
        adapter: a LoRA adapter over the model, a folder or repository as peft writes it.
        quantization: `4bit` or `8bit` weights, by bitsandbytes or torchao.

    Raises:
        ModelError: torch, transformers or another library is missing, the model or its adapter is not found or cannot
            be loaded, or the device is not here.
    """

    def __init__(
        self,
        name_or_path: str | Path,
        device: str | None = None,
        dtype: str | None = None,
        *,
        name: str | None = None,
        threads: int | None = None,
        adapter: str | Path | None = None,
        quantization: Quantization | None = None,
    ) -> None:
        self.device = choose_device(device)
        self.dtype: WeightType = _weight_type(dtype) if dtype else choose_weight_type(self.device)
        if self.device == "cpu":
            limit_threads(threads)
        self.name = name or _name(name_or_path, adapter, quantization)
        self.network, self._tokenizer = load_weights(
            str(name_or_path), self.device, self.dtype, None if adapter is None else str(adapter), quantization
        )
        self._prompt = ChatPrompt(self._tokenizer)
        self.end_tokens = _end_tokens(self.network, self._tokenizer)
        self._keeps_last_only = "logits_to_keep" in inspect.signature(self.network.forward).parameters
        self.context_tokens: int | None = getattr(
            self.network.config.get_text_config(), "max_position_embeddings", None
        )
        self._busy = threading.Lock()
        self._forget()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone; a message costs a few more for its marks."""
        return self._prompt.count(text)

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """Reply to `messages`. Greedy at temperature 0, so the same conversation gives the same reply on one machine.

        Raises:
            ContextOverflow: prompt and one token of reply do not fit `context_tokens`.
            ModelError: the chat template refuses the messages, or the device is out of memory.
        """
        import torch

        started = time.perf_counter()
        ids, limit = self.prepare(messages, options)
        reply = self.reply(options, on_text)
        finish_reason: FinishReason = "interrupted"
        count = 0
        try:
            with self._alone(options), torch.inference_mode():
                logits = self._read(tuple(messages), ids, options)
                choose = chooser(options)
                tokens = list(ids)
                finish_reason = "length"
                for step in range(limit):
                    if options.interrupted():
                        raise StopGeneration
                    if step:
                        logits = self._forward(tokens[-1:])
                    token = choose(logits, tokens)
                    if token in self.end_tokens:
                        finish_reason = "stop"
                        break
                    count += 1
                    tokens.append(token)
                    if reply.add(token):
                        finish_reason = "stop"
                        break
                reply.finish()
        except StopGeneration:
            finish_reason = "interrupted"
        except torch.OutOfMemoryError as error:
            raise self.explain(error) from error
        return Completion(reply.text, len(ids), count, time.perf_counter() - started, finish_reason)

    def prepare(self, messages: Sequence[Message], options: GenerationOptions) -> tuple[list[int], int]:
        """Token ids of the conversation, and how many tokens its reply may have.

        Raises:
            ContextOverflow: prompt and one token of reply do not fit `context_tokens`.
            ModelError: the chat template refuses the messages.
        """
        ids = self._prompt.encode(messages)
        limit = options.max_tokens
        if self.context_tokens is not None:
            limit = min(limit, self.context_tokens - len(ids))
            if limit < 1:
                raise ContextOverflow(
                    f"the conversation has {len(ids)} tokens, and {self.name} reads at most {self.context_tokens - 1}; "
                    "leave out old messages or shorten them"
                )
        return ids, limit

    def prepare_text(self, text: str) -> list[int]:
        """Token ids of a text that the model is to go on with, control tokens and all."""
        return list(self._tokenizer(text, verbose=False).input_ids)

    def reply(self, options: GenerationOptions, on_text: OnText | None = None, *, chat: bool = True) -> Reply:
        """What turns the tokens of one reply into text, up to a stop string; in a `chat`, to the other's turn."""
        return Reply(self._decode, (*options.stop, *(self._prompt.stop if chat else ())), on_text)

    def read(self, tokens: Sequence[int], state: Any) -> Any:
        """Read `tokens` into `state`, a cache of transformers for one row; return the logits after the last."""
        import torch

        extra = {"logits_to_keep": 1} if self._keeps_last_only else {}
        given = torch.tensor([list(tokens)], device=self.device)
        return self.network(input_ids=given, past_key_values=state, use_cache=True, **extra).logits[0, -1]

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
        while not self._busy.acquire(timeout=0.05):
            if options.interrupted():
                raise StopGeneration
        try:
            yield
        except StopGeneration:
            raise
        except BaseException:
            self._forget()  # the state may be half written
            raise
        finally:
            self._busy.release()

    def _forget(self) -> None:
        self._state: Any = None
        self._read_messages: tuple[Message, ...] = ()
        self._read_tokens: list[int] = []

    def _read(self, messages: tuple[Message, ...], ids: list[int], options: GenerationOptions) -> Any:
        """Feed the prompt; return the logits after its last token.

        The state is kept only if this conversation continues the last one. Any longer common beginning could be
        reused as well, but then a reply could depend, in its last bits, on what other conversations came before.
        """
        from transformers import DynamicCache

        known = 0
        earlier = self._read_messages
        continues = 0 < len(earlier) < len(messages) and messages[: len(earlier)] == earlier
        if continues and getattr(self._state, "is_croppable", False):
            known = common_beginning(self._read_tokens, ids[:-1])
            self._state.crop(known - len(self._read_tokens))
            del self._read_tokens[known:]
        else:
            self._forget()
            self._state = DynamicCache(config=self.network.config)
        self._read_messages = messages
        logits = None
        for begin in range(known, len(ids), CHUNK):
            if options.interrupted():
                raise StopGeneration
            logits = self._forward(ids[begin : begin + CHUNK])
        return logits

    def _forward(self, tokens: list[int]) -> Any:
        logits = self.read(tokens, self._state)
        self._read_tokens += tokens
        return logits


class Reply:
    """The text so far, told piece by piece."""

    def __init__(self, decode: Any, stop: tuple[str, ...], on_text: OnText | None) -> None:
        self._detokenizer = Detokenizer(decode)
        self._stop = StopStrings(stop)
        self._on_text = on_text
        self.text = ""

    def add(self, token: int) -> bool:
        """Take one more token in. Whether a stop string has come, which ends the reply."""
        self._tell(self._stop.add(self._detokenizer.add(token)))
        return self._stop.found is not None

    def finish(self) -> None:
        """Tell what was held back."""
        self._tell(self._stop.add(self._detokenizer.finish()))
        self._tell(self._stop.finish())

    def _tell(self, piece: str) -> None:
        if piece:
            self.text += piece
            if self._on_text is not None:
                self._on_text(piece)


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end a reply. A model's generation settings name one, several or none."""
    named = getattr(model.generation_config, "eos_token_id", None)
    ends = set(named if isinstance(named, list | tuple) else [named])
    return frozenset(end for end in (*ends, tokenizer.eos_token_id) if end is not None)


def _weight_type(name: str) -> WeightType:
    for known in get_args(WeightType):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise ModelError(f"unknown dtype {name!r}; one of {', '.join(get_args(WeightType))}")


def common_beginning(first: Sequence[int], second: Sequence[int]) -> int:
    """Length of the common beginning."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _name(name_or_path: str | Path, adapter: str | Path | None, quantization: str | None) -> str:
    parts = [Path(part).name if Path(part).is_dir() else str(part) for part in (name_or_path, adapter) if part]
    return f"hf:{'+'.join(parts)}{f'@{quantization}' if quantization else ''}"
