"""What can go wrong with an evaluation as a whole. What goes wrong in one episode is in that episode's line."""

from __future__ import annotations

from codeact.errors import CodeActError


class EvaluationError(CodeActError):
    """An evaluation cannot run: unknown tasks, seeds that cannot be read, results of other settings in the folder."""


class SelectionError(EvaluationError):
    """What was asked for does not exist or cannot be read: an unknown task, seeds that are no numbers."""
