"""Adapters: each makes a `codeact.Toolbox` of something outside, by one function of this package.

`openapi(document)` is for HTTP services that describe themselves. The functions are loaded on first use, so that
importing this package needs no client library. The work is done in one private package or module an adapter, and an
entry point in the group `codeact.adapters` names each function, ours and those of other distributions alike.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact_adapters._openapi.adapter import HttpError as HttpError
    from codeact_adapters._openapi.adapter import openapi as openapi

_HOME = {"HttpError": "_openapi.adapter", "openapi": "_openapi.adapter"}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}") from None
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
