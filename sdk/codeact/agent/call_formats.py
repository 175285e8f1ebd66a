"""The formats `json` and `text`: one call a reply, which becomes a program that makes it and prints the result."""

from __future__ import annotations

import ast
import json
import keyword
import re
from collections.abc import Iterator
from typing import Any

from codeact.agent.formats import Broken, Program, Prose, Reply, find_answer, without_thoughts

_ACTION = re.compile(r"^[ \t]*Action:[ \t]*(?P<call>.*)$", re.MULTILINE | re.IGNORECASE)
_OBJECT = re.compile(r"\{\s*(?:[\"']|\Z)")  # meant as JSON, unlike other words in braces
_NAMED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.*)\Z", re.DOTALL)
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


class JsonFormat:
    """`{"tool": "name", "args": {...}}`, anywhere in the reply. `args` may also be a list: arguments by position."""

    name = "json"
    stop: tuple[str, ...] = ()
    how = 'Write one call as JSON: {"tool": "name", "args": {"argument": value}}.'

    def parse(self, text: str, *, cut: bool = False) -> Reply:
        visible = without_thoughts(text)
        answer = find_answer(visible)
        begin = visible.find("{")
        if answer is not None and not 0 <= begin < answer.start:
            return answer.answer
        while begin >= 0:
            end = begin + 1
            try:
                value, end = _DECODER.raw_decode(visible, begin)
            except (ValueError, RecursionError) as error:
                if _OBJECT.match(visible, begin):
                    return Broken(f"The JSON cannot be read: {error}.", cut=cut)
            else:
                if "tool" in value:
                    return _json_call(value, visible[:end], visible[end:])
            begin = visible.find("{", end)
        return Prose(visible.strip())

    def is_complete(self, text: str) -> bool:
        return "}" in text and isinstance(self.parse(text, cut=True), Program)


class TextFormat:
    """`Action: name, argument, argument`, on a line of its own.

    An argument is a Python literal (`0.5`, `True`, `[1, 2]`, `"a, b"`) or else plain text; `name=value` names it.
    Commas inside quotes and brackets do not separate.
    """

    name = "text"
    stop: tuple[str, ...] = ()
    how = "Write one call on a line: Action: name, argument, argument."

    def parse(self, text: str, *, cut: bool = False) -> Reply:
        visible = without_thoughts(text)
        answer = find_answer(visible)
        found = _ACTION.search(visible)
        if answer is not None and not (found and found.start() < answer.start):
            return answer.answer
        if found is None:
            return Prose(visible.strip())
        if cut and found.end() == len(visible):
            return Broken("The call was not complete.", cut=True)
        try:
            tool, *parts = [part.strip() for part in _split(found.group("call"))]
        except ValueError as error:
            return Broken(f"The call cannot be read: {error}.")
        positional, named = [], {}
        for part in parts:
            if match := _NAMED.match(part):
                named[match.group("name")] = _value(match.group("value"))
            elif named:
                return Broken(f"The argument {part!r} has no name and comes after one that has.")
            else:
                positional.append(_value(part))
        return _call(tool, positional, named, visible[: found.end()], visible[found.end() :])

    def is_complete(self, text: str) -> bool:
        return "\n" in text and isinstance(self.parse(text, cut=True), Program)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)  # NaN and Infinity would become unknown names in the program


def _json_call(value: dict[str, Any], kept: str, rest: str) -> Reply:
    if extra := sorted(set(value) - {"tool", "args"}):
        return Broken(f'The call has unknown keys {", ".join(extra)}; it has "tool" and "args" only.')
    args = value.get("args", {})
    if not isinstance(value["tool"], str):
        return Broken('"tool" must be the name of a function.')
    if isinstance(args, list):
        return _call(value["tool"], args, {}, kept, rest)
    if isinstance(args, dict):
        return _call(value["tool"], [], args, kept, rest)
    return Broken(f'"args" must be an object of named arguments, not {type(args).__name__}.')


def _call(tool: str, positional: list[Any], named: dict[str, Any], kept: str, rest: str) -> Reply:
    """The program for one call. Names are checked and values written as literals, so nothing else can get into it."""
    if not all(_is_name(part) for part in tool.split(".")):
        return Broken(f"{tool!r} is not the name of a function.")
    if wrong := [name for name in named if not _is_name(name)]:
        return Broken(f"{wrong[0]!r} is not the name of an argument.")
    try:
        arguments = [*map(_literal, positional), *(f"{name}={_literal(value)}" for name, value in named.items())]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return Broken("The arguments must be finite numbers, text, true, false, null, lists and objects.")
    dropped = bool(rest.strip(" \n`"))
    note = "only the first call of the reply was made, and the rest was dropped" if dropped else ""
    return Program(f"print({tool}({', '.join(arguments)}))", kept, note, dropped)


def _literal(value: Any) -> str:
    """The value as Python source; raises what `ast.literal_eval` raises for infinities and too deep nesting."""
    text = repr(value)
    ast.literal_eval(text)
    return text


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _split(text: str) -> Iterator[str]:
    """Split at commas outside of quotes and brackets."""
    part = quote = open_brackets = ""
    for letter in text:
        if quote:
            if letter == quote and not _odd_backslashes(part):
                quote = ""
        elif letter in "'\"" and (not part.strip() or open_brackets or part.rstrip().endswith("=")):
            quote = letter  # elsewhere it is an apostrophe
        elif letter in _BRACKETS:
            open_brackets += letter
        elif open_brackets and letter == _BRACKETS[open_brackets[-1]]:
            open_brackets = open_brackets[:-1]
        elif letter == "," and not open_brackets:
            yield part
            part = ""
            continue
        part += letter
    if quote:
        raise ValueError(f"a quote {quote} is not closed")
    if open_brackets:
        raise ValueError(f"a bracket {open_brackets[-1]} is not closed")
    yield part


def _odd_backslashes(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _value(text: str) -> Any:
    """A literal, or the text itself."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return {"true": True, "false": False, "null": None}.get(text, text)
    return text if isinstance(value, complex) else value
