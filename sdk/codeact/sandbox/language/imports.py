"""Which of the modules that the sandbox offers a session gets."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from codeact.errors import SandboxError

_ALWAYS = ("__future__",)


@cache
def offered_modules() -> tuple[str, ...]:
    """The modules that a program may import where nothing else is said: views of the standard library, and numpy."""
    from codeact.sandbox.language import offered
    from codeact.sandbox.language.guards import Guards
    from codeact.sandbox.language.streams import Stream

    made = offered.views(Guards(), Stream(_nowhere), str)
    return tuple(sorted(name for name in made if not name.startswith("_")))


def narrowed(imports: Collection[str]) -> list[str]:
    """All modules that these names bring: a name brings what lies below it, and what it lies in.

    Raises:
        SandboxError: one of them is not offered; it says which, and what is.
    """
    known = offered_modules()
    wanted: set[str] = set(_ALWAYS)
    for name in imports:
        if not isinstance(name, str):
            raise SandboxError(f"imports takes names of modules, such as 'math', not {type(name).__name__}")
        if name not in known:
            raise SandboxError(
                f"imports names {name!r}, which the sandbox does not offer. It offers {', '.join(known)}. A full "
                "library needs a workspace: Sandbox(workspace=folder, imports=[...])"
            )
        parts = name.split(".")
        wanted.update(".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        wanted.update(other for other in known if other.startswith(f"{name}."))
    return sorted(wanted)


def _nowhere(text: str) -> None:
    return None
