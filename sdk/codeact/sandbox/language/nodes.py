"""Nodes that the filter makes."""

from __future__ import annotations

import ast
from typing import TypeVar

_AST = TypeVar("_AST", bound=ast.AST)
_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def call(hook: str, *arguments: ast.expr) -> ast.Call:
    """A call of one of the guards' hooks."""
    return ast.Call(ast.Name(hook, ast.Load()), list(arguments), [])


def placed(new: _AST, old: ast.AST) -> _AST:
    """The new node, at the place of the old one, with all that is new in it. What has a place stays there."""
    _place(new, {name: getattr(old, name) for name in _PLACE})
    return new


def _place(node: ast.AST, place: dict[str, int]) -> None:
    vars(node).update(place)
    for name in node._fields:
        below = getattr(node, name, None)
        for child in below if type(below) is list else (below,):
            if isinstance(child, ast.AST) and child._attributes and "lineno" not in vars(child):
                _place(child, place)
