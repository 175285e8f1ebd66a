"""How fast the embedded model is on this machine: loading, reading a prompt, writing a reply.

python benchmarks/model.py                     # bfloat16 and float32, on all CPUs but one
python benchmarks/model.py --threads 1 --prompt 512 --reply 32
"""

from __future__ import annotations

import argparse
import time

from codeact.models import GenerationOptions, Message, TransformersModel, ensure_embedded_model
from codeact.models.device import choose_device, choose_weight_type

WORDS = "The red cube lies 0.42 m ahead and 0.10 m to the left of the green bowl. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--prompt", type=int, default=1024, help="tokens to read")
    parser.add_argument("--reply", type=int, default=64, help="tokens to write")
    parser.add_argument("--repeat", type=int, default=3, help="the best of this many is printed")
    given = parser.parse_args()

    import torch  # before the clock starts: importing torch and transformers takes some seconds
    import transformers.models.llama  # noqa: F401

    folder = ensure_embedded_model()
    device = choose_device()
    print(f"device {device}, chosen weights {choose_weight_type(device)}, best of {given.repeat}")
    print("weights     threads   load s   read tokens/s   write tokens/s   go on s")
    for dtype in ("bfloat16", "float32"):
        started = time.perf_counter()
        model = TransformersModel(folder, dtype=dtype, threads=given.threads)
        load = time.perf_counter() - started
        text = WORDS * (given.prompt // model.count_tokens(WORDS) + 1)
        question = [Message("user", text)]
        read = write = 0.0
        go_on = float("inf")
        for _ in range(given.repeat):
            first: list[float] = []
            started = time.perf_counter()
            done = model.generate(
                question,
                GenerationOptions(max_tokens=given.reply, temperature=1.0, seed=0),
                lambda piece, first=first: first.append(time.perf_counter()),
            )
            ended = time.perf_counter()
            read = max(read, done.prompt_tokens / (first[0] - started))
            write = max(write, (done.completion_tokens - 1) / (ended - first[0]))
            started = time.perf_counter()
            model.generate(
                [*question, Message("assistant", done.text), Message("user", "Go on.")], GenerationOptions(max_tokens=1)
            )
            go_on = min(go_on, time.perf_counter() - started)
        print(
            f"{dtype:<10} {torch.get_num_threads():>8} {load:>8.2f} {read:>15.0f} {write:>16.1f} {go_on:>9.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
