"""codeact: agents that act by writing Python against robot controllers and outside tools, inside a real sandbox.

The names below are loaded on first use, so `import codeact` costs almost nothing and needs no optional extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from codeact.gymnasium_plugins import load_plugins, with_gymnasium

if TYPE_CHECKING:
    from codeact.agent import CodeActAgent as CodeActAgent
    from codeact.episode import Episode as Episode
    from codeact.episode import play as play
    from codeact.errors import CodeActError as CodeActError
    from codeact.models import load_model as load_model
    from codeact.sandbox import AsyncSandbox as AsyncSandbox
    from codeact.sandbox import Execution as Execution
    from codeact.sandbox import Limits as Limits
    from codeact.sandbox import Sandbox as Sandbox
    from codeact.sandbox import SandboxPool as SandboxPool
    from codeact.tools import Tool as Tool
    from codeact.tools import Toolbox as Toolbox
    from codeact.tools import tool as tool
    from codeact.values import Image as Image

_HOME = {
    "AsyncSandbox": "codeact.sandbox",
    "CodeActAgent": "codeact.agent",
    "CodeActError": "codeact.errors",
    "Episode": "codeact.episode",
    "Execution": "codeact.sandbox",
    "Image": "codeact.values",
    "Limits": "codeact.sandbox",
    "Sandbox": "codeact.sandbox",
    "SandboxPool": "codeact.sandbox",
    "Tool": "codeact.tools",
    "Toolbox": "codeact.tools",
    "load_model": "codeact.models",
    "play": "codeact.episode",
    "tool": "codeact.tools",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module 'codeact' has no attribute {name!r}; it offers {', '.join(__all__)}") from None
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]


with_gymnasium(load_plugins)
