"""A toolbox as Python source that a model reads: valid, typed, and safe against hostile names and docstrings."""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from codeact.errors import ArgumentError, Refused, ToolError
from codeact.tools import annotations as kinds
from codeact.tools.describe import note
from codeact.tools.render import Renderer, docstring, literal
from codeact.tools.tool import Tool

# Names that the rendered source itself needs; no tool or type may take them.
RESERVED = frozenset(
    {"Any", "Enum", "Image", "IntEnum", "Literal", "NoReturn", "StrEnum", "dataclass", "field", "np", "staticmethod"}
)
Reword = Callable[[str], str]

_BASES = (ToolError, ArgumentError, Refused)
_IMAGE = [
    "class Image:",
    '    """A picture. `array` has shape (height, width, channels) and type uint8."""',
    "    width: int",
    "    height: int",
    "    array: np.ndarray",
]


def render_stubs(
    tools: Mapping[str, Tool],
    types: Mapping[str, type],
    errors: Mapping[str, type[Exception]],
    docs: Mapping[str, str],
    *,
    brief: Collection[str] = (),
    brief_errors: bool = False,
    reword: Reword = str,
) -> str:
    """Imports, types, errors, functions and groups, in this order, a blank line between them.

    The tools that `brief` names have the first line of their docstrings alone; with `brief_errors`, the errors none.
    `reword` is done to the docstrings of types and errors.
    """
    renderer = Renderer()
    blocks = [_type_lines(declared, renderer, reword) for declared in types.values()]
    blocks += _error_blocks(errors, brief_errors, reword)
    functions = [tool.stub_lines(renderer, brief=name in brief) for name, tool in tools.items() if "." not in name]
    groups = [_group_lines(group, members, docs, renderer, brief) for group, members in _grouped(tools).items()]
    if renderer.image:
        blocks.insert(0, _IMAGE)
    imports = _import_lines(renderer)
    if imports:
        blocks.insert(0, imports)
    return "\n\n".join("\n".join(block) for block in (*blocks, *functions, *groups)) + "\n"


def type_stub(declared: type, reword: Reword = str) -> str:
    """One dataclass or enum as the stubs show it."""
    return "\n".join(_type_lines(declared, Renderer(), reword))


def _import_lines(renderer: Renderer) -> list[str]:
    froms = (("dataclasses", renderer.dataclasses), ("enum", renderer.enum), ("typing", renderer.typing))
    lines = [f"from {module} import {', '.join(sorted(names))}" for module, names in froms if names]
    return [*lines, "import numpy as np"] if renderer.numpy else lines


def _grouped(tools: Mapping[str, Tool], prefix: str = "") -> dict[str, dict[str, Tool]]:
    groups: dict[str, dict[str, Tool]] = {}
    for name, tool in tools.items():
        rest = name.removeprefix(prefix)
        if name.startswith(prefix) and "." in rest:
            groups.setdefault(prefix + rest.split(".")[0], {})[name] = tool
    return groups


def _group_lines(
    group: str, members: Mapping[str, Tool], docs: Mapping[str, str], renderer: Renderer, brief: Collection[str]
) -> list[str]:
    indent = "    "
    lines = [f"class {group.rpartition('.')[2]}:"]
    if docs.get(group):
        lines += docstring(docs[group], indent)
    for name, tool in members.items():
        if "." not in name.removeprefix(f"{group}."):
            lines += ["", f"{indent}@staticmethod", *tool.stub_lines(renderer, indent, brief=name in brief)]
    for inner, inner_members in _grouped(members, f"{group}.").items():
        nested = _group_lines(inner, inner_members, docs, renderer, brief)
        lines += ["", *(indent + line if line else "" for line in nested)]
    if lines[1:2] == [""]:
        del lines[1]
    return lines


def _type_lines(declared: type, renderer: Renderer, reword: Reword) -> list[str]:
    own = reword(inspect.cleandoc(declared.__doc__ or ""))
    if issubclass(declared, enum.Enum):
        base = next(kind for kind in (enum.StrEnum, enum.IntEnum, enum.Enum) if issubclass(declared, kind))
        renderer.enum.add(base.__name__)
        doc = docstring(own, "    ") if own and own != enum.Enum.__doc__ and own != "An enumeration." else []
        members = [f"    {member.name} = {literal(member.value)}" for member in declared]
        return [f"class {declared.__name__}({base.__name__}):", *doc, *(members or ["    ..."])]
    return _dataclass_lines(declared, own, renderer)


def _dataclass_lines(declared: Any, own: str, renderer: Renderer) -> list[str]:
    renderer.dataclasses.add("dataclass")
    types = kinds.field_types(declared)
    fields = [field for field in dataclasses.fields(declared) if field.init]
    notes = [line for field in fields if (line := note(field.name, types[field.name]))]
    if own.startswith(f"{declared.__name__}("):  # made by @dataclass: says nothing that the fields do not
        own = ""
    text = "\n\n".join(part for part in (own, "\n".join(notes)) if part)
    frozen = "(frozen=True)" if declared.__dataclass_params__.frozen else ""
    lines = [f"@dataclass{frozen}", f"class {declared.__name__}:", *(docstring(text, "    ") if text else [])]
    lines += [f"    {renderer.field(field, types[field.name])}" for field in fields]
    return lines if fields or text else [*lines, "    ..."]


def _error_blocks(errors: Mapping[str, type[Exception]], brief: bool, reword: Reword) -> list[list[str]]:
    """The errors of these tools, with the bases that they derive from; nothing if they have none of their own."""
    own = [error for error in errors.values() if error not in _BASES]
    if not own:
        return []
    ordered: list[type[Exception]] = []
    for error in own:
        for base in reversed(error.__mro__):
            if (base in errors.values() or base in _BASES) and base not in ordered:
                ordered.append(base)
    blocks = []
    for error in ordered:
        bases = [base.__name__ for base in error.__mro__[1:] if base in ordered][:1]
        bases = bases or [next(base.__name__ for base in error.__mro__[1:] if base.__module__ == "builtins")]
        line = f"class {error.__name__}({bases[0]}):"
        text = "" if brief else reword(inspect.cleandoc(error.__doc__ or "").split("\n\n")[0])
        blocks.append([line, *docstring(text, "    ")] if text else [f"{line} ..."])
    return [[line for block in blocks for line in block]] if brief else blocks
