"""Which kind of training the settings ask for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from codeact.training.errors import TrainingError
from codeact.training.options import TrainingOptions

NEEDED = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")


def run(options: TrainingOptions) -> Path:
    """Train as `options` say; the folder that holds the result.

    Raises:
        TrainingError: a library is missing; the data, the base or the folder is wrong.
        CodeActError: the base cannot be fetched, a task does not exist, or a seed is kept for evaluation.
    """
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise TrainingError(f'training needs {" and ".join(missing)}: pip install "codeact[local,train]"')
    if options.reward:
        from codeact.training.reward import train_by_reward

        return train_by_reward(options)
    from codeact.training.supervised import train

    return train(options)
