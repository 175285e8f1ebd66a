"""What can go wrong in a training run, in words for whoever started it."""

from __future__ import annotations

from codeact.errors import CodeActError


class TrainingError(CodeActError):
    """Data, settings or a folder of a training run are wrong, or a library for it is missing."""
