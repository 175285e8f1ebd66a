"""Environments that installed packages offer, in Gymnasium's registry."""

from __future__ import annotations

from codeact.gymnasium_plugins import load_plugins


def load_environments() -> None:
    """Let every installed package register its environments, once a process."""
    import gymnasium  # noqa: F401  (imported before the registry is looked at)

    load_plugins()
