"""The formats `json` and `text`: one call a reply, which becomes a program that makes it and prints the result."""

from __future__ import annotations

import ast
import json
import keyword
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from codeact.agent.call_checks import objection, takes_text
from codeact.agent.formats import Broken, Program, Prose, Reply, find_answer, visible

if TYPE_CHECKING:
    from codeact.tools import Toolbox

_ACTION = re.compile(r"^[ \t]*(?:Action:|\*\*Action:?\*\*:?)[ \t]*(?P<call>.*)$", re.MULTILINE | re.IGNORECASE)
_OBJECT = re.compile(r"\{\s*(?:[\"']|\Z)")  # meant as JSON, unlike other words in braces
_NAMED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=(?!=)\s*(?P<value>.*)\Z", re.DOTALL)
_AS_PYTHON = re.compile(r"\s*(?P<tool>[A-Za-z_][\w.]*)\((?P<arguments>.*)\)\s*\Z")
_CLOSING = re.compile(r"(?:[\s`\]]|</\w+>)*")  # what closes marks that the call stands in
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


class JsonFormat:
    """`{"tool": "name", "args": {...}}`, anywhere in the reply. `args` may also be a list: arguments by position.

    A call by the keys `name` and `arguments` or `parameters`, on which many models were trained, is read as well.

    With `tools`, names and arguments are held against their signatures before anything is run.
    """

    name = "json"
    stop: tuple[str, ...] = ()
    how = 'Write one call as JSON: {"tool": "name", "args": {"argument": value}}.'

    def __init__(self, tools: Toolbox | None = None, others: Collection[str] = ()) -> None:
        self._tools, self._others = tools, others

    def parse(self, text: str, *, cut: bool = False) -> Reply:
        said = visible(text)
        answer = find_answer(said)
        begin = said.find("{")
        if answer is not None and not 0 <= begin < answer.start:
            return answer.answer
        while begin >= 0:
            end = begin + 1
            try:
                value, end = _DECODER.raw_decode(said, begin)
            except (ValueError, RecursionError) as error:
                if _OBJECT.match(said, begin):
                    return Broken(f"The JSON cannot be read: {error}.", cut=cut)
            else:
                value = _as_ours(value)
                if "tool" in value:
                    return _json_call(self._tools, self._others, value, said[:end], said[end:])
            begin = said.find("{", end)
        return Prose(said.strip())

    def is_complete(self, text: str) -> bool:
        return "}" in text and isinstance(self.parse(text, cut=True), Program)


class TextFormat:
    """`Action: name, argument, argument`, on a line of its own.

    An argument is a Python literal (`0.5`, `True`, `[1, 2]`, `"a, b"`) or else plain text; `name=value` names it.
    Commas inside quotes and brackets do not separate. `Action: name(argument, argument)` is read as well.

    With `tools`, an argument that takes text alone is text whatever it looks like, and calls are held against the
    signatures before anything is run.
    """

    name = "text"
    stop: tuple[str, ...] = ()
    how = "Write one call on a line: Action: name, argument, argument. Put quotes around text that holds a comma."

    def __init__(self, tools: Toolbox | None = None, others: Collection[str] = ()) -> None:
        self._tools, self._others = tools, others

    def parse(self, text: str, *, cut: bool = False) -> Reply:
        said = visible(text)
        answer = find_answer(said)
        found = _ACTION.search(said)
        if answer is not None and not (found and found.start() < answer.start):
            return answer.answer
        if found is None:
            return Prose(said.strip())
        if cut and found.end() == len(said):
            return Broken("The call was not complete.", cut=True)
        call = found.group("call")
        if as_python := _AS_PYTHON.match(call):
            inner = as_python.group("arguments").strip().removesuffix(",")
            call = f"{as_python.group('tool')}, {inner}" if inner else as_python.group("tool")
        try:
            tool, *parts = [part.strip() for part in _split(call)]
        except ValueError as error:
            return Broken(f"The call cannot be read: {error}.")
        positional, named = [], {}
        for place, part in enumerate(parts):
            if match := _NAMED.match(part):
                name = match.group("name")
                named[name] = _value(match.group("value"), takes_text(self._tools, tool, name))
            elif named:
                return Broken(f"The argument {part!r} has no name and comes after one that has.")
            else:
                positional.append(_value(part, takes_text(self._tools, tool, place)))
        return _call(self._tools, self._others, tool, positional, named, said[: found.end()], said[found.end() :])

    def is_complete(self, text: str) -> bool:
        return "\n" in text and isinstance(self.parse(text, cut=True), Program)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)  # NaN and Infinity would become unknown names in the program


def _as_ours(value: dict[str, Any]) -> dict[str, Any]:
    """A call by the keys that many models were trained on, by ours; all else as it is."""
    if "tool" in value or "args" in value:
        return value  # both at once are a mistake, and which of them is meant is not known
    match value:
        case {"name": str(name), "arguments": arguments, **rest} | {"name": str(name), "parameters": arguments, **rest}:
            return {"tool": name, "args": arguments, **rest}
    return value


def _json_call(tools: Toolbox | None, others: Collection[str], value: dict[str, Any], kept: str, rest: str) -> Reply:
    if extra := sorted(set(value) - {"tool", "args"}):
        return Broken(f'The call has unknown keys {", ".join(extra)}; it has "tool" and "args" only.')
    args = value.get("args", {})
    if not isinstance(value["tool"], str):
        return Broken('"tool" must be the name of a function.')
    if isinstance(args, list):
        return _call(tools, others, value["tool"], args, {}, kept, rest)
    if isinstance(args, dict):
        return _call(tools, others, value["tool"], [], args, kept, rest)
    return Broken(f'"args" must be an object of named arguments, not {type(args).__name__}.')


def _call(
    tools: Toolbox | None,
    others: Collection[str],
    tool: str,
    positional: list[Any],
    named: dict[str, Any],
    kept: str,
    rest: str,
) -> Reply:
    """The program for one call. Names are checked and values written as literals, so nothing else can get into it."""
    if not all(_is_name(part) for part in tool.split(".")):
        return Broken(f"{tool!r} is not the name of a function.")
    if wrong := [name for name in named if not _is_name(name)]:
        return Broken(f"{wrong[0]!r} is not the name of an argument.")
    try:
        arguments = [*map(_literal, positional), *(f"{name}={_literal(value)}" for name, value in named.items())]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return Broken("The arguments must be finite numbers, text, true, false, null, lists and objects.")
    if wrong_call := objection(tools, others, tool, positional, named):
        return wrong_call
    dropped = not _CLOSING.fullmatch(rest)
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


def _value(text: str, takes_text: bool) -> Any:
    """A literal, or the text itself."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        value = {"true": True, "false": False, "null": None}.get(text, text)
    if takes_text and value is not None and not isinstance(value, str):
        return text
    return text if isinstance(value, complex) else value
