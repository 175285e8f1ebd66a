"""Python source for annotations, default values and docstrings. Nothing that is rendered can leave its place."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import math
import unicodedata
from typing import Any, Literal, get_args, get_origin

from codeact.tools import annotations as kinds

_LONGEST_DEFAULT = 80


class Renderer:
    """Renders, and remembers which imports the rendered source needs."""

    def __init__(self) -> None:
        self.typing: set[str] = set()
        self.dataclasses: set[str] = set()
        self.enum: set[str] = set()
        self.numpy = False
        self.image = False

    def annotation(self, annotation: Any) -> str:
        """An annotation as a reader writes it: `list[str]`, `float | None`."""
        annotation = kinds.bare(annotation)
        origin, arguments = get_origin(annotation), get_args(annotation)
        if kinds.is_anything(annotation):
            self.typing.add("Any")
            return "Any"
        if annotation in (None, type(None)):
            return "None"
        scalar = kinds.plain_scalar(annotation)
        if scalar is not None:
            return scalar.__name__
        if kinds.is_array(annotation):
            self.numpy = True
            return "np.ndarray"
        if kinds.is_image(annotation):
            self.image = self.numpy = True
            return "Image"
        if kinds.is_union(annotation):
            return " | ".join(dict.fromkeys(self.annotation(option) for option in kinds.options(annotation)))
        if origin is Literal:
            self.typing.add("Literal")
            return f"Literal[{', '.join(literal(value) for value in arguments)}]"
        collection = (kinds.COLLECTIONS | kinds.PARAMETERS_ONLY).get(origin or annotation)
        if collection is not None:
            inner = ["..." if argument is Ellipsis else self.annotation(argument) for argument in arguments]
            if not arguments and origin is tuple:
                inner = ["()"]
            return f"{collection.__name__}[{', '.join(inner)}]" if inner else collection.__name__
        name = getattr(annotation, "__name__", "")
        if name in ("NoReturn", "Never"):
            self.typing.add("NoReturn")
            return "NoReturn"
        return str(name)

    def signature(self, signature: inspect.Signature) -> str:
        """`(x: float, *, speed: float = 0.1) -> bool`"""
        parts: list[str] = []
        previous: Any = None
        starred = False
        for parameter in signature.parameters.values():
            if previous is inspect.Parameter.POSITIONAL_ONLY and parameter.kind is not previous:
                parts.append("/")
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
                parts.append("*")
                starred = True
            starred = starred or parameter.kind is inspect.Parameter.VAR_POSITIONAL
            parts.append(self._parameter(parameter))
            previous = parameter.kind
        if previous is inspect.Parameter.POSITIONAL_ONLY:
            parts.append("/")
        returns = signature.return_annotation
        arrow = "" if returns is inspect.Signature.empty else f" -> {self.annotation(returns)}"
        return f"({', '.join(parts)}){arrow}"

    def _parameter(self, parameter: inspect.Parameter) -> str:
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(parameter.kind.name, "")
        text = f"{stars}{parameter.name}"
        annotated = parameter.annotation is not inspect.Parameter.empty
        if annotated:
            text += f": {self.annotation(parameter.annotation)}"
        if parameter.default is not inspect.Parameter.empty:
            text += f"{' = ' if annotated else '='}{default(parameter.default)}"
        return text

    def field(self, field: dataclasses.Field[Any], annotation: Any) -> str:
        text = f"{field.name}: {self.annotation(annotation)}"
        options: list[str] = []
        if field.default_factory is not dataclasses.MISSING:
            factory: Any = field.default_factory
            options.append(f"default_factory={factory.__name__ if factory in (list, dict, set) else _lambda(factory)}")
        elif field.default is not dataclasses.MISSING:
            if not field.kw_only:
                return f"{text} = {default(field.default)}"
            options.append(f"default={default(field.default)}")
        if field.kw_only:
            options.append("kw_only=True")
        if options:
            self.dataclasses.add("field")
            return f"{text} = field({', '.join(options)})"
        return text


def _lambda(factory: Any) -> str:
    source = default(factory())
    return "list" if source == "..." else f"lambda: {source}"


def default(value: Any) -> str:
    """A default value as source; `...` for what is long or has no short source."""
    text = literal(value)
    return text if len(text) <= _LONGEST_DEFAULT else "..."


def literal(value: Any) -> str:
    """A value that can cross as source that makes it again; `...` where there is none."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if value is None or type(value) in (bool, int, str, bytes):
        return repr(value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if type(value) in (list, tuple, set, frozenset):
        items = [literal(item) for item in value]
        if type(value) in (set, frozenset):
            items.sort()  # prompts and traces must not depend on how this process hashes
        inner = ", ".join(items)
        if type(value) is list:
            return f"[{inner}]"
        if type(value) is tuple:
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        return (
            f"{{{inner}}}"
            if value and type(value) is set
            else f"{type(value).__name__}({f'[{inner}]' if inner else ''})"
        )
    if type(value) is dict:
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (
            f"{field.name}={literal(getattr(value, field.name))}" for field in dataclasses.fields(value) if field.init
        )
        return f"{type(value).__name__}({', '.join(fields)})"
    return "..."


def docstring(text: str, indent: str) -> list[str]:
    """The lines of a docstring's source. Quotes, backslashes and control characters in the text stay text."""
    lines = [line.rstrip() for line in inspect.cleandoc(printable(text)).strip().split("\n")]
    if len(lines) == 1:
        return [f'{indent}"""{_escaped(lines[0], last=True)}"""']
    lines = [_escaped(line) for line in lines]
    return [f'{indent}"""{lines[0]}', *(f"{indent}{line}" if line else "" for line in lines[1:]), f'{indent}"""']


def _escaped(line: str, last: bool = False) -> str:
    """The line as it stands between triple quotes; if it is the last one, the closing quotes follow at once."""
    line = line.replace("\\", "\\\\")
    ending = '\\"' if last and line.endswith('"') else ""
    return (line[:-1] if ending else line).replace('"""', '\\"\\"\\"') + ending


def printable(text: str) -> str:
    """The text without control, formatting (such as right-to-left overrides) and unpaired surrogate characters."""
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    kept = (c if c == "\n" else " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return "".join(c for c in kept if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn") or c == "\n")
