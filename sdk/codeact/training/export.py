"""A trained adapter as it is shipped: in fewer bytes, with a short record of where it comes from.

    python -m codeact.training.export OUT --out FOLDER                        # float16 instead of float32
    python -m codeact.training.export OUT --out FOLDER --rank 48 --bits 8     # the 48 largest directions, in integers
    python -m codeact.training.export OUT --out FOLDER --average START:0.5    # half way back to where the run began

With `--average ADAPTER:SHARE` the weights are so much of the run's and the rest of the other's, which must be the
adapter that the run went on with: what a run learns and what it forgets both become less (Wortsman et al., Model
soups, ICML 2022). With `--rank` each update is cut to its largest singular values. With `--bits 8` weights are integers
with a factor for each row, which `codeact` reads, and peft does not. `--base MODEL` also says what all this changes:
the largest difference in the logits after a text, beside how far apart the logits lie.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from codeact.errors import CodeActError
from codeact.models.cache import say
from codeact.models.lora import SCALE
from codeact.training.errors import TrainingError
from codeact.training.record import read_summary

WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "training.json"
_A, _B = ".lora_A.weight", ".lora_B.weight"
TEXT = "Stack the red block onto the green one.\n<execute>\nfor attempt in range(2):\n    pick('red block')"


def export(
    run: Path, out: Path, *, rank: int | None = None, bits: int = 16, average: tuple[Path, float] | None = None
) -> int:
    """Write the adapter of a run in fewer bytes; returns how many its weights take.

    Args:
        run: the folder of `codeact train --method lora`.
        rank: keep so many singular values of each update; None: all.
        bits: 16 for float16, 8 for integers with a factor for each row.
        average: the adapter that the run went on with, and the run's share in the mean of both.
        out: folder for `adapter_config.json`, `adapter_model.safetensors` and `training.json`.

    Raises:
        TrainingError: there is no adapter, or a weight is beyond what float16 holds.
    """
    import torch
    from safetensors.torch import load_file, save_file

    if not (run / WEIGHTS).is_file():
        raise TrainingError(f"{run} holds no {WEIGHTS}: name the folder of a finished `codeact train --method lora`")
    config = json.loads((run / CONFIG).read_text(encoding="utf-8"))
    tensors = load_file(run / WEIGHTS)
    if average is not None:
        tensors = _averaged(tensors, *average)
    if rank is not None and rank < config["r"]:
        if config.get("use_rslora"):
            raise TrainingError("a rank-stabilised adapter changes its scale with its rank: leave out --rank")
        tensors = {name: part for pair in _pairs(tensors) for name, part in _cut(tensors, pair, rank).items()}
        config["lora_alpha"] = config["lora_alpha"] * rank / config["r"]  # the scale stays what it was
        config["r"] = rank
    if broken := [name for name, weight in tensors.items() if not bool(torch.isfinite(weight.half()).all())]:
        raise TrainingError(f"{broken[0]} of {run} does not fit float16, or the training diverged")
    rounded: dict[str, Any] = {}
    for name, weight in tensors.items():
        rounded |= _in_integers(name, weight) if bits == 8 else {name: weight.half().contiguous()}
    out.mkdir(parents=True, exist_ok=True)
    save_file(rounded, out / WEIGHTS, metadata={"format": "pt"})
    (out / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    summary = read_summary(run)
    if average is not None:
        summary |= {"averaged": {"with": str(average[0]), "share_of_this_run": average[1]}}
    (out / CARD).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return (out / WEIGHTS).stat().st_size


def _averaged(tensors: dict[str, Any], other: Path, share: float) -> dict[str, Any]:
    from safetensors.torch import load_file

    from codeact.models.lora import whole_numbers_scaled

    if not (other / WEIGHTS).is_file():
        raise TrainingError(f"{other} holds no {WEIGHTS}: name the folder of an adapter")
    others = whole_numbers_scaled(load_file(other / WEIGHTS))
    if {name: weight.shape for name, weight in tensors.items()} != {name: each.shape for name, each in others.items()}:
        raise TrainingError(f"{other} is no adapter that this run can have gone on with: it is of other shapes")
    return {name: share * weight.float() + (1 - share) * others[name].float() for name, weight in tensors.items()}


def _pairs(tensors: dict[str, Any]) -> list[str]:
    return [name.removesuffix(_A) for name in tensors if name.endswith(_A)]


def _cut(tensors: dict[str, Any], pair: str, rank: int) -> dict[str, Any]:
    """The two factors of an update with its largest singular values alone, shared evenly between both."""
    import torch

    left, right = torch.linalg.qr(tensors[pair + _B].float()), torch.linalg.qr(tensors[pair + _A].float().T)
    u, values, v = torch.linalg.svd(left.R @ right.R.T)
    root = values[:rank].sqrt()
    return {pair + _A: root[:, None] * (v[:rank] @ right.Q.T), pair + _B: (left.Q @ u[:, :rank]) * root}


def _in_integers(name: str, weight: Any) -> dict[str, Any]:
    import torch

    factors = (weight.float().abs().amax(dim=1, keepdim=True) / 127).clamp(min=1e-7).half()
    whole = (weight.float() / factors.float()).round().clamp(-127, 127)
    return {name: whole.to(torch.int8).contiguous(), name + SCALE: factors.contiguous()}


def logits_change(base: str, run: Path, out: Path) -> tuple[float, float]:
    """What the rounding changes in the logits after each token of a text.

    Returns:
        The largest difference, and the logits' standard deviation.
    """
    import torch

    from codeact.models.local_weights import load_weights
    from codeact.training.base import base_folder

    def logits(adapter: Path) -> Any:
        network, tokenizer = load_weights(base_folder(base), "cpu", "float32", str(adapter))
        with torch.inference_mode():
            return network(torch.tensor([tokenizer(TEXT).input_ids])).logits

    before, after = logits(run), logits(out)
    return float((before - after).abs().max()), float(before.std())


def _adapter_and_share(text: str) -> tuple[Path, float]:
    """`ADAPTER:SHARE`, with `embedded` for the shipped one.

    Raises:
        ValueError: it is none.
    """
    from codeact.models.embedded import ADAPTER

    name, _, share = text.rpartition(":")
    if not name or not 0 < float(share) < 1:
        raise ValueError(f"{text!r} is no ADAPTER:SHARE with a share between 0 and 1")
    return (ADAPTER if name == "embedded" else Path(name)), float(share)


def main() -> int:
    """Export; the exit status."""
    parser = argparse.ArgumentParser("python -m codeact.training.export", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rank", type=int, help="keep so many singular values of each update")
    parser.add_argument("--bits", type=int, choices=(8, 16), default=16, help="of a weight")
    parser.add_argument("--average", type=_adapter_and_share, metavar="ADAPTER:SHARE", help="of the run in the mean")
    parser.add_argument("--base", help="embedded-base, a folder, or hf:<repository>")
    given = parser.parse_args()
    try:
        size = export(given.run, given.out, rank=given.rank, bits=given.bits, average=given.average)
        say(f"{given.out}: {size / 1e6:.1f} MB")
        if given.base:
            change, spread = logits_change(given.base, given.run, given.out)
            say(f"logits differ by at most {change:.4f}; their standard deviation is {spread:.2f}")
    except CodeActError as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
