"""`codeact train`, with a tiny random model that is real in every other respect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codeact.models import Message
from codeact.models.chat_prompt import ChatPrompt
from codeact.training import TrainingError, TrainingOptions, read_conversations
from codeact.training.packing import plan_batches
from codeact.training.tokens import Encoder

pytest.importorskip("trl", reason="training needs the extra `train`")

SYSTEM = {"role": "system", "content": "be brief"}
WRONG = {"role": "assistant", "content": "<execute>\npick('a')\n</execute>"}
RIGHT = {"role": "assistant", "content": "<execute>\npick('b')\n</execute>", "learn": True}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def write(path: Path, *conversations: list[dict[str, Any]]) -> Path:
    lines = [json.dumps({"messages": each, "task": "T", "seed": seed}) for seed, each in enumerate(conversations)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    talks = [[SYSTEM, user(f"take {n} <|im_end|>"), WRONG, user("no a"), RIGHT] for n in range(8)]
    return write(tmp_path / "data.jsonl", *talks)


@pytest.fixture(scope="module")
def tokenizer(tiny_folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_folder)


def test_what_is_learnt_is_what_inference_reads_and_writes(tokenizer: Any, data: Path) -> None:
    conversation = read_conversations([data])[0]
    example = Encoder(tokenizer).encode(conversation)
    messages = [Message(turn.role, turn.content) for turn in conversation.turns]
    [(begin, end)] = example.learnt
    assert example.tokens[:begin] == ChatPrompt(tokenizer).encode(messages[:-1])
    assert tokenizer.decode(example.tokens[begin:end]) == RIGHT["content"] + "<|im_end|>"
    assert example.tokens[end - 1] == tokenizer.eos_token_id
    assert end == len(example.tokens)


def test_every_reply_marked_is_learnt_and_no_other(tokenizer: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "d.jsonl", [user("a"), RIGHT, user("b"), WRONG, user("c"), RIGHT])
    example = Encoder(tokenizer).encode(read_conversations([file])[0])
    learnt = [tokenizer.decode(example.tokens[begin:end]) for begin, end in example.learnt]
    assert learnt == [RIGHT["content"] + "<|im_end|>"] * 2


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([user("a"), WRONG], "nothing to learn"),
        ([user("a")], "take turns"),
        ([user("a"), user("b"), RIGHT], "take turns"),
        ([{**user("a"), "learn": True}, RIGHT], "only messages of the assistant"),
        ([{"role": "tool", "content": "a"}], "a role is one of"),
        ([{"role": "user", "content": 3}], "content is a text"),
    ],
)
def test_data_that_cannot_be_learnt_is_refused(tmp_path: Path, messages: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(TrainingError, match=f"d.jsonl, line 1: .*{says}"):
        read_conversations([write(tmp_path / "d.jsonl", messages)])


@pytest.mark.parametrize("seed", [1_000, 19_999])
def test_scenes_that_are_kept_for_evaluation_are_not_learnt(tmp_path: Path, seed: int) -> None:
    line = json.dumps({"messages": [user("take"), RIGHT], "task": "T", "seed": seed})
    (tmp_path / "data.jsonl").write_text(line)
    with pytest.raises(TrainingError, match=rf"data.jsonl, line 1: seed {seed} is a .* seed"):
        read_conversations([tmp_path / "data.jsonl"])


def test_a_plan_holds_each_conversation_once_an_epoch() -> None:
    lengths = [100 + 13 * (place % 17) for place in range(500)]
    plan = plan_batches([*lengths, 5000], batch_tokens=1000, max_length=1000, epochs=2, seed=3)
    assert plan.left_out == (500,)
    first, second = plan.batches[: plan.epoch_ends[0]], plan.batches[plan.epoch_ends[0] :]
    for epoch in (first, second):
        assert sorted(place for batch in epoch for place in batch) == list(range(500))
        assert max(sum(lengths[place] for place in batch) for batch in epoch) <= 1000
    assert first != second
    assert len(first) <= 1.05 * sum(lengths) / 1000 + 1
    assert plan == plan_batches([*lengths, 5000], batch_tokens=1000, max_length=1000, epochs=2, seed=3)


@pytest.mark.parametrize("shared", [False, True])
def test_a_conversation_in_a_packed_row_is_computed_as_if_it_were_alone(
    tiny_folder: Path, data: Path, shared: bool
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from codeact.training.base import Machine, load_network
    from codeact.training.batches import Batches, openings
    from codeact.training.trainer import summed_loss

    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    examples = [Encoder(tokenizer).encode(each) for each in read_conversations([data])[:3]]
    plan = plan_batches(
        [len(example.tokens) for example in examples],
        batch_tokens=600,
        max_length=512,
        epochs=1,
        seed=0,
        openings=openings(examples) if shared else None,
    )
    batch = Batches(examples, plan, 600, 0).collate([{"batch": 0}])
    assert len(plan.batches) == 1
    assert ("key_places" in batch) == shared
    alone = AutoModelForCausalLM.from_pretrained(tiny_folder)
    expected = 0.0
    for example in examples:
        [(begin, end)] = example.learnt
        logits = alone(torch.tensor([example.tokens])).logits[0, begin - 1 : end - 1]
        expected += float(
            torch.nn.functional.cross_entropy(logits, torch.tensor(example.tokens[begin:end]), reduction="sum")
        )
    network = load_network(str(tiny_folder), Machine("cpu", False), "full")
    assert float(summed_loss(network, batch)) == pytest.approx(expected, rel=1e-5)


def test_an_adapter_is_trained_and_used_at_once(tiny_folder: Path, data: Path, tmp_path: Path) -> None:
    from codeact.models import GenerationOptions, load_model
    from codeact.training.record import read_metrics, read_summary
    from codeact.training.supervised import train

    out = train(
        TrainingOptions(
            data=(data,),
            out=tmp_path / "out",
            base=str(tiny_folder),
            epochs=60,
            learning_rate=1e-2,
            rank=8,
            batch_tokens=512,
            held_out=0.1,
            log_steps=5,
            checkpoint_steps=50,
            threads=1,
        )
    )
    losses = [line["loss"] for line in read_metrics(out / "metrics.jsonl") if "loss" in line]
    assert losses[-1] < 0.1 * losses[0]
    assert "<polyline" in (out / "loss.svg").read_text()
    summary = read_summary(out)
    assert summary["state"] == "finished"
    assert summary["settings"]["data_sha256"]
    model = load_model(f"hf:{tiny_folder}?adapter={out}&dtype=float32&device=cpu")
    conversation = read_conversations([data])[0]
    messages = [Message(turn.role, turn.content) for turn in conversation.turns[:-1]]
    said = model.generate(messages, GenerationOptions(max_tokens=60, stop=("</execute>",)))
    assert said.text == "<execute>\npick('b')\n"
    assert said.finish_reason == "stop"


def test_an_adapter_is_shipped_in_half_the_bytes(tiny_folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    from codeact.training.export import export

    run = tmp_path / "run"
    run.mkdir()
    save_file({"a.lora_A.weight": torch.rand(4, 8)}, run / "adapter_model.safetensors")
    (run / "adapter_config.json").write_text('{"r": 4}')
    (run / "training.json").write_text('{"state": "finished"}')
    export(run, tmp_path / "small")
    small = load_file(tmp_path / "small" / "adapter_model.safetensors")
    assert small["a.lora_A.weight"].dtype == torch.float16
    assert json.loads((tmp_path / "small" / "adapter_config.json").read_text()) == {"r": 4}
    save_file({"a.lora_A.weight": torch.full((1, 1), 1e9)}, run / "adapter_model.safetensors")
    with pytest.raises(TrainingError, match="does not fit float16"):
        export(run, tmp_path / "small")
    with pytest.raises(TrainingError, match="holds no adapter_model"):
        export(tmp_path, tmp_path / "small")


def test_an_adapter_is_the_mean_of_a_run_and_what_it_went_on_with(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    from codeact.training.export import export

    for name, value in (("run", 4.0), ("start", 0.0), ("wide", 0.0)):
        (tmp_path / name).mkdir()
        save_file(
            {"a.lora_A.weight": torch.full((2, 9 if name == "wide" else 8), value)},
            tmp_path / name / "adapter_model.safetensors",
        )
        (tmp_path / name / "adapter_config.json").write_text('{"r": 2}')
        (tmp_path / name / "training.json").write_text('{"state": "finished"}')
    export(tmp_path / "run", tmp_path / "mean", average=(tmp_path / "start", 0.25))
    mean = load_file(tmp_path / "mean" / "adapter_model.safetensors")
    assert mean["a.lora_A.weight"].tolist() == [[1.0] * 8] * 2
    card = json.loads((tmp_path / "mean" / "training.json").read_text())
    assert card["averaged"] == {"with": str(tmp_path / "start"), "share_of_this_run": 0.25}
    with pytest.raises(TrainingError, match="of other shapes"):
        export(tmp_path / "run", tmp_path / "mean", average=(tmp_path / "wide", 0.5))
    with pytest.raises(TrainingError, match="nowhere holds no adapter_model"):
        export(tmp_path / "run", tmp_path / "mean", average=(tmp_path / "nowhere", 0.5))


def test_an_adapter_is_cut_to_its_largest_directions_and_to_integers(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    from codeact.models.lora import whole_numbers_scaled
    from codeact.training.export import export

    run = tmp_path / "run"
    run.mkdir()
    torch.manual_seed(0)
    sizes = torch.tensor([8.0, 4.0, 0.01, 0.01])
    factors = {"a.lora_A.weight": sizes[:, None] * torch.rand(4, 24), "a.lora_B.weight": torch.rand(16, 4)}
    save_file(factors, run / "adapter_model.safetensors")
    (run / "adapter_config.json").write_text('{"r": 4, "lora_alpha": 8}')
    (run / "training.json").write_text('{"state": "finished"}')
    export(run, tmp_path / "small", rank=2, bits=8)
    assert json.loads((tmp_path / "small" / "adapter_config.json").read_text()) == {"r": 2, "lora_alpha": 4.0}
    stored = load_file(tmp_path / "small" / "adapter_model.safetensors")
    assert stored["a.lora_A.weight"].dtype == torch.int8
    small = whole_numbers_scaled(stored)
    assert small["a.lora_B.weight"].shape == (16, 2)
    before = factors["a.lora_B.weight"] @ factors["a.lora_A.weight"]
    after = small["a.lora_B.weight"] @ small["a.lora_A.weight"]
    assert float((before - after).norm() / before.norm()) < 0.02


def test_training_goes_on_with_an_adapter_in_whole_numbers(tiny_folder: Path, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model

    from codeact.training.base import Machine, continued, load_network
    from codeact.training.export import export

    given = torch.arange(5, 25)[None]
    torch.manual_seed(0)
    settings = LoraConfig(
        r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False
    )
    network = get_peft_model(load_network(str(tiny_folder), Machine("cpu", False), "lora", packed=False), settings)
    network.save_pretrained(str(tmp_path / "run"))
    (tmp_path / "run" / "training.json").write_text('{"state": "finished"}')
    export(tmp_path / "run", tmp_path / "small", bits=8)
    goes_on = continued(load_network(str(tiny_folder), Machine("cpu", False), "lora", packed=False), tmp_path / "small")
    with torch.no_grad():
        before, after = network(given).logits, goes_on(given).logits
        bare = load_network(str(tiny_folder), Machine("cpu", False), "lora", packed=False)(given).logits
    assert float((before - after).norm() / (before - bare).norm()) < 0.05
    assert {weight.dtype for weight in goes_on.parameters() if weight.requires_grad} == {torch.float32}


def test_the_short_command_line_takes_the_options_of_the_long_one(tmp_path: Path) -> None:
    import inspect

    from codeact.training.__main__ import parsed
    from codeact.training.command import train
    from codeact.training.options import NAMES

    long = {NAMES.get(name, name) for name in inspect.signature(train).parameters}
    arguments = ["a.jsonl", "--out", "o", "--method", "full", "--epochs", "0.5", "--resume", "--gradient-checkpointing"]
    options = parsed(arguments)
    assert options == TrainingOptions(
        data=(Path("a.jsonl"),), out=Path("o"), method="full", epochs=0.5, resume=True, checkpointing=True
    )
    assert long == {NAMES.get(name, name) for name in vars(options)}
    with pytest.raises(TrainingError, match="epochs is 0"):
        parsed(["a.jsonl", "--out", "o", "--epochs", "0"])
