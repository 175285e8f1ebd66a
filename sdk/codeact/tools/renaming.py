"""Other names for tools, in the texts and the programs that speak of them."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from codeact.errors import ToolError

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)


@dataclass(frozen=True)
class Renaming:
    """New names of tools.

    Attributes:
        names: old full name to new full name; both are in the same group.
    """

    names: Mapping[str, str]

    def text(self, text: str, but: Collection[str] = ()) -> str:
        """A text with the new names, where it writes a tool as code: `pick`, pick(...), or a name with an underscore.

        Any other word stays, for it may be one of the language: `find` is a tool, and a verb.

        Args:
            but: names that mean something else when they stand between backticks, such as a parameter.
        """
        if self._mention is None:
            return text

        def replaced(match: re.Match[str]) -> str:
            old = match[0]
            return old if match["quoted"] and old in but else self._mentioned[old]

        return self._mention.sub(replaced, text)

    def program(self, source: str) -> str:
        """A program with the new names, wherever it names a tool and not something of its own; its layout stays.

        Raises:
            ToolError: it is no Python, or has something of its own under the new name of a tool that it uses.
        """
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise ToolError(f"the program is no Python: line {error.lineno}: {error.msg}") from None
        own = _bound_anywhere(tree)
        lines = [line.encode() for line in source.splitlines(keepends=True)]
        for line, column, old, new in sorted(set(self._places(tree, frozenset())), reverse=True):
            head = new.partition(".")[0]
            if head in own:
                raise ToolError(f"the program has a {head!r} of its own: give the tool {old!r} another name")
            shown, put = old.rpartition(".")[2].encode(), new.rpartition(".")[2].encode()
            text = lines[line - 1]
            if text[column : column + len(shown)] != shown:  # inside an f-string of several lines
                raise ToolError(f"line {line} of the program names {old!r} where it cannot be replaced")
            lines[line - 1] = text[:column] + put + text[column + len(shown) :]
        return b"".join(lines).decode()

    def then(self, later: Renaming) -> Renaming:
        """This renaming, and then another one of what came of it."""
        names = {old: later.names.get(new, new) for old, new in self.names.items()}
        after = set(self.names.values())
        return Renaming({**names, **{old: new for old, new in later.names.items() if old not in after}})

    def beside(self, other: Renaming) -> Renaming:
        """Both, of different tools."""
        return Renaming({**self.names, **other.names})

    def within(self, group: str) -> Renaming:
        """The same where the tools are in a group."""
        return Renaming({f"{group}.{old}": f"{group}.{new}" for old, new in self.names.items()})

    @functools.cached_property
    def _mentioned(self) -> dict[str, str]:
        """Full names, and the bare ones that mean the same in each group."""
        found: dict[str, str] = {}
        for old, new in self.names.items():
            bare, other = old.rpartition(".")[2], new.rpartition(".")[2]
            found[bare] = other if found.setdefault(bare, other) == other else bare
        return {**found, **self.names}

    @functools.cached_property
    def _mention(self) -> re.Pattern[str] | None:
        if not self.names:
            return None
        ordered = sorted(self._mentioned, key=len, reverse=True)
        every = "|".join(map(re.escape, ordered))
        words = "|".join(re.escape(name) for name in ordered if "_" in name or "." in name) or "(?!)"
        return re.compile(rf"(?<![\w.])(?:(?:{every})(?=\()|(?<=`)(?P<quoted>{every})(?=`)|(?:{words})(?!\w))")

    def _places(self, node: ast.AST, own: frozenset[str]) -> Iterator[tuple[int, int, str, str]]:
        """Where a tool is named: line, column in bytes, old and new full name. `own` are the program's names there."""
        name = _dotted(node)
        if name in self.names and name.partition(".")[0] not in own:
            line, end = getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
            yield line, end - len(name.rpartition(".")[2].encode()), name, self.names[name]
            return
        if not isinstance(node, (*_SCOPES, ast.Module)):
            for child in ast.iter_child_nodes(node):
                yield from self._places(child, own)
            return
        outside = list(_outside(node))
        for child in outside:
            yield from self._places(child, own)
        within = own | _bound(node)
        for child in _inside(node):
            yield from self._places(child, within)


def _dotted(node: ast.AST) -> str:
    """A name as a program writes it, with dots; empty where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def _outside(scope: ast.AST) -> Iterator[ast.AST]:
    """The parts of a scope that are evaluated in the one around it."""
    if isinstance(scope, _FUNCTIONS):
        yield from scope.args.defaults
        yield from (default for default in scope.args.kw_defaults if default is not None)
    if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        arguments = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
        arguments += [each for each in (scope.args.vararg, scope.args.kwarg) if each is not None]
        yield from (each.annotation for each in arguments if each.annotation is not None)
        if scope.returns is not None:
            yield scope.returns
    if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield from scope.decorator_list
    if isinstance(scope, ast.ClassDef):
        yield from [*scope.bases, *scope.keywords]
    if isinstance(scope, _COMPREHENSIONS):
        yield scope.generators[0].iter


def _inside(scope: ast.AST) -> Iterator[ast.AST]:
    if isinstance(scope, ast.Lambda):
        yield scope.body
    elif isinstance(scope, _COMPREHENSIONS):
        for number, part in enumerate(scope.generators):
            yield part.target
            if number:
                yield part.iter
            yield from part.ifs
        yield from [scope.key, scope.value] if isinstance(scope, ast.DictComp) else [scope.elt]
    else:
        body: list[ast.AST] = getattr(scope, "body", [])
        yield from body


def _bound(scope: ast.AST) -> frozenset[str]:
    """Names that a scope itself binds."""
    found: set[str] = set()
    elsewhere: set[str] = set()
    if isinstance(scope, _FUNCTIONS):
        found.update(node.arg for node in ast.walk(scope.args) if isinstance(node, ast.arg))
    waiting = list(_inside(scope))
    while waiting:
        node = waiting.pop()
        found.update(_names_bound_by(node))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
        if isinstance(node, _SCOPES):
            if isinstance(node, _COMPREHENSIONS):  # what `:=` binds in one belongs to the scope around it
                walrus = (each.target for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
                found.update(target.id for target in walrus)
            waiting += _outside(node)
        else:
            waiting += ast.iter_child_nodes(node)
    return frozenset(found - elsewhere)


def _bound_anywhere(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        found.update(_names_bound_by(node))
        if isinstance(node, ast.arg):
            found.add(node.arg)
    return found


def _names_bound_by(node: ast.AST) -> Iterator[str]:
    """Names that this node binds where it stands; its parts are not looked at."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name is not None:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest is not None:
        yield node.rest
