"""The tables of `docs/sandbox-language.md`, made from the code. `python tests/language/document.py` writes them."""

from __future__ import annotations

import re
from pathlib import Path

from refused import REFUSED

DOCUMENT = Path(__file__).parents[2] / "docs" / "sandbox-language.md"


def modules() -> str:
    """What may be imported: a table of modules and their names."""
    from codeact.sandbox.language.program import Interpreter

    lines = ["| module | names |", "|---|---|"]
    for name, view in sorted(Interpreter(True)._modules.items()):
        if not name.startswith("_"):
            lines.append(f"| `{name}` | {' '.join(f'`{each}`' for each in dir(view) if each[0] != '_')} |")
    return "\n".join(lines)


def builtin_names() -> str:
    """The built-in functions and exceptions that a program may name."""
    from codeact.sandbox.language.hints import UNAVAILABLE
    from codeact.sandbox.language.program import Interpreter

    names = {name for name in Interpreter(True)._builtins if not name.startswith("_")} - set(UNAVAILABLE)
    return " ".join(f"`{name}`" for name in sorted(names, key=str.lower))


def special_methods() -> str:
    """The special methods that a class may define."""
    from codeact.sandbox.language.names import CAREFUL, METHODS

    return " ".join(f"`{name}`" for name in sorted(METHODS | CAREFUL))


def refusals() -> str:
    """What natural programs say and the sandbox refuses on purpose."""
    lines = ["| what | why | what its message says to use instead |", "|---|---|---|"]
    lines += [f"| {each.what} | {each.reason} | {each.instead} |" for each in REFUSED.values()]
    return "\n".join(lines)


def instead() -> str:
    """Modules and names that are not offered, and what to use."""
    from codeact.sandbox.language.hints import MODULES, NAMES

    lines = ["| not offered | what to use instead |", "|---|---|"]
    lines += [f"| `{name}` | {hint} |" for name, hint in sorted(MODULES.items())]
    lines += [f"| `{module}.{name}` | {hint} |" for (module, name), hint in sorted(NAMES.items())]
    return "\n".join(lines)


SECTIONS = {
    "modules": modules,
    "built-in names": builtin_names,
    "special methods": special_methods,
    "refusals": refusals,
    "instead": instead,
}


def written(text: str) -> str:
    """The document with its tables made anew."""
    for name, make in SECTIONS.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(\n<!-- end of {name} -->)", re.DOTALL)
        text, found = pattern.subn(lambda match, make=make: match[1] + make() + match[2], text)
        assert found == 1, f"{DOCUMENT.name} has no place for {name}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
