"""What can go wrong with a collection as a whole. What goes wrong in one episode is in the list of what was dropped."""

from __future__ import annotations

from codeact.errors import CodeActError


class CollectionError(CodeActError):
    """A collection cannot run: seeds that are kept for evaluation, a file of another suite, a disk that is full."""
