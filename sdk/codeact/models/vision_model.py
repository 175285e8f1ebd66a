"""A local model that reads pictures, by transformers' own processor and `generate`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codeact.errors import ModelError
from codeact.models.device import choose_device, choose_weight_type, limit_threads
from codeact.models.local_base import LocalBase
from codeact.models.local_weights import first_lines, libraries, loading
from codeact.models.protocol import (
    Completion,
    FinishReason,
    GenerationOptions,
    Message,
    OnText,
    StopGeneration,
)
from codeact.models.text_stream import Reply


class VisionModel(LocalBase):
    """A model of transformers' class `ImageTextToText`: a hub repository or a folder, on CUDA, Metal or the CPU.

    Pictures stand after the text of their message. A control token in the text is broken up by a space, so that it is
    read as text. One generation runs at a time; other threads wait. Code from a repository is never executed.

    Args:
        name_or_path: such as `HuggingFaceTB/SmolVLM-Instruct`, or a folder.
        device: `cuda`, `cuda:<number>`, `mps` or `cpu`; None takes the best there is.
        name: how traces and reports call the model; None makes it from `name_or_path`.
        threads: CPU threads for the whole process; None: `OMP_NUM_THREADS`, or all CPUs but one.

    Raises:
        ModelError: torch or transformers is missing, or the model is not found, is none for pictures, or cannot be
            loaded.
    """

    takes_images = True

    def __init__(
        self,
        name_or_path: str | Path,
        device: str | None = None,
        *,
        name: str | None = None,
        threads: int | None = None,
    ) -> None:
        torch, transformers = libraries()
        device = choose_device(device)
        if device == "cpu":
            limit_threads(threads)
        place = str(name_or_path)
        with loading(f"{place!r} as a model that reads pictures"):
            self._processor: Any = transformers.AutoProcessor.from_pretrained(place)
            network: Any = transformers.AutoModelForImageTextToText.from_pretrained(
                place, dtype=getattr(torch, choose_weight_type(device))
            )
        tokenizer: Any = getattr(self._processor, "tokenizer", None)
        if tokenizer is None or not getattr(self._processor, "chat_template", None):
            raise ModelError(f"{place!r} is no model to chat with: it has no tokenizer or no chat template")
        context: int | None = getattr(network.config.get_text_config(), "max_position_embeddings", None)
        super().__init__(
            name or f"vision:{Path(place).name if Path(place).is_dir() else place}", device, tokenizer, context
        )
        self.network: Any = network.to(device).eval()
        marks = {token.content for token in tokenizer.added_tokens_decoder.values()}
        self._marks = sorted((mark for mark in marks if len(mark) > 1), key=len, reverse=True)

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """Reply to `messages` and their pictures.

        Raises:
            ContextOverflow: prompt and one token of reply do not fit `context_tokens`.
            ModelError: the chat template or the processor refuses the messages, or the device is out of memory.
        """
        import torch

        started = time.perf_counter()
        inputs = self._inputs(messages)
        read = int(inputs["input_ids"].shape[1])
        limit = self.room(read, options)
        writer = _Writer(Reply(self._decode, options.stop, on_text), options)
        reason: FinishReason
        try:
            with self._alone(options), torch.inference_mode(), self._chance(options):
                if options.interrupted():
                    raise StopGeneration
                self.network.generate(**inputs, **_sampling(options), max_new_tokens=limit, streamer=writer)
                reason = "length" if writer.count >= limit and not writer.ended(self.network) else "stop"
                writer.reply.finish()
        except _Stopped:
            reason = "stop"
            writer.reply.finish()
        except StopGeneration:
            reason = "interrupted"
        except torch.OutOfMemoryError as error:
            raise self.explain(error) from error
        return Completion(writer.reply.text, read, writer.count, time.perf_counter() - started, reason)

    def _inputs(self, messages: Sequence[Message]) -> Any:
        images = [image for message in messages for image in message.images]
        conversation = [
            {
                "role": message.role,
                "content": [
                    {"type": "text", "text": self._inert(message.content)},
                    *({"type": "image"} for _ in message.images),
                ],
            }
            for message in messages
        ]
        try:
            text = self._processor.apply_chat_template(conversation, add_generation_prompt=True)
            pictures = [image.to_pil().convert("RGB") for image in images] or None
            inputs = self._processor(text=[text], images=pictures, return_tensors="pt", add_special_tokens=False)
        except Exception as error:  # a template or a processor may raise anything
            raise ModelError(f"{self.name} cannot read the messages: {first_lines(error)}") from error
        return inputs.to(self.device, dtype=self.network.dtype)

    def _inert(self, text: str) -> str:
        for mark in self._marks:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text

    @contextmanager
    def _chance(self, options: GenerationOptions) -> Iterator[None]:
        """Sampling from a seed leaves the process's own generators as they were."""
        import torch

        if options.seed is None or options.temperature == 0:
            yield
            return
        with torch.random.fork_rng(devices=[self.device] if self.device.startswith("cuda") else []):
            torch.manual_seed(options.seed)
            yield


class _Stopped(Exception):
    """A stop string is complete."""


class _Writer:
    """What `generate` of transformers tells the prompt, and then each token."""

    def __init__(self, reply: Reply, options: GenerationOptions) -> None:
        self.reply = reply
        self.count = 0
        self._options = options
        self._last = -1
        self._begun = False

    def put(self, value: Any) -> None:
        if not self._begun:  # the prompt
            self._begun = True
            return
        if self._options.interrupted():
            raise StopGeneration
        for token in value.reshape(-1).tolist():
            self.count += 1
            self._last = token
            if self.reply.add(token):
                raise _Stopped

    def end(self) -> None:
        """Nothing is left to do."""

    def ended(self, network: Any) -> bool:
        """Whether the last token is one that ends a reply."""
        named = network.generation_config.eos_token_id
        return self._last in (named if isinstance(named, list) else [named])


def _sampling(options: GenerationOptions) -> dict[str, Any]:
    given: dict[str, Any] = {"repetition_penalty": options.repetition_penalty}
    if options.temperature == 0:
        return {**given, "do_sample": False}
    extra = {"min_p": options.min_p} if options.min_p else {}
    return {
        **given,
        **extra,
        "do_sample": True,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "top_k": options.top_k,
    }
