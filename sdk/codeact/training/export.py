"""A trained adapter as it is shipped: float16 instead of float32, with a short record of where it comes from.

    python -m codeact.training.export OUT --out FOLDER

`--base MODEL` also says what the rounding changes: the largest difference in the logits after a text, beside how far
apart the logits lie.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from codeact.errors import CodeActError
from codeact.models.cache import say
from codeact.training.errors import TrainingError
from codeact.training.record import read_summary

WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "training.json"
TEXT = "Stack the red block onto the green one.\n<execute>\nfor attempt in range(2):\n    pick('red block')"


def export(run: Path, out: Path) -> int:
    """Write the adapter of a run in float16; the bytes of its weights.

    Args:
        run: the folder of `codeact train --method lora`.
        out: folder for `adapter_config.json`, `adapter_model.safetensors` and `training.json`.

    Raises:
        TrainingError: there is no adapter, or a weight is beyond what float16 holds.
    """
    import torch
    from safetensors.torch import load_file, save_file

    if not (run / WEIGHTS).is_file():
        raise TrainingError(f"{run} holds no {WEIGHTS}: name the folder of a finished `codeact train --method lora`")
    rounded = {name: weight.to(torch.float16).contiguous() for name, weight in load_file(run / WEIGHTS).items()}
    if broken := [name for name, weight in rounded.items() if not bool(torch.isfinite(weight).all())]:
        raise TrainingError(f"{broken[0]} of {run} does not fit float16, or the training diverged")
    config = json.loads((run / CONFIG).read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    save_file(rounded, out / WEIGHTS, metadata={"format": "pt"})
    (out / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    summary = read_summary(run)
    (out / CARD).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return (out / WEIGHTS).stat().st_size


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


def main() -> int:
    """Export; the exit status."""
    parser = argparse.ArgumentParser("python -m codeact.training.export", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", help="embedded-base, a folder, or hf:<repository>")
    given = parser.parse_args()
    try:
        size = export(given.run, given.out)
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
