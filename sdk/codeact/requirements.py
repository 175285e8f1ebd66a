"""What codeact needs, as its own distribution says it."""

from __future__ import annotations

import re
from importlib import metadata

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def requirements() -> dict[str, list[str]]:
    """Extra to names of packages, the required ones under the empty name. Extras that only join others are empty."""
    needs: dict[str, list[str]] = {}
    for requirement in metadata.requires("codeact") or []:
        name, extra = _NAME.match(requirement), _EXTRA.search(requirement)
        names = needs.setdefault(extra[1] if extra else "", [])
        if name is not None and name[0] != "codeact":
            names.append(name[0])
    return needs
