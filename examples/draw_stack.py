"""Draw the picture of the README: the arm after the reference program of CodeAct/Stack2-v0, seed 0.

Run it: `python examples/draw_stack.py stack.png`
"""

from __future__ import annotations

import sys

import gymnasium
from PIL import Image

import codeact_envs  # noqa: F401  (registers the tasks)


def main(path: str) -> None:
    env = gymnasium.make("CodeAct/Stack2-v0", render_mode="rgb_array", width=960, height=540)
    env.reset(seed=0)
    env.step(env.unwrapped.oracle())
    Image.fromarray(env.render()).save(path, optimize=True)
    env.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "stack.png")
