"""Gymnasium's plug-ins: packages that register environments through the entry-point group `gymnasium.envs`.

Gymnasium loaded them by itself until 1.0, which dropped it. `import codeact` brings it back: the plug-ins are loaded
when Gymnasium is imported, or at once if it is imported already, with the name of their entry point as namespace.
Gymnasium itself is not imported for it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_MODULE = "gymnasium"


@functools.cache
def load_plugins() -> None:
    """Call each entry point of the group `gymnasium.envs`, once a process. One that fails is a warning."""
    from importlib.metadata import entry_points

    import gymnasium
    from gymnasium.envs.registration import namespace

    for plugin in entry_points(group="gymnasium.envs"):
        try:
            register = plugin.load()
            with namespace(plugin.name):
                register()
        except Exception as error:
            gymnasium.logger.warn(f"the plug-in {plugin.value} was not loaded: {type(error).__name__}: {error}")


def with_gymnasium(call: Callable[[], object]) -> None:
    """Call `call` now if Gymnasium is imported, else right after it is."""
    if hasattr(sys.modules.get(_MODULE), "register"):
        call()
        return
    for finder in sys.meta_path:
        if isinstance(finder, _Watch):
            finder.calls.append(call)
            return
    sys.meta_path.insert(0, _Watch([call]))


class _Watch:
    """A finder on `sys.meta_path` that finds nothing itself, but follows the import of Gymnasium with some calls."""

    def __init__(self, calls: list[Callable[[], object]]) -> None:
        self.calls = calls

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        try:
            spec = find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        loader: Any = spec.loader if spec is not None else None
        if loader is None:
            return None
        execute = loader.exec_module

        def execute_and_call(module: Any) -> None:
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            for call in self.calls:
                call()

        loader.exec_module = execute_and_call
        return spec
