"""From logits to the next token, as the options say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from codeact.models.protocol import GenerationOptions

COLDEST = 1e-4  # a lower temperature, other than 0, would make infinities of the logits; at this one all is decided


def chooser(options: GenerationOptions) -> Callable[[Any, Sequence[int]], int]:
    """A function of the logits (one value a token of the vocabulary) and of all token ids so far, the prompt's too.

    The steps and their order are those of transformers' own `generate`. Sampling is done on the CPU in float32, so that
    a seed means the same on every device.
    """
    import torch
    from transformers.generation import logits_process as steps

    change: list[Any] = []
    if options.repetition_penalty != 1.0:
        change.append(steps.RepetitionPenaltyLogitsProcessor(options.repetition_penalty))
    greedy = options.temperature == 0.0
    if not greedy:
        change.append(steps.TemperatureLogitsWarper(max(options.temperature, COLDEST)))
        if options.top_k:
            change.append(steps.TopKLogitsWarper(options.top_k))
        if options.top_p < 1.0:
            change.append(steps.TopPLogitsWarper(options.top_p))
        if options.min_p > 0.0:
            change.append(steps.MinPLogitsWarper(options.min_p))
    generator = torch.Generator()
    if options.seed is None:
        generator.seed()
    else:
        generator.manual_seed(options.seed)

    def choose(logits: Any, tokens: Sequence[int]) -> int:
        if greedy and not change:
            return int(logits.argmax())
        scores = logits.float().cpu()[None]
        before = torch.tensor([list(tokens)])
        for step in change:
            scores = step(before, scores)
        if greedy:
            return int(scores[0].argmax())
        return int(torch.multinomial(torch.softmax(scores[0], dim=-1), 1, generator=generator))

    return choose
