"""Where a block of Python ends that is typed line by line. Nothing is compiled here: that is the worker's work."""

from __future__ import annotations

import io
import tokenize

_OPENING = frozenset(
    ["if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class", "async", "@"]
)
_OPEN, _CLOSED = ("(", "[", "{"), (")", "]", "}")
_LAYOUT = (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
INDENT = 4


def goes_on(source: str) -> bool:
    """Whether more lines belong to it, as in Python's own prompt.

    A bracket, a string or a line that is open goes on. So does a compound statement, until an empty line.
    """
    lines = source.split("\n")
    tokens: list[tokenize.TokenInfo] = []
    try:
        tokens.extend(tokenize.generate_tokens(io.StringIO(source + "\n").readline))
    except tokenize.TokenError as problem:
        message = str(problem.args[0])
        if "EOF in multi-line statement" in message:  # also said of a bracket too many
            depth = sum(
                (token.string in _OPEN) - (token.string in _CLOSED) for token in tokens if token.type == tokenize.OP
            )
            return depth > 0 or lines[-1].endswith("\\")
        return "EOF in multi-line string" in message or "unterminated triple-quoted" in message
    except SyntaxError:  # wrong for good: the sandbox says how
        return False
    if lines[-1].endswith("\\") and not any(token.type == tokenize.COMMENT for token in tokens[-4:]):
        return True
    if len(lines) > 1 and not lines[-1].strip():
        return False
    last: list[tokenize.TokenInfo] = []
    fresh = True
    for token in tokens:
        if token.type == tokenize.NEWLINE:
            fresh = True
        elif token.type not in _LAYOUT:
            last = [token] if fresh else [*last[:1], token]
            fresh = False
    return bool(last) and (last[-1].string == ":" or last[0].string in _OPENING or last[0].start[1] > 0)


def indentation(source: str) -> str:
    """What a new line after `source` begins with."""
    line = source.rpartition("\n")[2]
    depth = len(line) - len(line.lstrip(" "))
    code = line.strip()
    if code.endswith(":"):
        depth += INDENT
    elif code.split(" ")[0] in ("return", "pass", "break", "continue", "raise"):
        depth -= INDENT
    return " " * max(0, depth)


def as_code(block: str) -> str:
    """A block without what it was copied with: a fence of Markdown, or Python's prompts and what was printed below."""
    lines = block.strip("\n").split("\n")
    if lines[0].startswith("```"):
        end = next((number for number, line in enumerate(lines) if number and line.startswith("```")), len(lines))
        return "\n".join(lines[1:end])
    if lines[0].startswith(">>> "):
        return "\n".join(line[4:] for line in lines if f"{line} ".startswith((">>> ", "... ")))
    return block
