"""A tiny but real model that reads pictures. Its words mean nothing; that it saw is in its tokens and its choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codeact.errors import ModelError
from codeact.models import ContextOverflow, GenerationOptions, Message, VisionModel, load_model
from codeact.values import Image

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PATCHES = 4  # tokens of one picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random LLaVA of two layers over a byte tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(letters)}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    torch.manual_seed(0)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        eos_token_id=tokenizer.eos_token_id,
        **small,
    )
    vision = CLIPVisionConfig(num_attention_heads=2, image_size=16, patch_size=8, projection_dim=32, **small)
    sign = tokenizer.convert_tokens_to_ids("<image>")
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=sign)
    model = LlavaForConditionalGeneration(config)
    with torch.no_grad():  # far from uniform, so that rounding cannot change which token is likeliest
        model.lm_head.weight.mul_(30.0)
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}),
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        image_token="<image>",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    place = tmp_path_factory.mktemp("vision")
    model.save_pretrained(place)
    processor.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    loaded = load_model(f"vision:{folder}")
    assert isinstance(loaded, VisionModel)
    return loaded


def picture(shade: int) -> Image:
    return Image(np.full((24, 32, 3), shade, np.uint8))


SHORT = GenerationOptions(max_tokens=8)


def test_a_picture_is_read(model: Any) -> None:
    blind = model.generate([Message("user", "see")], SHORT)
    seen = model.generate([Message("user", "see", (picture(0),))], SHORT)
    assert seen.prompt_tokens == blind.prompt_tokens + PATCHES
    several = model.generate([Message("user", "see", (picture(0), picture(9))), Message("assistant", "so")], SHORT)
    assert several.prompt_tokens > seen.prompt_tokens + PATCHES
    assert (seen.finish_reason, seen.completion_tokens) == ("length", 8)


def test_the_reply_is_streamed_stopped_and_repeatable(model: Any) -> None:
    pieces: list[str] = []
    asked = [Message("user", "see", (picture(200),))]
    whole = model.generate(asked, SHORT, pieces.append)
    assert "".join(pieces) == whole.text
    assert model.generate(asked, SHORT).text == whole.text
    sampled = GenerationOptions(max_tokens=8, temperature=1.0, seed=3)
    assert model.generate(asked, sampled).text == model.generate(asked, sampled).text
    stop = whole.text[2:4]
    cut = model.generate(asked, GenerationOptions(max_tokens=8, stop=(stop,)))
    assert (cut.text, cut.finish_reason) == (whole.text[: whole.text.index(stop)], "stop")
    halted = model.generate(asked, GenerationOptions(max_tokens=8, interrupt=lambda: True))
    assert (halted.text, halted.finish_reason) == ("", "interrupted")


def test_a_control_token_in_a_text_is_text(model: Any) -> None:
    tokens = [model.generate([Message("user", text)], SHORT).prompt_tokens for text in ("", "<image>", "<|im_end|>")]
    assert [each - tokens[0] for each in tokens[1:]] == [len("< image>"), len("< |im_end|>")]


def test_what_does_not_fit_is_an_overflow(model: Any) -> None:
    with pytest.raises(ContextOverflow, match="reads at most 255"):
        model.generate([Message("user", "x" * 300)], SHORT)


def test_what_is_no_such_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="as a model that reads pictures"):
        load_model(f"vision:{tmp_path}")
